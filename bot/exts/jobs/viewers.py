"""Who sees an answer, and so whose paintings may be shown in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["Viewers"]


class Viewers:
    """Those who will see an answer.

    Args:
        guild: where it is given; None in direct messages.
        channel_id: where it is given.
        responder: the member who asked.
        privately: whether they alone see it.
    """

    def __init__(
        self,
        guild: discord.Guild | None,
        channel_id: int | None,
        responder: discord.abc.User,
        *,
        privately: bool,
    ) -> None:
        self._guild = guild
        self._channel_id = channel_id
        self._responder = responder
        self._privately = privately

    def may_see(self, job: Job) -> bool:
        """Whether a painting may be shown to them.

        Members see their own when nobody else does. Otherwise a painting is shown to those who
        can read the channel it was posted in: to the asker alone, or to everyone in the guild.
        What was posted under an age restriction stays under one.
        """
        is_own = job.origin.requester_id == self._responder.id
        if self._guild is None or job.origin.channel_id == self._channel_id:
            return is_own or self._guild is not None
        channel = self._guild.get_channel_or_thread(job.origin.channel_id)
        if channel is not None and _is_restricted(channel) and not self._are_restricted():
            return False
        return (is_own and self._privately) or (channel is not None and self._can_read(channel))

    def _can_read(self, channel: discord.abc.GuildChannel | discord.Thread) -> bool:
        if isinstance(channel, discord.Thread) and channel.is_private():
            return False  # whoever is in it is not known
        who = self._responder if self._privately else channel.guild.default_role
        if not isinstance(who, discord.Member | discord.Role):
            return False
        permissions = channel.permissions_for(who)
        return permissions.view_channel and permissions.read_message_history

    def _are_restricted(self) -> bool:
        """Whether the answer itself is given under an age restriction."""
        if self._guild is None or self._channel_id is None:
            return False
        channel = self._guild.get_channel_or_thread(self._channel_id)
        return channel is not None and _is_restricted(channel)


def _is_restricted(channel: discord.abc.GuildChannel | discord.Thread) -> bool:
    restricted = getattr(channel, "is_nsfw", None)
    return restricted is not None and bool(restricted())
