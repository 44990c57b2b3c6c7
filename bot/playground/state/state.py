"""All state of the playground, with lookups that raise Discord's errors."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.state.clock import Clock, Snowflakes
from bot.playground.state.effective_permissions import channel_permissions, guild_permissions
from bot.playground.state.permissions import (
    DM_PERMISSIONS,
    EVERYONE,
    NOTHING,
    TIMED_OUT,
    Permission,
)
from bot.playground.state.records import (
    MIB,
    Application,
    Channel,
    ChannelType,
    Guild,
    Member,
    Message,
    Role,
    User,
)

if TYPE_CHECKING:
    from bot.playground.state.records import Json
    from bot.playground.state.webhooks import Invite, Webhook

__all__ = ["State"]


class State:
    """All records by id, with lookups that raise Discord's errors.

    Attributes:
        command_permissions: permissions of commands, by the ids of guild and command.
        invites: by code.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ids = Snowflakes(clock)
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.commands: dict[str, Json] = {}
        self.command_permissions: dict[tuple[str, str], list[Json]] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.invites: dict[str, Invite] = {}
        self._application: Application | None = None

    @property
    def application(self) -> Application:
        """The playground's application.

        Raises:
            LookupError: there is none yet.
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
        """Return the user with this id.

        Raises:
            ApiError: 404/10013 when there is none.
        """
        try:
            return self.users[user_id]
        except KeyError:
            raise ApiError(ErrorCode.UNKNOWN_USER) from None

    def guild(self, guild_id: str) -> Guild:
        """Return the guild with this id.

        Raises:
            ApiError: 404/10004 when there is none.
        """
        try:
            return self.guilds[guild_id]
        except KeyError:
            raise ApiError(ErrorCode.UNKNOWN_GUILD) from None

    def member(self, guild_id: str, user_id: str) -> Member:
        """Return the user's membership in the guild.

        Raises:
            ApiError: 404/10004 or 404/10007 when there is no such guild or member.
        """
        try:
            return self.guild(guild_id).members[user_id]
        except KeyError:
            raise ApiError(ErrorCode.UNKNOWN_MEMBER) from None

    def channel(self, channel_id: str) -> Channel:
        """Return the channel with this id.

        Raises:
            ApiError: 404/10003 when there is none.
        """
        try:
            return self.channels[channel_id]
        except KeyError:
            raise ApiError(ErrorCode.UNKNOWN_CHANNEL) from None

    def message(self, channel_id: str, message_id: str) -> Message:
        """Return the message with this id in the channel.

        Raises:
            ApiError: 404/10003 or 404/10008 when there is no such channel or message.
        """
        try:
            return self.channel(channel_id).messages[message_id]
        except KeyError:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE) from None

    def webhook(self, webhook_id: str, *, token: str | None = None) -> Webhook:
        """Return the channel webhook with this id.

        Args:
            webhook_id: its id.
            token: the token that it must have; None for any.

        Raises:
            ApiError: 404/10015 when there is none, 401/50027 when its token is another.
        """
        webhook = self.webhooks.get(webhook_id)
        if webhook is None:
            raise ApiError(ErrorCode.UNKNOWN_WEBHOOK)
        if token is not None and not hmac.compare_digest(token.encode(), webhook.token.encode()):
            raise ApiError(ErrorCode.INVALID_WEBHOOK_TOKEN)
        return webhook

    def channels_of(self, guild_id: str) -> list[Channel]:
        """Return the guild's channels, without threads, in the order in which clients list them."""
        found = [
            channel
            for channel in self.channels.values()
            if channel.guild_id == guild_id and channel.thread is None
        ]
        return sorted(found, key=lambda channel: (channel.position, int(channel.id)))

    def threads_of(self, channel_id: str) -> list[Channel]:
        """Return the threads of a channel, the newest first."""
        found = [
            channel
            for channel in self.channels.values()
            if channel.thread is not None and channel.parent_id == channel_id
        ]
        return sorted(found, key=lambda thread: int(thread.id), reverse=True)

    def share_a_guild(self, one: User, other: User) -> bool:
        """Return whether the two are members of the same guild."""
        return any({one.id, other.id} <= guild.members.keys() for guild in self.guilds.values())

    def direct_channel(self, one: User, other: User) -> Channel:
        """Return the direct message channel of two users, created if there is none."""
        pair = {one.id, other.id}
        for channel in self.channels.values():
            if (
                channel.type is ChannelType.DIRECT_MESSAGE
                and {u.id for u in channel.recipients} == pair
            ):
                return channel
        channel = Channel(
            id=self.ids.new(), type=ChannelType.DIRECT_MESSAGE, recipients=[one, other]
        )
        self.channels[channel.id] = channel
        return channel

    def permissions(self, channel: Channel, user_id: str) -> Permission:
        """Return the user's permissions in the channel; none if they are not a member."""
        if channel.guild_id is None:
            is_recipient = any(user.id == user_id for user in channel.recipients)
            return DM_PERMISSIONS if is_recipient else NOTHING
        guild = self.guilds[channel.guild_id]
        member = guild.members.get(user_id)
        if member is None:
            return NOTHING
        owner = self.channels[channel.parent_id or ""] if channel.thread is not None else channel
        granted = channel_permissions(guild, owner, member, sending=channel.send_permission)
        if (
            channel.type is ChannelType.PRIVATE_THREAD
            and channel.thread is not None
            and user_id not in channel.thread.members
            and Permission.MANAGE_THREADS not in granted
        ):
            return NOTHING
        until = member.timed_out_until
        if until is None or until <= self.clock.now() or Permission.ADMINISTRATOR in granted:
            return granted
        return granted & TIMED_OUT

    def guild_permissions(self, guild_id: str, user_id: str) -> Permission:
        """Return the user's permissions in the guild, without channel overwrites."""
        guild = self.guild(guild_id)
        return guild_permissions(guild, self.member(guild_id, user_id))

    def require(self, channel: Channel, user_id: str, *needed: Permission) -> None:
        """Check that the user can see the channel and has all permissions needed.

        Raises:
            ApiError: 403/50001 when they cannot see it, 403/50013 when a permission is missing.
        """
        granted = self.permissions(channel, user_id)
        if Permission.VIEW_CHANNEL not in granted:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        if any(permission not in granted for permission in needed):
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def require_unarchived(self, channel: Channel) -> None:
        """Check that the channel is not an archived thread.

        Raises:
            ApiError: 400/50083.
        """
        if channel.thread is not None and channel.thread.archived:
            raise ApiError(ErrorCode.THREAD_ARCHIVED)

    def can_see(self, user_id: str, message: Message) -> bool:
        """Return whether the user can see the message."""
        if message.visible_to is not None and user_id not in (
            message.visible_to,
            message.author.id,
        ):
            return False
        channel = self.channels[message.channel_id]
        return Permission.VIEW_CHANNEL in self.permissions(channel, user_id)

    def upload_limit(self, channel: Channel) -> int:
        """Return the size of the largest file that may be uploaded to the channel, in bytes."""
        return self.guilds[channel.guild_id].upload_limit if channel.guild_id else 10 * MIB

    def add_guild(self, name: str, owner: User) -> Guild:
        """Add a guild with its @everyone role and its owner as the first member."""
        guild = Guild(id=self.ids.new(), name=name, owner_id=owner.id, created_at=self.clock.now())
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=EVERYONE)
        self.guilds[guild.id] = guild
        self.add_member(guild, owner)
        return guild

    def delete_channel(self, channel: Channel) -> None:
        """Delete the channel with its threads, webhooks and invites."""
        for thread in self.threads_of(channel.id):
            del self.channels[thread.id]
        del self.channels[channel.id]
        self.webhooks = {k: w for k, w in self.webhooks.items() if w.channel_id != channel.id}
        self.invites = {k: i for k, i in self.invites.items() if i.channel_id != channel.id}

    def add_role(self, guild: Guild, name: str, permissions: Permission, *, color: int = 0) -> Role:
        """Add a role above the guild's others."""
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
        """Add the user to the guild with these roles."""
        member = Member(user=user, joined_at=self.clock.now(), roles=[role.id for role in roles])
        guild.members[user.id] = member
        return member

    def add_channel(
        self, guild: Guild, name: str, *, topic: str | None = None, nsfw: bool = False
    ) -> Channel:
        """Add a text channel at the end of the guild's list."""
        channel = Channel(
            id=self.ids.new(),
            type=ChannelType.TEXT,
            name=name,
            guild_id=guild.id,
            topic=topic,
            nsfw=nsfw,
            position=len(self.channels_of(guild.id)),
        )
        self.channels[channel.id] = channel
        return channel
