"""Everything the playground remembers: users, guilds, channels, messages, commands.

Records are plain and mutable; the services that change them publish what changed.
Ids are decimal strings throughout, as on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.playground.clock import Clock, Snowflakes
from bot.playground.errors import ApiError, Code
from bot.playground.permissions import (
    DM_PERMISSIONS,
    EVERYONE,
    NOTHING,
    Permission,
    permissions_in,
    permissions_of,
)

if TYPE_CHECKING:
    from datetime import datetime

__all__ = [
    "Application",
    "Attachment",
    "Channel",
    "Emoji",
    "Guild",
    "Json",
    "Member",
    "Message",
    "Overwrite",
    "Reaction",
    "Role",
    "State",
    "User",
]

Json = dict[str, Any]
"""One JSON object, in Discord's shape."""

MIB = 1024 * 1024
TEXT_CHANNEL, DIRECT_MESSAGE = 0, 1
EPHEMERAL = 1 << 6
LOADING = 1 << 7
COMPONENTS_V2 = 1 << 15


@dataclass(kw_only=True)
class User:
    """A person or a bot.

    Attributes:
        avatar: the hash that names the avatar picture on the CDN.
        accepts_dms: False makes direct messages to them fail, as when they closed theirs.
    """

    id: str
    name: str
    global_name: str | None = None
    avatar: str | None = None
    bot: bool = False
    accepts_dms: bool = True


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
    bot_id: str | None = None


@dataclass(kw_only=True)
class Member:
    """A user in a guild, with the ids of their roles (@everyone is understood)."""

    user: User
    joined_at: datetime
    roles: list[str] = field(default_factory=list)
    nick: str | None = None


@dataclass(kw_only=True)
class Overwrite:
    """A channel's exception for a role (type 0) or a member (type 1)."""

    id: str
    type: int
    allow: Permission = NOTHING
    deny: Permission = NOTHING


@dataclass(kw_only=True)
class Emoji:
    """A custom emoji of a guild or of the application."""

    id: str
    name: str
    animated: bool = False


@dataclass(kw_only=True)
class Attachment:
    """A file on a message.

    Attributes:
        folder: the CDN folder it lies in, ``attachments`` or ``ephemeral-attachments``.
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
        """Hidden until clicked; the file's name says so."""
        return self.filename.startswith("SPOILER_")


@dataclass(kw_only=True)
class Reaction:
    """One emoji under a message and who chose it, in order."""

    emoji: Json
    user_ids: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Message:
    """A message; embeds and components as sent, rendered with addresses when they are read.

    Attributes:
        visible_to: the only user who sees it, for an ephemeral message.
        reference: Discord's message_reference, for a reply or a forward.
        replied_to: id of the message replied to; it may be gone since.
        snapshots: copies of what a forward carries.
        interaction: Discord's interaction_metadata, on a response.
    """

    id: str
    channel_id: str
    author: User
    timestamp: datetime
    content: str = ""
    type: int = 0
    flags: int = 0
    tts: bool = False
    pinned: bool = False
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
    nonce: str | int | None = None
    webhook_id: str | None = None
    interaction: Json | None = None
    visible_to: str | None = None

    @property
    def ephemeral(self) -> bool:
        """Seen by one user only, and never stored for the others."""
        return bool(self.flags & EPHEMERAL)


@dataclass(kw_only=True)
class Channel:
    """A guild's text channel (type 0) or a direct message (type 1)."""

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    topic: str | None = None
    position: int = 0
    overwrites: dict[str, Overwrite] = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    last_message_id: str | None = None


@dataclass(kw_only=True)
class Guild:
    """A server with its roles, members and emoji."""

    id: str
    name: str
    owner_id: str
    created_at: datetime
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    emojis: dict[str, Emoji] = field(default_factory=dict)
    premium_tier: int = 0

    @property
    def upload_limit(self) -> int:
        """Largest file that may be uploaded, in bytes, by the guild's boosts."""
        return {2: 50 * MIB, 3: 100 * MIB}.get(self.premium_tier, 10 * MIB)


@dataclass(kw_only=True)
class Application:
    """The bot's application, with what its owner ticked in the developer portal.

    Attributes:
        message_content, members, presences: the privileged intents that are switched on.
        shards: how many shards ``/gateway/bot`` recommends.
    """

    id: str
    name: str
    owner: User
    token: str
    message_content: bool = True
    members: bool = True
    presences: bool = False
    shards: int = 1
    emojis: dict[str, Emoji] = field(default_factory=dict)

    @property
    def flags(self) -> int:
        """The application's public flags: the limited form of each privileged intent."""
        return (
            (self.presences and 1 << 13)
            | (self.members and 1 << 15)
            | (self.message_content and 1 << 19)
        )


