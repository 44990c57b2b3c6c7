"""REST routes of a channel's permission overwrites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode, FormErrors
from bot.playground.rest.channel_fields import read_overwrite
from bot.playground.rest.request_parsing import path_id, read_json
from bot.playground.rest.responses import no_content
from bot.playground.serializers.channel_objects import overwrite as serialize
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Channel, Guild, Overwrite

__all__ = ["OverwriteRoutes"]


class OverwriteRoutes:
    """Routes by which the bot sets and deletes overwrites, of permissions that it has itself."""

    def __init__(self, access: GuildAccess) -> None:
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        overwrite = "/channels/{channel_id}/permissions/{overwrite_id}"
        return [web.put(overwrite, self._set), web.delete(overwrite, self._delete)]

    def _channel(self, request: web.Request) -> tuple[Channel, Guild]:
        channel, guild = self._access.guild_channel(request, Permission.MANAGE_ROLES)
        if channel.thread is not None:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        return channel, guild

    async def _set(self, request: web.Request) -> web.Response:
        channel, guild = self._channel(request)
        errors = FormErrors()
        overwrite = read_overwrite(
            await read_json(request), path_id(request, "overwrite_id"), errors
        )
        errors.raise_if_any()
        self._access.require_own(guild, overwrite.allow | overwrite.deny)
        before = channel.overwrites.get(overwrite.id)
        channel.overwrites[overwrite.id] = overwrite
        self._publish(request, guild, channel, before=before, after=overwrite)
        return no_content()

    async def _delete(self, request: web.Request) -> web.Response:
        channel, guild = self._channel(request)
        before = channel.overwrites.pop(path_id(request, "overwrite_id"), None)
        if before is None:
            raise ApiError(ErrorCode.UNKNOWN_OVERWRITE)
        self._publish(request, guild, channel, before=before)
        return no_content()

    def _publish(
        self,
        request: web.Request,
        guild: Guild,
        channel: Channel,
        *,
        before: Overwrite | None = None,
        after: Overwrite | None = None,
    ) -> None:
        # Without `channel`, so that users who can no longer see it receive the event too.
        shape = self._access.serializer.channel(channel)
        self._access.publish(guild, "CHANNEL_UPDATE", shape)
        subject = after or before
        if subject is None:
            return
        action = AuditAction.CHANNEL_OVERWRITE_UPDATE
        if before is None:
            action = AuditAction.CHANNEL_OVERWRITE_CREATE
        if after is None:
            action = AuditAction.CHANNEL_OVERWRITE_DELETE
        options = {"id": subject.id, "type": str(subject.type)}
        if subject.type == 0 and subject.id in guild.roles:
            options["role_name"] = guild.roles[subject.id].name
        self._access.log(
            request,
            guild,
            action,
            channel.id,
            before=serialize(before) if before else None,
            after=serialize(after) if after else None,
            options=options,
        )
