"""Records of the playground's state: users, guilds, channels, messages and their parts.

They are mutable; the services that change them publish events. Ids are decimal strings, as
in Discord's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from bot.playground.state.guild_fields import default_guild_settings
from bot.playground.state.permissions import NOTHING, Permission

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playground.state.audit_entries import AuditLogEntry
    from bot.playground.state.polls import Poll
    from bot.playground.state.thread_records import ForumTag, Thread

__all__ = [
    "COMPONENTS_V2",
    "EPHEMERAL",
    "LOADING",
    "MIB",
    "Application",
    "Attachment",
    "Ban",
    "Channel",
    "ChannelType",
    "Emoji",
    "Guild",
    "Json",
    "Member",
    "Message",
    "Overwrite",
    "Reaction",
    "Role",
    "Sticker",
    "StickerFormat",
    "User",
]

Json = dict[str, Any]
"""A JSON object in Discord's format."""

MIB = 1024 * 1024
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15
BOOSTS_OF_TIER = (0, 2, 7, 14)


@dataclass(kw_only=True)
class User:
    """A person or a bot.

    Attributes:
        avatar: hash that identifies the avatar on the CDN.
        banner: hash that identifies the banner on the CDN.
        accepts_dms: False refuses direct messages to them.
        discriminator: ``0000`` for the author of a webhook's message.
    """

    id: str
    name: str
    global_name: str | None = None
    avatar: str | None = None
    banner: str | None = None
    bot: bool = False
    accepts_dms: bool = True
    discriminator: str = "0"


class ChannelType(IntEnum):
    """Discord's channel types, those that the playground knows."""

    TEXT = 0
    DIRECT_MESSAGE = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13
    FORUM = 15


@dataclass(kw_only=True)
class Role:
    """A guild's role; the one with the guild's own id is @everyone."""

    id: str
    name: str
    permissions: Permission
    color: int = 0
    position: int = 0
    hoist: bool = False
    managed: bool = False
    mentionable: bool = False
    unicode_emoji: str | None = None
    bot_id: str | None = None


@dataclass(kw_only=True)
class Member:
    """A user in a guild, with the ids of their roles (without @everyone)."""

    user: User
    joined_at: datetime
    roles: list[str] = field(default_factory=list)
    nick: str | None = None
    timed_out_until: datetime | None = None


@dataclass(kw_only=True)
class Overwrite:
    """A channel's permission overwrite for a role (type 0) or a member (type 1)."""

    id: str
    type: int
    allow: Permission = NOTHING
    deny: Permission = NOTHING


@dataclass(kw_only=True)
class Ban:
    """A user who may not join a guild."""

    user: User
    reason: str | None = None


@dataclass(kw_only=True)
class Emoji:
    """A custom emoji of a guild or of the application.

    Attributes:
        roles: ids of the only roles that may use it; empty for everyone.
        creator: who uploaded it.
    """

    id: str
    name: str
    animated: bool = False
    roles: list[str] = field(default_factory=list)
    creator: User | None = None


class StickerFormat(IntEnum):
    """Discord's sticker formats."""

    PNG = 1
    APNG = 2
    LOTTIE = 3
    GIF = 4


@dataclass(kw_only=True)
class Sticker:
    """A guild's sticker."""

    id: str
    name: str
    format: StickerFormat
    description: str = ""
    tags: str = "🎨"
    creator: User | None = None

    @property
    def extension(self) -> str:
        """File extension on the CDN."""
        kinds = {StickerFormat.LOTTIE: "json", StickerFormat.GIF: "gif"}
        return kinds.get(self.format, "png")


@dataclass(kw_only=True)
class Attachment:
    """A file on a message.

    Attributes:
        folder: its CDN folder, ``attachments`` or ``ephemeral-attachments``.
        width, height: in pixels, for pictures.
    """

    id: str
    channel_id: str
    filename: str
    size: int
    content_type: str | None
    width: int | None = None
    height: int | None = None
    description: str | None = None
    title: str | None = None
    folder: str = "attachments"

    @property
    def spoiler(self) -> bool:
        """Whether the file is marked as a spoiler, by its name."""
        return self.filename.startswith("SPOILER_")


