"""Serialize users, members, roles, emoji and stickers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playground.state.records import Emoji, Json, Member, Role, Sticker, User

__all__ = [
    "emoji",
    "emoji_key",
    "iso",
    "iso_or_none",
    "member",
    "role",
    "sticker",
    "sticker_item",
    "user",
]


def iso(moment: datetime) -> str:
    """Format a timestamp as Discord does: with microseconds and an explicit offset."""
    return moment.isoformat(timespec="microseconds")


def iso_or_none(moment: datetime | None) -> str | None:
    """Format a timestamp; None stays None."""
    return None if moment is None else iso(moment)


def user(record: User) -> Json:
    """Return a user object."""
    shape: Json = {
        "id": record.id,
        "username": record.name,
        "discriminator": record.discriminator,
        "global_name": record.global_name,
        "avatar": record.avatar,
        "avatar_decoration_data": None,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
        "banner": record.banner,
    }
    if record.bot:
        shape["bot"] = True
    return shape


def member(record: Member, *, with_user: bool = True) -> Json:
    """Return a guild member object; within a message its user is left out."""
    shape: Json = {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": iso_or_none(record.timed_out_until),
        "flags": 0,
        "joined_at": iso(record.joined_at),
        "nick": record.nick,
        "pending": False,
        "premium_since": None,
        "roles": list(record.roles),
        "mute": False,
        "deaf": False,
    }
    if with_user:
        shape["user"] = user(record.user)
    return shape


def role(record: Role) -> Json:
    """Return a role object."""
    shape: Json = {
        "id": record.id,
        "name": record.name,
        "permissions": str(int(record.permissions)),
        "position": record.position,
        "color": record.color,
        "colors": {
            "primary_color": record.color,
            "secondary_color": None,
            "tertiary_color": None,
        },
        "hoist": record.hoist,
        "managed": record.managed,
        "mentionable": record.mentionable,
        "icon": None,
        "unicode_emoji": record.unicode_emoji,
        "flags": 0,
    }
    if record.bot_id is not None:
        shape["tags"] = {"bot_id": record.bot_id}
    return shape


def emoji(record: Emoji) -> Json:
    """Return a custom emoji object."""
    shape: Json = {
        "id": record.id,
        "name": record.name,
        "roles": list(record.roles),
        "require_colons": True,
        "managed": False,
        "animated": record.animated,
        "available": True,
    }
    if record.creator is not None:
        shape["user"] = user(record.creator)
    return shape


def sticker(record: Sticker, guild_id: str) -> Json:
    """Return a guild sticker object."""
    shape: Json = {
        **sticker_item(record),
        "description": record.description,
        "tags": record.tags,
        "type": 2,
        "available": True,
        "guild_id": guild_id,
    }
    if record.creator is not None:
        shape["user"] = user(record.creator)
    return shape


def sticker_item(record: Sticker) -> Json:
    """Return a sticker item object, as in messages."""
    return {"id": record.id, "name": record.name, "format_type": int(record.format)}


def emoji_key(shape: Json) -> str:
    """Return the key of a reaction's emoji: its id, or the emoji itself."""
    return str(shape["id"] or shape["name"])
