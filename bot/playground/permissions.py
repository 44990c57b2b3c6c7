"""Who may do what where: Discord's computation over roles and channel overwrites."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.playground.records import Channel, Guild, Member, Overwrite

__all__ = [
    "ALL",
    "DM_PERMISSIONS",
    "EVERYONE",
    "NOTHING",
    "Permission",
    "permissions_in",
    "permissions_of",
]


class Permission(IntFlag):
    """Discord's permission bits, those that matter in a text channel."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    MANAGE_GUILD_EXPRESSIONS = 1 << 30
    USE_APPLICATION_COMMANDS = 1 << 31
    CREATE_PUBLIC_THREADS = 1 << 35
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_VOICE_MESSAGES = 1 << 46
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50


NOTHING = Permission(0)

ALL = NOTHING
for _bit in Permission:
    ALL |= _bit

EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What a new guild's @everyone role carries."""

DM_PERMISSIONS = EVERYONE | Permission.USE_EXTERNAL_STICKERS
"""What both sides of a direct message may do."""

# Without the right to speak, these mean nothing, whatever the roles say.
_NEEDS_SPEECH = (
    Permission.MENTION_EVERYONE
    | Permission.SEND_TTS_MESSAGES
    | Permission.ATTACH_FILES
    | Permission.EMBED_LINKS
)


def permissions_of(guild: Guild, member: Member) -> Permission:
    """What the member's roles allow in the guild, before any channel has its say."""
    if guild.owner_id == member.user.id:
        return ALL
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    if Permission.ADMINISTRATOR in granted:
        return ALL
    return granted


def permissions_in(guild: Guild, channel: Channel, member: Member) -> Permission:
    """What the member may do in the channel: everyone's overwrite, then roles', then their own."""
    granted = permissions_of(guild, member)
    if Permission.ADMINISTRATOR in granted:
        return granted
    everyone = channel.overwrites.get(guild.id)
    granted = _apply(granted, [everyone] if everyone else [])
    granted = _apply(
        granted, [channel.overwrites[role] for role in member.roles if role in channel.overwrites]
    )
    own = channel.overwrites.get(member.user.id)
    granted = _apply(granted, [own] if own else [])
    if Permission.VIEW_CHANNEL not in granted:
        return NOTHING
    if Permission.SEND_MESSAGES not in granted:
        granted &= ~_NEEDS_SPEECH
    return granted


def _apply(granted: Permission, overwrites: Iterable[Overwrite]) -> Permission:
    """Overwrites of one rank count together: all their denials first, then what they allow."""
    deny = allow = NOTHING
    for overwrite in overwrites:
        deny |= overwrite.deny
        allow |= overwrite.allow
    return (granted & ~deny) | allow
