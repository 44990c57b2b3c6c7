"""Compute a member's permissions from roles and channel overwrites, as Discord does."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bot.playground.state.permissions import ALL, NOTHING, Permission

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.playground.state.records import Channel, Guild, Member, Overwrite

__all__ = ["channel_permissions", "guild_permissions", "top_position"]

# Discord ignores these where sending messages is denied.
_REQUIRES_SEND_MESSAGES = (
    Permission.MENTION_EVERYONE
    | Permission.SEND_TTS_MESSAGES
    | Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
)


def guild_permissions(guild: Guild, member: Member) -> Permission:
    """Return the permissions that the member's roles grant in the guild."""
    if guild.owner_id == member.user.id:
        return ALL
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    if Permission.ADMINISTRATOR in granted:
        return ALL
    return granted


def top_position(guild: Guild, member: Member) -> float:
    """Return the position of the member's highest role; infinite for the owner."""
    if guild.owner_id == member.user.id:
        return math.inf
    return max((guild.roles[role_id].position for role_id in member.roles), default=0)


def channel_permissions(
    guild: Guild,
    channel: Channel,
    member: Member,
    *,
    sending: Permission = Permission.SEND_MESSAGES,
) -> Permission:
    """Return the member's permissions in the channel.

    Overwrites apply in Discord's order: @everyone, then the member's roles, then the member.

    Args:
        guild: the channel's guild.
        channel: the channel; for a thread, the one that it belongs to.
        member: a member of the guild.
        sending: the permission to send messages, without which others have no effect.
    """
    granted = guild_permissions(guild, member)
    if Permission.ADMINISTRATOR in granted:
        return granted
    everyone = channel.overwrites.get(guild.id)
    granted = _apply_overwrites(granted, [everyone] if everyone else [])
    granted = _apply_overwrites(
        granted, [channel.overwrites[role] for role in member.roles if role in channel.overwrites]
    )
    own = channel.overwrites.get(member.user.id)
    granted = _apply_overwrites(granted, [own] if own else [])
    if Permission.VIEW_CHANNEL not in granted:
        return NOTHING
    if sending not in granted:
        granted &= ~_REQUIRES_SEND_MESSAGES
    return granted


def _apply_overwrites(granted: Permission, overwrites: Iterable[Overwrite]) -> Permission:
    """Apply overwrites of equal rank together: all denials first, then all grants."""
    deny = allow = NOTHING
    for overwrite in overwrites:
        deny |= overwrite.deny
        allow |= overwrite.allow
    return (granted & ~deny) | allow
