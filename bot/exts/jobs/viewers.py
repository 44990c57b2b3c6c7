"""Which results may be shown in an answer, given who will see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

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

    def may_see(self, job: Job) -> bool:
        """Whether a job's result may be shown.

        Members see their own results if nobody else does. Otherwise a result is shown if the
        member, or in a public answer everyone in the guild, can read the channel it was posted
        in. A result from an age-restricted channel is only shown in an age-restricted channel.
        """
        is_own = job.origin.requester_id == self._member.id
        if self._guild is None or job.origin.channel_id == self._channel_id:
            return is_own or self._guild is not None
        channel = self._guild.get_channel_or_thread(job.origin.channel_id)
        if channel is not None and _is_age_restricted(channel) and not self._is_here_restricted():
            return False
        return (is_own and self._privately) or (channel is not None and self._can_read(channel))

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