class State:
    """All of it, and the look-ups that refuse in Discord's words when a thing is unknown."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.commands: dict[str, Json] = {}
        self._application: Application | None = None

    @property
    def application(self) -> Application:
        """The one application of this playground.

        Raises:
            LookupError: the state was not seeded.
        """
        if self._application is None:
            raise LookupError("the playground has no application yet")
        return self._application

    @application.setter
    def application(self, application: Application) -> None:
        self._application = application

    @property
    def bot(self) -> User:
        """The application's bot user; it has the application's id, as on Discord."""
        return self.users[self.application.id]

    def user(self, user_id: str) -> User:
        """The user with this id.

        Raises:
            ApiError: 404/10013 when there is none.
        """
        try:
            return self.users[user_id]
        except KeyError:
            raise ApiError(Code.UNKNOWN_USER) from None

    def guild(self, guild_id: str) -> Guild:
        """The guild with this id.

        Raises:
            ApiError: 404/10004 when there is none.
        """
        try:
            return self.guilds[guild_id]
        except KeyError:
            raise ApiError(Code.UNKNOWN_GUILD) from None

    def member(self, guild_id: str, user_id: str) -> Member:
        """The user's membership in the guild.

        Raises:
            ApiError: 404/10004 or 404/10007 when there is no such guild or member.
        """
        try:
            return self.guild(guild_id).members[user_id]
        except KeyError:
            raise ApiError(Code.UNKNOWN_MEMBER) from None

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id.

        Raises:
            ApiError: 404/10003 when there is none.
        """
        try:
            return self.channels[channel_id]
        except KeyError:
            raise ApiError(Code.UNKNOWN_CHANNEL) from None

    def message(self, channel_id: str, message_id: str) -> Message:
        """The message with this id in that channel.

        Raises:
            ApiError: 404/10003 or 404/10008 when there is no such channel or message.
        """
        try:
            return self.channel(channel_id).messages[message_id]
        except KeyError:
            raise ApiError(Code.UNKNOWN_MESSAGE) from None

    def channels_of(self, guild_id: str) -> list[Channel]:
        """The guild's channels, in the order a client lists them."""
        found = [channel for channel in self.channels.values() if channel.guild_id == guild_id]
        return sorted(found, key=lambda channel: (channel.position, int(channel.id)))

    def direct_channel(self, one: User, other: User) -> Channel:
        """The direct message channel of two users, made when there is none yet."""
        pair = {one.id, other.id}
        for channel in self.channels.values():
            if channel.type == DIRECT_MESSAGE and {u.id for u in channel.recipients} == pair:
                return channel
        channel = Channel(id=self.ids.new(), type=DIRECT_MESSAGE, recipients=[one, other])
        self.channels[channel.id] = channel
        return channel

    def permissions(self, channel: Channel, user_id: str) -> Permission:
        """What the user may do in the channel; nothing at all where they are not a member."""
        if channel.guild_id is None:
            inside = any(user.id == user_id for user in channel.recipients)
            return DM_PERMISSIONS if inside else NOTHING
        guild = self.guilds[channel.guild_id]
        member = guild.members.get(user_id)
        return NOTHING if member is None else permissions_in(guild, channel, member)

    def guild_permissions(self, guild_id: str, user_id: str) -> Permission:
        """What the user's roles allow in the guild, channels aside."""
        guild = self.guild(guild_id)
        return permissions_of(guild, self.member(guild_id, user_id))

    def require(self, channel: Channel, user_id: str, *needed: Permission) -> None:
        """Refuse the user unless they see the channel and have all that is needed.

        Raises:
            ApiError: 403/50001 when they do not see it, 403/50013 when something is missing.
        """
        granted = self.permissions(channel, user_id)
        if Permission.VIEW_CHANNEL not in granted:
            raise ApiError(Code.MISSING_ACCESS)
        if any(permission not in granted for permission in needed):
            raise ApiError(Code.MISSING_PERMISSIONS)

    def sees(self, user_id: str, message: Message) -> bool:
        """Whether the user can read the message at all."""
        if message.visible_to is not None and user_id not in (
            message.visible_to,
            message.author.id,
        ):
            return False
        channel = self.channels[message.channel_id]
        return Permission.VIEW_CHANNEL in self.permissions(channel, user_id)

    def upload_limit(self, channel: Channel) -> int:
        """Largest file that may be uploaded to the channel, in bytes."""
        return self.guilds[channel.guild_id].upload_limit if channel.guild_id else 10 * MIB

    def add_guild(self, name: str, owner: User) -> Guild:
        """A new guild with its @everyone role and its owner as the first member."""
        guild = Guild(id=self.ids.new(), name=name, owner_id=owner.id, created_at=self.clock.now())
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=EVERYONE)
        self.guilds[guild.id] = guild
        self.add_member(guild, owner)
        return guild

    def add_role(self, guild: Guild, name: str, permissions: Permission, *, color: int = 0) -> Role:
        """A new role above the guild's others."""
        role = Role(
            id=self.ids.new(),
            name=name,
            permissions=permissions,
            color=color,
            position=len(guild.roles),
        )
        guild.roles[role.id] = role
        return role

    def add_member(self, guild: Guild, user: User, *roles: Role) -> Member:
        """The user joins the guild with these roles."""
        member = Member(user=user, joined_at=self.clock.now(), roles=[role.id for role in roles])
        guild.members[user.id] = member
        return member

    def add_channel(self, guild: Guild, name: str, *, topic: str | None = None) -> Channel:
        """A new text channel at the bottom of the guild's list."""
        channel = Channel(
            id=self.ids.new(),
            type=TEXT_CHANNEL,
            name=name,
            guild_id=guild.id,
            topic=topic,
            position=len(self.channels_of(guild.id)),
        )
        self.channels[channel.id] = channel
        return channel
