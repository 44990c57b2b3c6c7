"""Addresses of the messages of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["outcome_link"]


def outcome_link(job: Job) -> str | None:
    """The URL of the message with the outcome; None if there is none."""
    if job.outcome_message_id is None:
        return None
    is_private = job.outcome_channel_id != job.origin.channel_id
    guild = "@me" if is_private or job.origin.guild_id is None else job.origin.guild_id
    return f"https://discord.com/channels/{guild}/{job.outcome_channel_id}/{job.outcome_message_id}"
