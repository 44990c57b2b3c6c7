"""What a job is, and which states it may pass through."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.settings import Settings
    from stylenet.recipe import Recipe

__all__ = [
    "TRANSITIONS",
    "Announcement",
    "Delivery",
    "Job",
    "JobState",
    "Limits",
    "NewJob",
    "Origin",
    "Picker",
    "new_job_id",
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
        cancel_requested: the requester asked a running job to stop.
        claimed_by: the bot process that runs it.
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
    cancel_requested: bool
    claimed_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    priority: int = 0
    content_size: tuple[int, int] | None = None
    claims: int = 0
    setbacks: int = 0
    not_before: datetime | None = None


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


def new_job_id() -> str:
    """A new job's id: 12 hexadecimal digits, short enough for a custom_id and a nonce."""
    return secrets.token_hex(6)
