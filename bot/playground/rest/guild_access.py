"""What routes of guilds share: lookups with Discord's refusals, events and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.request_parsing import path_id
from bot.playground.serializers.guild_objects import audit_log_entry
from bot.playground.state.audit_entries import AuditLogEntry, changes_between
from bot.playground.state.effective_permissions import top_position
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from aiohttp import web

    from bot.playground.serializers import Serializer
    from bot.playground.state.audit_entries import AuditAction
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Guild, Json, Member, Role, User
    from bot.playground.state.state import State

__all__ = ["GuildAccess"]

MAX_REASON = 512


class GuildAccess:
    """The bot's access to its guilds and channels."""

    def __init__(self, state: State, event_bus: EventBus, serializer: Serializer) -> None:
        self.state = state
        self.serializer = serializer
        self._event_bus = event_bus

    def guild(self, request: web.Request, *needed: Permission) -> Guild:
        """Return the guild of the path.

        Raises:
            ApiError: 404/10004; 403/50001 when the bot is not a member, 403/50013 without a
                permission needed.
        """
        guild = self.state.guild(path_id(request, "guild_id"))
        if self.state.bot.id not in guild.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        self.require(guild, *needed)
        return guild

    def require(self, guild: Guild, *needed: Permission) -> None:
        """Check that the bot has the permissions in the guild.

        Raises:
            ApiError: 403/50013.
        """
        granted = self.state.guild_permissions(guild.id, self.state.bot.id)
        if any(permission not in granted for permission in needed):
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def require_above(self, guild: Guild, position: float) -> None:
        """Check that the bot's highest role is above ``position``.

        Raises:
            ApiError: 403/50013.
        """
        if top_position(guild, guild.members[self.state.bot.id]) <= position:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def require_above_member(self, guild: Guild, member: Member) -> None:
        """Check that the bot's highest role is above the member's.

        Raises:
            ApiError: 403/50013; always for the guild's owner.
        """
        self.require_above(guild, top_position(guild, member))

    def require_own(self, guild: Guild, granted: Permission) -> None:
        """Check that the bot has every permission that it wants to grant.

        Raises:
            ApiError: 403/50013.
        """
        if granted & ~self.state.guild_permissions(guild.id, self.state.bot.id):
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def require_expressions(self, guild: Guild, creator: User | None) -> None:
        """Check that the bot may change an emoji or sticker: any, or one that it uploaded.

        Raises:
            ApiError: 403/50013.
        """
        granted = self.state.guild_permissions(guild.id, self.state.bot.id)
        own = creator is self.state.bot and Permission.CREATE_GUILD_EXPRESSIONS in granted
        if not own and Permission.MANAGE_GUILD_EXPRESSIONS not in granted:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def role(self, guild: Guild, role_id: str) -> Role:
        """Return the guild's role.

        Raises:
            ApiError: 404/10011.
        """
        if role_id not in guild.roles:
            raise ApiError(ErrorCode.UNKNOWN_ROLE)
        return guild.roles[role_id]

    def channel(self, request: web.Request, *needed: Permission) -> Channel:
        """Return the channel of the path.

        Raises:
            ApiError: 404/10003; 403/50001 when the bot cannot see it, 403/50013 without a
                permission needed.
        """
        channel = self.state.channel(path_id(request, "channel_id"))
        self.state.require(channel, self.state.bot.id, *needed)
        return channel

    def guild_channel(self, request: web.Request, *needed: Permission) -> tuple[Channel, Guild]:
        """Return the channel of the path, which is no direct message, and its guild.

        Raises:
            ApiError: as `channel`; 400/50024 for a direct message.
        """
        channel = self.channel(request, *needed)
        if channel.guild_id is None:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        return channel, self.state.guilds[channel.guild_id]

    def publish(
        self,
        guild: Guild,
        name: str,
        data: Json,
        *,
        channel: Channel | None = None,
        needs: Permission | None = None,
    ) -> Json:
        """Publish an event of the guild and return its data.

        Args:
            guild: the guild.
            name: Discord's name of the event.
            data: its payload.
            channel: the channel that its receivers must see.
            needs: the permission that its receivers need.
        """
        event = Event(name=name, data=data, channel=channel, guild_id=guild.id, needs=needs)
        self._event_bus.publish(event)
        return data

    def publish_member(self, guild: Guild, member: Member) -> None:
        """Publish GUILD_MEMBER_UPDATE."""
        data = {**serializers.member(member), "guild_id": guild.id}
        self.publish(guild, "GUILD_MEMBER_UPDATE", data)

    @staticmethod
    def reason(request: web.Request) -> str | None:
        """Return the reason for the audit log that the request gives."""
        return unquote(request.headers.get("X-Audit-Log-Reason", ""))[:MAX_REASON] or None

    def log(
        self,
        request: web.Request,
        guild: Guild,
        action: AuditAction,
        target_id: str | None,
        *,
        before: Json | None = None,
        after: Json | None = None,
        changes: list[Json] | None = None,
        options: dict[str, str] | None = None,
    ) -> None:
        """Write an entry to the guild's audit log.

        Args:
            request: the request, which may give a reason.
            guild: the guild.
            action: what was done.
            target_id: id of what it was done to.
            before: the object as it was, and
            after: as it is; their differences are listed.
            changes: the differences, where they are no fields of an object.
            options: Discord's further facts about such actions.
        """
        entry = AuditLogEntry(
            id=self.state.ids.new(),
            action=action,
            user_id=self.state.bot.id,
            target_id=target_id,
            reason=self.reason(request),
            changes=changes_between(before, after) if changes is None else changes,
            options=options or {},
        )
        guild.audit_log.append(entry)
        self.publish(
            guild,
            "GUILD_AUDIT_LOG_ENTRY_CREATE",
            {**audit_log_entry(entry), "guild_id": guild.id},
            needs=Permission.VIEW_AUDIT_LOG,
        )
