"""The records of threads, their members, and a forum's tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["ARCHIVE_MINUTES", "ForumTag", "Thread", "ThreadMember"]

ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
"""The periods of inactivity after which a thread may be archived."""


@dataclass(kw_only=True)
class ForumTag:
    """A tag for a forum's posts; members without MANAGE_THREADS cannot apply a moderated one."""

    id: str
    name: str
    moderated: bool = False
    emoji_id: str | None = None
    emoji_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class ThreadMember:
    """A user who joined a thread."""

    user_id: str
    joined_at: datetime


@dataclass(kw_only=True)
class Thread:
    """What a thread has beyond other channels.

    Attributes:
        archived_at: when it was last archived or unarchived.
        active_at: when it was created, unarchived or written to for the last time.
        message_count: number of its messages, without the one that it was started from.
        sent_count: like that, with deleted ones.
        invitable: whether members may add others to a private thread.
        applied_tags: ids of a forum post's tags.
    """

    owner_id: str
    created_at: datetime
    archived_at: datetime
    active_at: datetime
    archive_minutes: int = 4320
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    message_count: int = 0
    sent_count: int = 0
    applied_tags: list[str] = field(default_factory=list)
    members: dict[str, ThreadMember] = field(default_factory=dict)

    def is_inactive(self, now: datetime) -> bool:
        """Return whether it is open, but inactive for longer than its period."""
        return not self.archived and now - self.active_at > timedelta(minutes=self.archive_minutes)
