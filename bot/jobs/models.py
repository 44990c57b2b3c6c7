"""Records of the store: jobs, outbox rows, pickers, saved requests and guild settings.

Every time is aware and in UTC. Ids of guilds, channels, messages and users are Discord's
(snowflakes). Keys name artefacts, see `bot.artefacts`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.jobs.job_inputs import InputImage, Interpretation
    from bot.settings import Settings
    from stylenet.recipe import Recipe

__all__ = [
    "TRANSITIONS",
    "Announcement",
    "Delivery",
    "GuildPreset",
    "GuildSettings",
    "Job",
    "JobLimits",
    "JobState",
    "NewJob",
    "Origin",
    "Picker",
    "QueueMode",
    "SavedRequest",
    "new_job_id",
    "new_saved_request_id",
]


class JobState(StrEnum):
    """The state of a job."""

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
        (JobState.QUEUED, JobState.FAILED),  # no attempts left
        (JobState.RUNNING, JobState.QUEUED),  # recovered, or requeued at shutdown
        (JobState.RUNNING, JobState.SUCCEEDED),
        (JobState.RUNNING, JobState.FAILED),
        (JobState.RUNNING, JobState.CANCELLED),
    }
)
"""Every legal transition; the store refuses any other."""


class QueueMode(StrEnum):
    """What the operator allows the queue to do."""

    OPEN = "open"
    PAUSED = "paused"  # jobs are accepted but not started
    DRAINING = "draining"  # accepted jobs are finished; no new ones are accepted


class Announcement(StrEnum):
    """What an outbox row announces. Each is sent once per job."""

    CARD = "card"  # the job was accepted: create its card
    OUTCOME = "outcome"  # the job ended: the final picture, or why there is none
    NOTICE = "notice"  # the same, by direct message, if the requester asked for one


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a request came from.

    Attributes:
        guild_id: None in a direct message.
        channel_id: the channel or thread that results are sent to.
        message_id: the message to reply to; None for an interaction without one.
        requester_id: the only user who is ever mentioned.
    """

    guild_id: int | None
    channel_id: int
    message_id: int | None
    requester_id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob:
    """A validated request, ready to be enqueued.

    Attributes:
        job_id: from `new_job_id`; the keys of the inputs already contain it.
        content_key: the content image.
        style_keys: one or more style images.
        preset: the preset's name, if exactly one of the styles is a preset.
        title: the title of the card, e.g. ``"tubingen.jpg × Starry night"``.
        spoiler: whether an input was marked as a spoiler; results must be marked too.
        request_key: unique id of the request (of a message or an interaction). Enqueuing the same
            request again, after a crash or a gateway replay, returns the existing job.
        priority: above 0 for members with a favoured role. It orders jobs within a guild only.
        content_size: width and height of the content image in pixels, for estimates.
        interpretation: how the request was interpreted, if it came from a member's message.
        start_key: the image that optimisation starts from; None to start as the recipe says.
        mask_keys: one entry per style image: its mask (white where the style applies) or None.
            Empty if there are no masks.
        stored_bytes: size of the inputs, previews included.
        notify: whether the requester wants a direct message when the job has ended.
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
    interpretation: Interpretation | None = None
    start_key: str | None = None
    mask_keys: tuple[str | None, ...] = ()
    stored_bytes: int = 0
    notify: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLimits:
    """The largest numbers of queued and running jobs: per member, per guild and in total."""

    per_member: int
    per_guild: int
    total: int

    @classmethod
    def of(cls, settings: Settings) -> JobLimits:
        """Return the limits set by the operator."""
        return cls(
            per_member=settings.max_jobs_per_member,
            per_guild=settings.max_jobs_per_guild,
            total=settings.max_jobs,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job at one instant. `NewJob` documents the fields that both share.

    Attributes:
        attempts: number of claims, without those that ended in an orderly shutdown.
        claims: number of all claims. It identifies the claim: updates by an older one are refused.
        setbacks: attempts in a row that ended without a newer checkpoint.
        not_before: earliest time of the next claim, after a setback.
        step, total: optimiser steps done and planned; 0 before the first progress.
        losses: newest weighted loss terms by name, and ``"total"``.
        paint_seconds: run time in seconds over all attempts counted.
        snapshot_key, snapshot_step: the newest snapshot.
        checkpoint_key, checkpoint_step: the newest checkpoint.
        result_key: the final picture, once succeeded.
        report: the executor's measurements of the finished run.
        error_code, error_message: why it failed; the code is `executors.protocol.Failed.code`.
        card_message_id: the card, once sent.
        outcome_message_id: the message with the outcome, once sent.
        outcome_channel_id: the channel of that message; before it is sent, the origin's channel.
        cancel_requested: whether the requester asked to stop a running job.
        claimed_by: id of the bot process that runs it.
        delivered_by: id of the bot process that sends and edits its messages: the one that
            accepted it, then the last one that claimed it, or one that adopted it after a crash.
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
    interpretation: Interpretation | None = None
    start_key: str | None = None
    mask_keys: tuple[str | None, ...] = ()
    claims: int = 0
    setbacks: int = 0
    not_before: datetime | None = None
    delivered_by: str | None = None
    notify: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """An outbox row: a message that must be sent exactly once.

    Attributes:
        channel_id: the channel of the job's request.
        nonce: passed to Discord with ``enforce_nonce``; at most 25 characters.
        send_started_at: time of the latest request to post it. After it, the message may exist
            although no id is recorded, so the channel is searched before it is sent again.
        attempts: number of attempts so far. It identifies the attempt that holds the lease.
        not_before: earliest time of the next attempt; during one, the end of its lease.
        message_id: the message, once recorded.
        abandoned: why it will not be sent (channel deleted, bot removed), or None.
    """

    delivery_id: int
    job_id: str
    channel_id: int
    announcement: Announcement
    nonce: str
    created_at: datetime
    send_started_at: datetime | None = None
    attempts: int = 0
    not_before: datetime | None = None
    message_id: int | None = None
    abandoned: str | None = None

    @property
    def name(self) -> str:
        """What it is, for the log."""
        return f"{self.announcement} of job {self.job_id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picker:
    """A message on which a member chooses a preset for a stored content image.

    Attributes:
        message_id: the picker's own message.
        requester_id: the only user whose choice counts.
        request_message_id: the message with the request; None for an interaction.
        content_key: the content image.
        filename: the content image's file name.
        used_at: time of the choice; a picker can be used once.
        recipe: the options chosen so far; None for the default recipe.
        content_size: width and height of the content image in pixels.
        content: where the content image came from, for the card.
        mask: source of the mask, as written and read by `bot.exts` only.
        stored_bytes: size of the content image and its preview; 0 once they are deleted.
        notify: as in `NewJob`.
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
    content: InputImage | None = None
    mask: Mapping[str, Any] | None = None
    stored_bytes: int = 0
    notify: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedRequest:
    """A refused request, stored so that a suggestion's button can resume it.

    Attributes:
        request_id: from `new_saved_request_id`; part of the buttons' custom ids.
        requester_id: the only user who may press them.
        payload: the request, as written and read by `bot.exts` only.
        used_at: when a button led to a job or another answer; a request is resumed once.
        guild_id: None in a direct message.
        stored_bytes: size of the payload as JSON.
    """

    request_id: str
    requester_id: int
    payload: Mapping[str, Any]
    created_at: datetime
    used_at: datetime | None = None
    guild_id: int | None = None
    stored_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class GuildPreset:
    """A preset that a guild added. Its name and its emoji are unique in the guild.

    Attributes:
        name: what members type; lower case.
        title: what members read.
        emoji: one Unicode emoji.
        alt_text: description of the picture for screen readers.
        picture_key, thumbnail_key: its pictures; they are kept until it is removed.
        added_by: id of the user who uploaded the picture.
    """

    guild_id: int
    name: str
    title: str
    emoji: str
    alt_text: str
    picture_key: str
    thumbnail_key: str
    added_by: int
    created_at: datetime

    @property
    def folder(self) -> str:
        """The common prefix of its keys."""
        return self.picture_key.rpartition("/")[0] + "/"


@dataclass(frozen=True, kw_only=True, slots=True)
class GuildSettings:
    """Settings made by a guild's managers. They are stored as JSON, so each needs a default.

    Attributes:
        channel_ids: the only channels where requests are accepted; empty for all.
        manager_role_id: a role whose members may also add and remove presets.
        prefix: of text commands; None for the operator's default.
    """

    channel_ids: tuple[int, ...] = ()
    manager_role_id: int | None = None
    prefix: str | None = None


def new_job_id() -> str:
    """Return a random job id: 12 hexadecimal digits, short enough for a custom id and a nonce."""
    return secrets.token_hex(6)


def new_saved_request_id() -> str:
    """Return a random id for a saved request: 12 hexadecimal digits."""
    return secrets.token_hex(6)
