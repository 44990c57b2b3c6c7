"""Which results may be shown in an answer, given who will see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.exts.backend.access import is_age_restricted, visible_subject
from bot.exts.backend.policy import Act, Actor, Place, decide

if TYPE_CHECKING:
    import discord

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
        subject = visible_subject(
            job, self._guild, reader=self._member if self._privately else None
        )
        place = Place(
            guild_id=self._guild.id if self._guild is not None else None,
            channel_id=self._channel_id,
            is_private=self._privately or self._guild is None,
            is_age_restricted=self._is_here_restricted(),
        )
        return decide(act, Actor(member_id=self._member.id), place, subject) is None

    def _is_here_restricted(self) -> bool:
        """Whether the answer is posted in an age-restricted channel."""
        if self._guild is None or self._channel_id is None:
            return False
        channel = self._guild.get_channel_or_thread(self._channel_id)
        return channel is not None and is_age_restricted(channel)
