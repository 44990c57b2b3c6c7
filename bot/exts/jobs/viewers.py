"""Which results may be shown in an answer, given who will see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.exts.backend.policy import Act, Actor, Place, Subject, decide

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["Viewers"]


class Viewers:
    """The members who will see an answer.

    Args:
        guild: where it is posted; None in direct messages.
        channel_id: where it is posted.
        member: who used the command.
        privately: whether only they see it.
    """

    def __init__(
        self,
        guild: discord.Guild | None,
        channel_id: int | None,
        member: discord.abc.User,
        *,
        privately: bool,
    ) -> None:
        self._guild = guild
        self._channel_id = channel_id
        self._member = member
        self._privately = privately

    def may_see(self, job: Job, act: Act = Act.SHOW_RESULT) -> bool:
        """Whether a job's result may be shown, or its title be listed.

        Args:
            job: the job.
            act: `SHOW_RESULT` or `LIST_JOB`.
        """
        channel = None
        if self._guild is not None:
            channel = self._guild.get_channel_or_thread(job.origin.channel_id)
        subject = Subject(
            owner_id=job.origin.requester_id,
            guild_id=job.origin.guild_id,
            channel_ids=frozenset({job.origin.channel_id}),
            is_readable=channel is not None and self._can_read(channel),
            is_age_restricted=channel is not None and _is_age_restricted(channel),
        )
        place = Place(
            guild_id=self._guild.id if self._guild is not None else None,
            channel_id=self._channel_id,
            is_private=self._privately or self._guild is None,
            is_age_restricted=self._is_here_restricted(),
        )
        return decide(act, Actor(member_id=self._member.id), place, subject) is None

    def _can_read(self, channel: discord.abc.GuildChannel | discord.Thread) -> bool:
        if isinstance(channel, discord.Thread) and channel.is_private():
            return False  # its members are not known
        reader = self._member if self._privately else channel.guild.default_role
        if not isinstance(reader, discord.Member | discord.Role):
            return False
        permissions = channel.permissions_for(reader)
        return permissions.view_channel and permissions.read_message_history

    def _is_here_restricted(self) -> bool:
        """Whether the answer is posted in an age-restricted channel."""
        if self._guild is None or self._channel_id is None:
            return False
        channel = self._guild.get_channel_or_thread(self._channel_id)
        return channel is not None and _is_age_restricted(channel)


def _is_age_restricted(channel: discord.abc.GuildChannel | discord.Thread) -> bool:
    is_nsfw = getattr(channel, "is_nsfw", None)
    return is_nsfw is not None and bool(is_nsfw())
