"""REST routes of bans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import (
    check_snowflake,
    integer_query,
    path_id,
    read_json,
)
from bot.playground.rest.responses import json_response, no_content
from bot.playground.serializers.guild_objects import ban
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Ban

if TYPE_CHECKING:
    from bot.playground.messages.message_service import MessageService
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Guild, User

__all__ = ["BanRoutes"]

MAX_DELETE_SECONDS, SECONDS_PER_DAY, MAX_BULK = 604_800, 86_400, 200


class BanRoutes:
    """Routes by which the bot bans users."""

    def __init__(self, access: GuildAccess, messages: MessageService) -> None:
        self._access = access
        self._messages = messages

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        guild = "/guilds/{guild_id}"
        one = guild + "/bans/{user_id}"
        return [
            web.get(guild + "/bans", self._list),
            web.get(one, self._get),
            web.put(one, self._create),
            web.delete(one, self._delete),
            web.post(guild + "/bulk-ban", self._create_many),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.BAN_MEMBERS)
        limit = integer_query(request, "limit", 1000, 1, 1000)
        after = int(check_snowflake("after", request.query.get("after", "0")))
        before = int(check_snowflake("before", request.query.get("before", str((1 << 64) - 1))))
        ids = sorted(int(user_id) for user_id in guild.bans if after < int(user_id) < before)
        # With `before` alone the page ends there; otherwise it begins after `after`.
        page = ids[-limit:] if "before" in request.query else ids[:limit]
        return json_response([ban(guild.bans[str(user_id)]) for user_id in page])

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.BAN_MEMBERS)
        return json_response(ban(self._ban(request, guild)))

    def _ban(self, request: web.Request, guild: Guild) -> Ban:
        found = guild.bans.get(path_id(request, "user_id"))
        if found is None:
            raise ApiError(ErrorCode.UNKNOWN_BAN)
        return found

    async def _create(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.BAN_MEMBERS)
        user = self._access.state.user(path_id(request, "user_id"))
        # Clients of earlier versions give the period in the query, which Discord still reads.
        given = {
            name: integer_query(request, name, 0, 0, MAX_DELETE_SECONDS)
            for name in ("delete_message_days", "delete_message_seconds")
            if name in request.query
        }
        fields = FormFields({**given, **await read_json(request)})
        days = fields.integer("delete_message_days", 0, 0, 7)
        seconds = fields.integer(
            "delete_message_seconds", days * SECONDS_PER_DAY, 0, MAX_DELETE_SECONDS
        )
        fields.raise_if_any()
        member = guild.members.get(user.id)
        if member is not None:
            self._access.require_above_member(guild, member)
        self._apply(request, guild, user, seconds)
        return no_content()

    async def _create_many(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.BAN_MEMBERS, Permission.MANAGE_GUILD)
        fields = FormFields(await read_json(request))
        user_ids = fields.snowflakes("user_ids", MAX_BULK)
        seconds = fields.integer("delete_message_seconds", 0, 0, MAX_DELETE_SECONDS)
        if not user_ids:
            fields.errors.bad_length(("user_ids",), 1, MAX_BULK)
        fields.raise_if_any()
        banned = [i for i in user_ids if self._can_ban(guild, i)]
        if not banned:
            raise ApiError(ErrorCode.NOBODY_BANNED)
        for user_id in banned:
            self._apply(request, guild, self._access.state.users[user_id], seconds)
        failed = [i for i in user_ids if i not in banned]
        return json_response({"banned_users": banned, "failed_users": failed})

    def _can_ban(self, guild: Guild, user_id: str) -> bool:
        """Return whether the user is known, not banned yet and not above the bot."""
        if user_id not in self._access.state.users or user_id in guild.bans:
            return False
        member = guild.members.get(user_id)
        if member is None:
            return True
        try:
            self._access.require_above_member(guild, member)
        except ApiError:
            return False
        return True

    def _apply(self, request: web.Request, guild: Guild, user: User, seconds: int) -> None:
        """Ban the user, remove them and delete their messages of the last ``seconds``."""
        shape = {"guild_id": guild.id, "user": serializers.user(user)}
        if user.id not in guild.bans:
            guild.bans[user.id] = Ban(user=user, reason=self._access.reason(request))
            self._access.publish(guild, "GUILD_BAN_ADD", shape)
            self._access.log(request, guild, AuditAction.MEMBER_BAN_ADD, user.id)
        if guild.members.pop(user.id, None) is not None:
            self._access.publish(guild, "GUILD_MEMBER_REMOVE", shape)
        oldest = self._access.state.clock.time() - seconds
        for channel in list(self._access.state.channels.values()):
            sent = [
                message
                for message in channel.messages.values()
                if message.author.id == user.id and message.timestamp.timestamp() > oldest
            ]
            if sent and channel.guild_id == guild.id:
                self._messages.delete_bulk(channel, sent)

    async def _delete(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.BAN_MEMBERS)
        user = self._ban(request, guild).user
        del guild.bans[user.id]
        shape = {"guild_id": guild.id, "user": serializers.user(user)}
        self._access.publish(guild, "GUILD_BAN_REMOVE", shape)
        self._access.log(request, guild, AuditAction.MEMBER_BAN_REMOVE, user.id)
        return no_content()
