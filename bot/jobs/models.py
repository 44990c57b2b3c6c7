"""What a job is, and which states it may pass through."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.settings import Settings
    from stylenet.recipe import Recipe

__all__ = [
    "TRANSITIONS",
    "Announcement",
    "Delivery",
    "Input",
    "Interpretation",
    "Job",
    "JobState",
    "Limits",
    "NewJob",
    "Order",
    "Origin",
    "Picker",
    "Place",
    "QueueMode",
    "SavedRequest",
    "new_job_id",
    "new_offer_id",
]


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the job will never change again."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


TRANSITIONS: frozenset[tuple[JobState, JobState]] = frozenset(
    {
        (JobState.QUEUED, JobState.RUNNING),  # claimed
        (JobState.QUEUED, JobState.CANCELLED),
        (JobState.QUEUED, JobState.FAILED),  # its attempts are used up
        (JobState.RUNNING, JobState.QUEUED),  # recovered, or handed back at shutdown
        (JobState.RUNNING, JobState.SUCCEEDED),
        (JobState.RUNNING, JobState.FAILED),
        (JobState.RUNNING, JobState.CANCELLED),
    }
)
"""Every legal step of a job's life; the store refuses any other."""


class QueueMode(StrEnum):
    """What the operator lets the queue do."""

    OPEN = "open"
    PAUSED = "paused"  # jobs are accepted and wait; none is begun
    DRAINING = "draining"  # what was accepted is painted; nothing new is accepted


