"""The entries of a guild's audit log, and the differences that they list."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.playground.state.records import Json

__all__ = ["AuditAction", "AuditLogEntry", "changes_between"]


class AuditAction(IntEnum):
    """Discord's types of entries, those that the playground writes."""

    GUILD_UPDATE = 1
    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    CHANNEL_OVERWRITE_CREATE = 13
    CHANNEL_OVERWRITE_UPDATE = 14
    CHANNEL_OVERWRITE_DELETE = 15
    MEMBER_KICK = 20
    MEMBER_PRUNE = 21
    MEMBER_BAN_ADD = 22
    MEMBER_BAN_REMOVE = 23
    MEMBER_UPDATE = 24
    MEMBER_ROLE_UPDATE = 25
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    INVITE_CREATE = 40
    INVITE_DELETE = 42
    WEBHOOK_CREATE = 50
    WEBHOOK_UPDATE = 51
    WEBHOOK_DELETE = 52
    EMOJI_CREATE = 60
    EMOJI_UPDATE = 61
    EMOJI_DELETE = 62
    MESSAGE_DELETE = 72
    MESSAGE_BULK_DELETE = 73
    MESSAGE_PIN = 74
    MESSAGE_UNPIN = 75
    STICKER_CREATE = 90
    STICKER_UPDATE = 91
    STICKER_DELETE = 92
    THREAD_CREATE = 110
    THREAD_UPDATE = 111
    THREAD_DELETE = 112


@dataclass(frozen=True, kw_only=True)
class AuditLogEntry:
    """One administrative action.

    Attributes:
        changes: the differences, as `changes_between` returns them.
        options: further facts that some types have; strings.
    """

    id: str
    action: AuditAction
    user_id: str
    target_id: str | None
    reason: str | None = None
    changes: list[Json] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


def changes_between(before: Json | None, after: Json | None) -> list[Json]:
    """Return the fields that differ, in the format of an audit log entry.

    Args:
        before: the object as it was; None if it did not exist.
        after: the object as it is; None if it was deleted.
    """
    old, new = before or {}, after or {}
    changes: list[Json] = []
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) == new.get(key):
            continue
        change: Json = {"key": key}
        if old.get(key) is not None:
            change["old_value"] = old[key]
        if new.get(key) is not None:
            change["new_value"] = new[key]
        changes.append(change)
    return changes
