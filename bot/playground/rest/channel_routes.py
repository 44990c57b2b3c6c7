"""REST routes of a guild's channels: list, create, edit, move and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode, FormErrors, invalid_form
from bot.playground.rest.channel_fields import (
    change_channel,
    default_settings,
    read_overwrites,
)
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import read_json, read_list
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import NOTHING, Permission
from bot.playground.state.records import Channel, ChannelType, Overwrite

if TYPE_CHECKING:
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.rest.thread_routes import ThreadRoutes
    from bot.playground.state.records import Guild, Json

__all__ = ["ChannelRoutes"]

MAX_CHANNELS = 500
_CREATABLE = (
    ChannelType.TEXT,
    ChannelType.VOICE,
    ChannelType.CATEGORY,
    ChannelType.ANNOUNCEMENT,
    ChannelType.STAGE,
    ChannelType.FORUM,
)
_CONVERTIBLE = (ChannelType.TEXT, ChannelType.ANNOUNCEMENT)


class ChannelRoutes:
    """Routes by which the bot manages a guild's channels; those of threads are passed on."""

    def __init__(self, access: GuildAccess, threads: ThreadRoutes) -> None:
        self._access = access
        self._state = access.state
        self._threads = threads

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        channel, channels = "/channels/{channel_id}", "/guilds/{guild_id}/channels"
        return [
            web.get(channels, self._list),
            web.post(channels, self._create),
            web.patch(channels, self._move),
            web.get(channel, self._get),
            web.patch(channel, self._edit),
            web.delete(channel, self._delete),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        channels = self._state.channels_of(guild.id)
        return json_response([self._access.serializer.channel(channel) for channel in channels])

    async def _get(self, request: web.Request) -> web.Response:
        channel = self._access.channel(request)
        bot_id = self._state.bot.id
        return json_response(self._access.serializer.channel(channel, for_user=bot_id))

    async def _create(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_CHANNELS)
        siblings = self._state.channels_of(guild.id)
        if len(siblings) >= MAX_CHANNELS:
            raise ApiError(ErrorCode.TOO_MANY_CHANNELS)
        fields = FormFields(await read_json(request))
        kind = ChannelType(fields.choice("type", ChannelType.TEXT, _CREATABLE))
        overwrites = read_overwrites(fields)
        channel = Channel(
            id=self._state.ids.new(),
            type=kind,
            guild_id=guild.id,
            position=len(siblings),
            settings=default_settings(kind),
        )
        parent = self._read_parent(guild, channel, fields)
        change_channel(channel, fields, self._state.ids)
        self._require_grantable(guild, overwrites)
        channel.parent_id = parent.id if parent else None
        channel.overwrites = overwrites
        if parent is not None and not overwrites:
            channel.overwrites = dict(parent.overwrites)
        self._state.channels[channel.id] = channel
        shape = self._publish(guild, "CHANNEL_CREATE", channel)
        self._access.log(request, guild, AuditAction.CHANNEL_CREATE, channel.id, after=shape)
        return json_response(shape, status=201)

    async def _edit(self, request: web.Request) -> web.Response:
        channel, guild = self._access.guild_channel(request)
        if channel.thread is not None:
            return await self._threads.edit(request, guild, channel, channel.thread)
        self._state.require(channel, self._state.bot.id, Permission.MANAGE_CHANNELS)
        fields = FormFields(await read_json(request))
        before = self._access.serializer.channel(channel)
        parent_id = channel.parent_id
        if "parent_id" in fields:
            parent = self._read_parent(guild, channel, fields)
            parent_id = parent.id if parent else None
        overwrites = read_overwrites(fields) if "permission_overwrites" in fields else None
        kind = channel.type
        if channel.type in _CONVERTIBLE:
            kind = ChannelType(fields.choice("type", channel.type, _CONVERTIBLE))
        fields.raise_if_any()
        if overwrites is not None:
            self._state.require(channel, self._state.bot.id, Permission.MANAGE_ROLES)
            self._require_grantable(guild, overwrites)
        change_channel(channel, fields, self._state.ids)
        channel.type, channel.parent_id = kind, parent_id
        if overwrites is not None:
            channel.overwrites = overwrites
        shape = self._publish(guild, "CHANNEL_UPDATE", channel)
        action = AuditAction.CHANNEL_UPDATE
        self._access.log(request, guild, action, channel.id, before=before, after=shape)
        return json_response(shape)

    async def _move(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_CHANNELS)
        errors = FormErrors()
        moves: list[tuple[Channel, Json, int]] = []
        for index, item in enumerate(await read_list(request)):
            channel = self._state.channel(str(item.get("id")))
            if channel.guild_id != guild.id or channel.thread is not None:
                raise ApiError(ErrorCode.UNKNOWN_CHANNEL)
            position = errors.read_integer((index, "position"), item.get("position"))
            moves.append((channel, item, position))
        errors.raise_if_any()
        for channel, item, position in moves:
            if "parent_id" in item:
                parent = self._read_parent(guild, channel, FormFields(item))
                channel.parent_id = parent.id if parent else None
                if parent is not None and item.get("lock_permissions"):
                    channel.overwrites = dict(parent.overwrites)
            if item.get("position") is not None:
                channel.position = position
        for channel, _, _ in moves:
            self._publish(guild, "CHANNEL_UPDATE", channel)
        return no_content()

    async def _delete(self, request: web.Request) -> web.Response:
        channel, guild = self._access.guild_channel(request)
        if channel.thread is not None:
            return self._threads.delete(request, guild, channel)
        self._state.require(channel, self._state.bot.id, Permission.MANAGE_CHANNELS)
        shape = self._access.serializer.channel(channel)
        self._state.delete_channel(channel)
        self._access.publish(guild, "CHANNEL_DELETE", shape)
        for child in self._state.channels_of(guild.id):
            if child.parent_id == channel.id:
                child.parent_id = None
                self._publish(guild, "CHANNEL_UPDATE", child)
        self._access.log(request, guild, AuditAction.CHANNEL_DELETE, channel.id, before=shape)
        return json_response(shape)

    def _read_parent(self, guild: Guild, channel: Channel, fields: FormFields) -> Channel | None:
        """Return the category that the body puts the channel into."""
        parent_id = fields.snowflake("parent_id", None)
        if parent_id is None:
            return None
        parent = self._state.channels.get(parent_id)
        if parent is None or parent.guild_id != guild.id or parent.type is not ChannelType.CATEGORY:
            raise invalid_form(("parent_id",), "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
        if channel.type is ChannelType.CATEGORY:
            raise invalid_form(
                ("parent_id",), "CHANNEL_PARENT_INVALID", "Categories cannot have parents"
            )
        return parent

    def _require_grantable(self, guild: Guild, overwrites: dict[str, Overwrite]) -> None:
        """Check that the bot has every permission that the overwrites allow or deny."""
        named = NOTHING
        for overwrite in overwrites.values():
            named |= overwrite.allow | overwrite.deny
        self._access.require_own(guild, named)

    def _publish(self, guild: Guild, name: str, channel: Channel) -> Json:
        # Without `channel`, so that users who can no longer see it receive the event too.
        return self._access.publish(guild, name, self._access.serializer.channel(channel))