class Announcement(StrEnum):
    """What the outbox has to say in the channel. Each is said once per job."""

    CARD = "card"  # the job was accepted: create its card
    OUTCOME = "outcome"  # the job ended: the final picture, or a sentence why there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a request came from, in Discord's ids (snowflakes).

    Attributes:
        guild_id: None in a direct message.
        channel_id: the channel (or thread) the pictures go to.
        message_id: the message that is replied to; None for an interaction without one.
        requester_id: the only member who is ever mentioned.
    """

    guild_id: int | None
    channel_id: int
    message_id: int | None
    requester_id: int


class Place(StrEnum):
    """Where a picture was found, as a member would say it."""

    ATTACHED = "attached"
    REPLIED_TO = "replied_to"
    FORWARDED = "forwarded"
    STICKER = "sticker"
    EMBEDDED = "embedded"
    LINKED = "linked"
    AVATAR = "avatar"
    EMOJI = "emoji"
    FIRST_FRAME = "first_frame"
    PRESET = "preset"
    EARLIER = "earlier"  # of a painting that was made before


class Order(StrEnum):
    """How it is known which picture is the content and which the style."""

    NAMED = "named"  # the member said so, or there is only one way
    FIRST = "first"  # attached side by side: the first one is the content
    GUESSED = "guessed"  # found in different places, or in another member's message


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One picture as it was taken.

    Attributes:
        name: the file's name as the member gave it, or a preset's title.
        place: where it was found.
        size: width and height in pixels, where they are known.
    """

    name: str
    place: Place
    size: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpretation:
    """How a request was understood; the card says it before any work is done.

    Attributes:
        content: what is repainted.
        styles: what it is repainted in the style of, in the order of `Job.style_keys`.
        mask: what says where to paint, if anything does.
        order: how it is known which picture is which.
    """

    content: Input
    styles: tuple[Input, ...]
    mask: Input | None = None
    order: Order = Order.NAMED

    @property
    def can_swap(self) -> bool:
        """Whether the pictures could have been meant the other way round."""
        return self.order is not Order.NAMED and self.own_styles > 0

    def swapped(self) -> Interpretation:
        """The same pictures with each one moved up: the first style becomes the content.

        Of two pictures that is the other way round; of more, every one has its turn. Presets
        stay styles.
        """
        own = self.own_styles
        if own == 0:
            return self
        first, *others = self.styles[:own]
        # Whoever swaps has looked, so there is no more guessing.
        order = Order.FIRST if self.order is Order.GUESSED else self.order
        return Interpretation(
            content=first,
            styles=(*others, self.content, *self.styles[own:]),
            mask=self.mask,
            order=order,
        )

    def decided(self) -> Interpretation:
        """The same pictures, with no doubt left which is which."""
        return Interpretation(
            content=self.content, styles=self.styles, mask=self.mask, order=Order.NAMED
        )

    def title(self) -> str:
        """What the card calls the job, e.g. ``tubingen.jpg × Starlight``."""
        return f"{self.content.name} × {' + '.join(style.name for style in self.styles)}"

    @property
    def own_styles(self) -> int:
        """How many of the styles are the member's own; presets come after them."""
        return sum(style.place is not Place.PRESET for style in self.styles)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """A request that has passed intake, about to be accepted.

    Attributes:
        job_id: made by `new_job_id` before the inputs are stored, since their keys carry it.
        content_key: the content picture among the artefacts.
        style_keys: one style picture or more among the artefacts.
        preset: the preset's name where the style came from one.
        title: what the card calls it, e.g. ``"tubingen.jpg × Starry night"``.
        spoiler: whether a picture came as a spoiler; what is posted must then be one too.
        request_key: what makes this request unique (a message's or an interaction's id); the
            same request enqueued twice, after a crash or a gateway replay, is one job.
        priority: above 0 for members of roles a guild favours; it goes before the others of its
            own guild, never before another guild's turn.
        content_size: width and height of the content picture, in pixels; estimates use it.
        understood: how the request was understood, where it was one.
        start_key: the picture that painting begins from among the artefacts, such as a copy of
            an earlier job's; None begins as the recipe says.
        mask_keys: for each style picture its mask among the artefacts, white where the style goes,
            or None; empty for no masks at all.
    """

    job_id: str
    origin: Origin
    content_key: str
    style_keys: tuple[str, ...]
    recipe: Recipe
    preset: str | None = None
    title: str = ""
    spoiler: bool = False
    request_key: str | None = None
    priority: int = 0
    content_size: tuple[int, int] | None = None
    understood: Interpretation | None = None
    start_key: str | None = None
    mask_keys: tuple[str | None, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How many waiting and running jobs there may be: per member, per guild and in all."""

    per_member: int
    per_guild: int
    total: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits an operator set."""
        return cls(
            per_member=settings.max_jobs_per_member,
            per_guild=settings.max_jobs_per_guild,
            total=settings.max_jobs,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job as the store knows it at one instant. Times are aware, in UTC.

    Attributes:
        attempts: how often it was claimed, attempts handed back at shutdown not counted.
        claims: how often it was claimed in all; numbers the claim, so that a claim that was lost
            can no longer change anything.
        setbacks: attempts in a row that ended without a newer checkpoint.
        not_before: a queued job waits at least until then, after a setback.
        step, total: optimiser steps done and in all; 0 before the first progress.
        losses: the newest weighted terms by name, and ``"total"``.
        paint_seconds: seconds spent painting, over every attempt that counted.
        snapshot_key, snapshot_step: the newest snapshot among the artefacts.
        checkpoint_key, checkpoint_step: the newest checkpoint among the artefacts.
        result_key: the final picture among the artefacts, once succeeded.
        report: what the executor said of the finished picture.
        error_code, error_message: why it failed; the code is `executors.protocol.Failed.code`.
        card_message_id: the card in the channel, once it was created.
        outcome_message_id: the message that carried the outcome, once it was delivered.
        outcome_channel_id: where it was delivered, or will be if that is possible.
        cancel_requested: the requester asked a running job to stop.
        claimed_by: the bot process that runs it.
        tended_by: the bot process that speaks of it in the channel: the one that accepted it,
            then the one that painted it last; another one when that is gone.
    """

    job_id: str
    state: JobState
    origin: Origin
    content_key: str
    style_keys: tuple[str, ...]
    recipe: Recipe
    preset: str | None
    title: str
    spoiler: bool
    attempts: int
    step: int
    total: int
    losses: Mapping[str, float]
    paint_seconds: float
    snapshot_key: str | None
    snapshot_step: int | None
    checkpoint_key: str | None
    checkpoint_step: int | None
    result_key: str | None
    report: Mapping[str, float | int | str]
    error_code: str | None
    error_message: str | None
    card_message_id: int | None
    outcome_message_id: int | None
    outcome_channel_id: int
    cancel_requested: bool
    claimed_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    priority: int = 0
    content_size: tuple[int, int] | None = None
    understood: Interpretation | None = None
    start_key: str | None = None
    mask_keys: tuple[str | None, ...] = ()
    claims: int = 0
    setbacks: int = 0
    not_before: datetime | None = None
    tended_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One row of the outbox: something that must be said in the channel exactly once.

    Attributes:
        nonce: given to Discord with ``enforce_nonce``; at most 25 characters.
        send_started_at: when a send was first begun; such a row may have reached the channel
            even though no message id was recorded, so the channel is looked at first.
        attempts: sends tried so far.
        not_before: when to try again after a failure.
        message_id: the message, once it was recorded.
        abandoned: why it will never be delivered (channel gone, bot removed), or None.
    """

    delivery_id: int
    job_id: str
    announcement: Announcement
    nonce: str
    created_at: datetime
    send_started_at: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    message_id: int | None = None
    abandoned: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Picker:
    """A message on which a member chooses a preset for a picture that is already held.

    Attributes:
        message_id: the picker's own message.
        request_message_id: the message that asked, None for an interaction.
        requester_id: the only member whose choice counts.
        content_key: the held picture among the artefacts.
        content_size: its width and height in pixels.
        recipe: the choices made so far; None for the bot's own.
        used_at: when the choice was made; a picker is used once.
        content: the picture as it was taken, for the card to say.
        mask: what says where to paint, as the extensions wrote it; only they read it.
    """

    message_id: int
    channel_id: int
    guild_id: int | None
    requester_id: int
    request_message_id: int | None
    content_key: str
    filename: str
    spoiler: bool
    created_at: datetime
    used_at: datetime | None = None
    recipe: Recipe | None = None
    content_size: tuple[int, int] | None = None
    content: Input | None = None
    mask: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRequest:
    """An answer that offers to go on: what was asked is kept, and a button begins from it.

    Attributes:
        offer_id: made by `new_offer_id`; the buttons carry it.
        requester_id: the only member who may press them.
        ask: what was asked, as the extensions wrote it; only they read it.
        used_at: when a button was pressed that led to something; an offer is used once.
    """

    offer_id: str
    requester_id: int
    ask: Mapping[str, Any]
    created_at: datetime
    used_at: datetime | None = None


def new_job_id() -> str:
    """A new job's id: 12 hexadecimal digits, short enough for a custom_id and a nonce."""
    return secrets.token_hex(6)


def new_offer_id() -> str:
    """A new offer's id: 12 hexadecimal digits, like a job's."""
    return secrets.token_hex(6)