@dataclass(kw_only=True)
class Reaction:
    """One emoji on a message and the users who reacted with it, in order."""

    emoji: Json
    user_ids: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Message:
    """A message, with embeds and components as sent; URLs are added when it is serialized.

    Attributes:
        visible_to: id of the only user who sees it, for an ephemeral message.
        reference: Discord's message_reference, for a reply or a forward.
        thread_id: id of the thread that was started from it.
        replied_to: id of the message replied to, which may have been deleted.
        snapshots: copies of the forwarded messages.
        interaction: Discord's interaction_metadata, on a response.
        command: name of the command that it answers.
    """

    id: str
    channel_id: str
    author: User
    timestamp: datetime
    content: str = ""
    type: int = 0
    flags: int = 0
    tts: bool = False
    pinned_at: datetime | None = None
    thread_id: str | None = None
    edited: datetime | None = None
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: dict[str, Reaction] = field(default_factory=dict)
    reference: Json | None = None
    replied_to: str | None = None
    snapshots: list[Message] = field(default_factory=list)
    stickers: list[Sticker] = field(default_factory=list)
    poll: Poll | None = None
    nonce: str | int | None = None
    webhook_id: str | None = None
    interaction: Json | None = None
    command: str | None = None
    visible_to: str | None = None

    @property
    def ephemeral(self) -> bool:
        """Whether only one user sees the message."""
        return bool(self.flags & EPHEMERAL)


@dataclass(kw_only=True)
class Channel:
    """A guild's channel, a thread, or a direct message.

    Attributes:
        nsfw: whether the channel is age-restricted.
        parent_id: id of its category; of its channel for a thread.
        settings: fields that some types have, in Discord's format, such as ``user_limit``.
        tags: the tags of a forum's posts.
        thread: what only threads have; None for other channels.
    """

    id: str
    type: ChannelType
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    topic: str | None = None
    position: int = 0
    flags: int = 0
    nsfw: bool = False
    slowmode_seconds: int = 0
    last_pinned_at: datetime | None = None
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    last_message_id: str | None = None
    settings: Json = field(default_factory=dict)
    tags: list[ForumTag] = field(default_factory=list)
    thread: Thread | None = None

    @property
    def holds_messages(self) -> bool:
        """Whether messages may be sent to it: not to a category or a forum."""
        return self.type not in (ChannelType.CATEGORY, ChannelType.FORUM)

    @property
    def is_open(self) -> bool:
        """Whether it holds messages and is no archived thread."""
        return self.holds_messages and not (self.thread is not None and self.thread.archived)

    @property
    def send_permission(self) -> Permission:
        """The permission to send messages to it."""
        if self.thread is not None:
            return Permission.SEND_MESSAGES_IN_THREADS
        return Permission.SEND_MESSAGES


@dataclass(kw_only=True)
class Guild:
    """A server with its roles, members, emoji, bans and audit log.

    Attributes:
        icon: hash that identifies the icon on the CDN.
        unavailable: whether it has an outage: the bot receives none of its events.
        settings: the other fields that its administrators may change, in Discord's format.
    """

    id: str
    name: str
    owner_id: str
    created_at: datetime
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    emojis: dict[str, Emoji] = field(default_factory=dict)
    stickers: dict[str, Sticker] = field(default_factory=dict)
    bans: dict[str, Ban] = field(default_factory=dict)
    audit_log: list[AuditLogEntry] = field(default_factory=list)
    icon: str | None = None
    unavailable: bool = False
    settings: Json = field(default_factory=default_guild_settings)
    premium_tier: int = 0

    @property
    def boosts(self) -> int:
        """The number of boosts that its tier needs."""
        return BOOSTS_OF_TIER[self.premium_tier]

    @property
    def upload_limit(self) -> int:
        """Largest file that may be uploaded, in bytes, by the guild's boosts."""
        return {2: 50 * MIB, 3: 100 * MIB}.get(self.premium_tier, 10 * MIB)


@dataclass(kw_only=True)
class Application:
    """The bot's application and its settings in the developer portal.

    Attributes:
        message_content, members, presences: whether each privileged intent is enabled.
        shards: number of shards that ``/gateway/bot`` recommends.
    """

    id: str
    name: str
    owner: User
    token: str
    message_content: bool = True
    members: bool = True
    presences: bool = False
    shards: int = 1
    description: str = ""
    emojis: dict[str, Emoji] = field(default_factory=dict)

    @property
    def flags(self) -> int:
        """The application's public flags: the limited form of each enabled privileged intent."""
        return (
            (self.presences and 1 << 13)
            | (self.members and 1 << 15)
            | (self.message_content and 1 << 19)
        )
