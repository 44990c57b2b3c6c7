"""Collect what the policy needs from Discord's objects, and raise its refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.errors import AccessProblem, AccessRefused, UnknownJobError
from bot.exts.backend.policy import Act, Actor, Place, Subject, decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from discord.ext import commands

    from bot.jobs.guilds import Guilds
    from bot.jobs.models import GuildSettings, Job, Picker

    Source = discord.Interaction[Any] | commands.Context[Any]

__all__ = [
    "check",
    "check_channel_allowed",
    "check_job",
    "is_age_restricted",
    "job_subject",
    "may",
    "picker_subject",
    "place_of",
    "preset_subject",
    "visible_subject",
]

NOTHING = Subject()

_PRIVATE_ACTS: Final = frozenset({Act.INSPECT_JOB, Act.KEEP_FAVOURITE})
"""Acts on a job whose answer the member alone sees, wherever they act."""
MOST_NAMED = 3
"""Number of channels that a refusal names at most."""


def check(act: Act, source: Source, subject: Subject = NOTHING) -> None:
    """Check that the user of a command or a component may act.

    Raises:
        AccessRefused: they may not.
    """
    problem = decide(act, _actor_of(source, subject), place_of(source), subject)
    if problem is not None:
        raise AccessRefused(problem)


def check_job(act: Act, source: Source, job: Job) -> None:
    """Check that the user of a command or a component may act on a job.

    Raises:
        UnknownJobError: the job belongs elsewhere, so that here it is as if it did not exist.
        AccessRefused: they may not.
    """
    guild = source.guild
    member = source.user if isinstance(source, discord.Interaction) else source.author
    reader = member if act in _PRIVATE_ACTS else None
    subject = visible_subject(job, guild, reader=reader)
    try:
        check(act, source, subject)
    except AccessRefused as refused:
        if refused.problem is AccessProblem.UNKNOWN_JOB:
            raise UnknownJobError(job.job_id) from refused
        raise


def may(act: Act, source: Source, job: Job) -> bool:
    """Return whether the user of a command or a component may act on a job."""
    subject = visible_subject(job, source.guild, reader=None)
    return decide(act, _actor_of(source, subject), place_of(source), subject) is None


async def check_channel_allowed(guilds: Guilds, guild_id: int | None, channel: Any) -> None:  # noqa: ANN401 - any kind of channel
    """Check that a guild allows requests in a channel; a thread counts as its channel.

    Raises:
        AccessRefused: it allows them elsewhere; `detail` names where.
        StoreUnavailableError: the database cannot be reached.
    """
    if guild_id is None:
        return
    allowed = (await guilds.get_settings(guild_id)).channel_ids
    place = Place(
        guild_id=guild_id, channel_id=channel.id, parent_id=getattr(channel, "parent_id", None)
    )
    subject = Subject(guild_id=guild_id, request_channel_ids=frozenset(allowed))
    problem = decide(Act.MAKE_REQUEST, Actor(member_id=0), place, subject)
    if problem is not None:
        named = [f"<#{channel_id}>" for channel_id in allowed[:MOST_NAMED]]
        raise AccessRefused(problem, detail=" or ".join(named))


def job_subject(job: Job) -> Subject:
    """Describe a job to the policy."""
    channels = {job.origin.channel_id, job.outcome_channel_id}
    return Subject(
        owner_id=job.origin.requester_id,
        guild_id=job.origin.guild_id,
        channel_ids=frozenset(each for each in channels if each is not None),
    )


def visible_subject(
    job: Job, guild: discord.Guild | None, *, reader: discord.abc.User | None
) -> Subject:
    """Describe a job to the policy, with whether its channel can be read.

    Args:
        job: the job.
        guild: where the answer is posted; None in direct messages.
        reader: who sees the answer; None for everyone in the guild.
    """
    channel = None
    if guild is not None:
        channel = guild.get_channel_or_thread(job.origin.channel_id)
    return replace(
        job_subject(job),
        is_readable=channel is not None and _can_read(channel, reader),
        is_age_restricted=channel is not None and is_age_restricted(channel),
    )


def is_age_restricted(channel: object) -> bool:
    """Return whether a channel, or a thread's channel, is age-restricted."""
    is_nsfw = getattr(channel, "is_nsfw", None)
    return is_nsfw is not None and bool(is_nsfw())


def _can_read(
    channel: discord.abc.GuildChannel | discord.Thread, reader: discord.abc.User | None
) -> bool:
    if isinstance(channel, discord.Thread) and channel.is_private():
        return False  # its members are not known
    whose = channel.guild.default_role if reader is None else reader
    if not isinstance(whose, discord.Member | discord.Role):
        return False
    permissions = channel.permissions_for(whose)
    return permissions.view_channel and permissions.read_message_history


def picker_subject(picker: Picker) -> Subject:
    """Describe a picker to the policy."""
    return Subject(
        owner_id=picker.requester_id,
        guild_id=picker.guild_id,
        channel_ids=frozenset({picker.channel_id}),
    )


def preset_subject(guild_id: int | None, settings: GuildSettings | None) -> Subject:
    """Describe a guild's presets to the policy."""
    role_id = settings.manager_role_id if settings is not None else None
    return Subject(guild_id=guild_id, manager_role_id=role_id)


def place_of(source: Source) -> Place:
    """Describe to the policy where a command or a component was used, and who sees the answer."""
    interaction = source if isinstance(source, discord.Interaction) else source.interaction
    guild_id = source.guild.id if source.guild is not None else None
    channel = source.channel
    if interaction is not None:
        guild_id = interaction.guild_id  # also where the guild is not cached
    message = interaction.message if interaction is not None else None
    return Place(
        guild_id=guild_id,
        channel_id=channel.id if channel is not None else None,
        parent_id=getattr(channel, "parent_id", None),
        is_age_restricted=is_age_restricted(channel),
        is_private=guild_id is None
        or (interaction is not None and (message is None or message.flags.ephemeral)),
    )


def _actor_of(source: Source, subject: Subject) -> Actor:
    member = source.user if isinstance(source, discord.Interaction) else source.author
    roles: Iterable[discord.Role] = member.roles if isinstance(member, discord.Member) else ()
    permissions = source.permissions
    return Actor(
        member_id=member.id,
        is_moderator=_is_moderator(source, member, subject),
        manages_guild=permissions.manage_guild,
        manages_expressions=permissions.manage_expressions,
        role_ids=frozenset(role.id for role in roles),
    )


def _is_moderator(source: Source, member: discord.User | discord.Member, subject: Subject) -> bool:
    """Return whether a member may manage messages in the subject's channel."""
    channel = source.channel
    if channel is not None and channel.id in subject.channel_ids:
        return source.permissions.manage_messages
    guild = source.guild
    if guild is None or guild.id != subject.guild_id or not isinstance(member, discord.Member):
        return False
    channels = [guild.get_channel_or_thread(each) for each in subject.channel_ids]
    known = [each for each in channels if each is not None]
    return bool(known) and all(each.permissions_for(member).manage_messages for each in known)
