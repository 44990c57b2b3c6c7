"""Serialize channels, threads and what belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground.serializers.identities import iso, iso_or_none, member, user
from bot.playground.state.records import ChannelType

if TYPE_CHECKING:
    from bot.playground.state.records import Channel, Json, Member, Overwrite
    from bot.playground.state.thread_records import ForumTag, Thread, ThreadMember

__all__ = [
    "direct_channel",
    "forum_tag",
    "guild_channel",
    "overwrite",
    "thread_channel",
    "thread_member",
]

MAX_MEMBER_COUNT = 50
"""Discord stops counting a thread's members here."""


def direct_channel(record: Channel, *, for_user: str | None) -> Json:
    """Return a direct message, with the recipients other than ``for_user``."""
    return {
        "id": record.id,
        "type": int(record.type),
        "last_message_id": record.last_message_id,
        "flags": 0,
        "recipients": [user(u) for u in record.recipients if u.id != for_user],
    }


def guild_channel(record: Channel) -> Json:
    """Return a guild channel object."""
    shape: Json = {
        "id": record.id,
        "type": int(record.type),
        "flags": record.flags,
        "guild_id": record.guild_id,
        "name": record.name,
        "parent_id": record.parent_id,
        "position": record.position,
        "nsfw": record.nsfw,
        "permission_overwrites": [overwrite(each) for each in record.overwrites.values()],
        **record.settings,
    }
    if record.type is not ChannelType.CATEGORY:
        shape |= {
            "last_message_id": record.last_message_id,
            "last_pin_timestamp": iso_or_none(record.last_pinned_at),
            "rate_limit_per_user": record.slowmode_seconds,
            "topic": record.topic,
        }
    if record.type is ChannelType.FORUM:
        shape["available_tags"] = [forum_tag(tag) for tag in record.tags]
    return shape


def overwrite(record: Overwrite) -> Json:
    """Return a permission overwrite."""
    return {
        "id": record.id,
        "type": record.type,
        "allow": str(int(record.allow)),
        "deny": str(int(record.deny)),
    }


def forum_tag(record: ForumTag) -> Json:
    """Return a forum's tag."""
    return {
        "id": record.id,
        "name": record.name,
        "moderated": record.moderated,
        "emoji_id": record.emoji_id,
        "emoji_name": record.emoji_name,
    }


def thread_channel(record: Channel, thread: Thread, *, for_user: str) -> Json:
    """Return a thread, with the membership of ``for_user`` if they joined it."""
    metadata: Json = {
        "archived": thread.archived,
        "archive_timestamp": iso(thread.archived_at),
        "auto_archive_duration": thread.archive_minutes,
        "locked": thread.locked,
        "create_timestamp": iso(thread.created_at),
    }
    if record.type is ChannelType.PRIVATE_THREAD:
        metadata["invitable"] = thread.invitable
    shape: Json = {
        "id": record.id,
        "type": int(record.type),
        "guild_id": record.guild_id,
        "parent_id": record.parent_id,
        "owner_id": thread.owner_id,
        "name": record.name,
        "flags": record.flags,
        "last_message_id": record.last_message_id,
        "last_pin_timestamp": iso_or_none(record.last_pinned_at),
        "rate_limit_per_user": record.slowmode_seconds,
        "thread_metadata": metadata,
        "message_count": thread.message_count,
        "member_count": min(len(thread.members), MAX_MEMBER_COUNT),
        "total_message_sent": thread.sent_count,
        "applied_tags": list(thread.applied_tags),
    }
    own = thread.members.get(for_user)
    if own is not None:
        shape["member"] = thread_member(record.id, own)
    return shape


def thread_member(thread_id: str, record: ThreadMember, guild_member: Member | None = None) -> Json:
    """Return a thread's member, with their membership of the guild if it is given."""
    shape: Json = {
        "id": thread_id,
        "user_id": record.user_id,
        "join_timestamp": iso(record.joined_at),
        "flags": 0,
    }
    if guild_member is not None:
        shape["member"] = member(guild_member)
    return shape
