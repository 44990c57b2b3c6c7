"""REST routes that find and change members: search, nickname, timeout, roles and removal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, FormErrors, invalid_form
from bot.playground.rest.request_parsing import check_snowflake, integer_query, path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.effective_permissions import top_position
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Guild, Json, Member, Role
    from bot.playground.state.state import State

__all__ = ["MemberRoutes"]

MAX_NICK = 32
MAX_TIMEOUT = timedelta(days=28)


class MemberRoutes:
    """Routes by which the bot manages the members of a guild."""

    def __init__(self, state: State, event_bus: EventBus) -> None:
        self._state = state
        self._event_bus = event_bus

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        guild = "/guilds/{guild_id}"
        member = guild + "/members/{user_id}"
        return [
            web.get(guild + "/members/search", self._search),
            web.patch(member, self._edit),
            web.delete(member, self._kick),
            web.put(member + "/roles/{role_id}", self._add_role),
            web.delete(member + "/roles/{role_id}", self._remove_role),
            web.get(guild + "/roles/{role_id}", self._get_role),
        ]

    def _guild(self, request: web.Request) -> Guild:
        guild = self._state.guild(path_id(request, "guild_id"))
        if self._state.bot.id not in guild.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        return guild

    def _require(self, guild: Guild, *needed: Permission) -> None:
        granted = self._state.guild_permissions(guild.id, self._state.bot.id)
        if any(permission not in granted for permission in needed):
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def _require_above(self, guild: Guild, position: float) -> None:
        """Check that the bot's highest role is above ``position``."""
        if top_position(guild, guild.members[self._state.bot.id]) <= position:
            raise ApiError(ErrorCode.MISSING_PERMISSIONS)

    def _role(self, guild: Guild, role_id: str) -> Role:
        if role_id not in guild.roles:
            raise ApiError(ErrorCode.UNKNOWN_ROLE)
        return guild.roles[role_id]

    async def _search(self, request: web.Request) -> web.Response:
        guild = self._guild(request)
        query = request.query.get("query", "").lower()
        if not query:
            raise invalid_form(("query",), "BASE_TYPE_REQUIRED", "This field is required")
        limit = integer_query(request, "limit", 1, 1, 1000)
        found = [
            serializers.member(member)
            for member in guild.members.values()
            if any(
                (name or "").lower().startswith(query)
                for name in (member.user.name, member.user.global_name, member.nick)
            )
        ]
        return json_response(found[:limit])

    async def _get_role(self, request: web.Request) -> web.Response:
        guild = self._guild(request)
        return json_response(serializers.role(self._role(guild, path_id(request, "role_id"))))

    async def _edit(self, request: web.Request) -> web.Response:
        guild = self._guild(request)
        member = self._state.member(guild.id, path_id(request, "user_id"))
        body = await read_json(request)
        errors = FormErrors()
        nick = str(body.get("nick") or "") or None
        if len(nick or "") > MAX_NICK:
            errors.too_long(("nick",), MAX_NICK)
        until = self._read_timeout(body.get("communication_disabled_until"), errors)
        wanted = [str(i) for i in errors.read_array(("roles",), body.get("roles"))]
        errors.raise_if_any()
        if "nick" in body:
            self._require(guild, Permission.MANAGE_NICKNAMES)
            self._require_above(guild, top_position(guild, member))
        if "communication_disabled_until" in body:
            self._require(guild, Permission.MODERATE_MEMBERS)
            self._require_above(guild, top_position(guild, member))
        if "roles" in body:
            self._require(guild, Permission.MANAGE_ROLES)
            for changed in {*wanted} ^ {*member.roles}:
                self._require_above(guild, self._role(guild, changed).position)
            member.roles = list(dict.fromkeys(wanted))
        if "nick" in body:
            member.nick = nick
        if "communication_disabled_until" in body:
            member.timed_out_until = until
        self._publish_update(guild, member)
        return json_response(serializers.member(member))

    def _read_timeout(self, given: object, errors: FormErrors) -> datetime | None:
        if given is None:
            return None
        path = ("communication_disabled_until",)
        try:
            until = datetime.fromisoformat(str(given))
        except ValueError:
            errors.add(path, "DATE_TIME_TYPE_PARSE", f"Could not parse {given}.")
            return None
        if until.tzinfo is None or until > self._state.clock.now() + MAX_TIMEOUT:
            errors.add(path, "COMMUNICATION_DISABLED_UNTIL_INVALID", "Must be within 28 days.")
        return until

    async def _add_role(self, request: web.Request) -> web.Response:
        guild, member, role = self._member_and_role(request)
        if role.id not in member.roles:
            member.roles.append(role.id)
            self._publish_update(guild, member)
        return no_content()

    async def _remove_role(self, request: web.Request) -> web.Response:
        guild, member, role = self._member_and_role(request)
        if role.id in member.roles:
            member.roles.remove(role.id)
            self._publish_update(guild, member)
        return no_content()

    def _member_and_role(self, request: web.Request) -> tuple[Guild, Member, Role]:
        guild = self._guild(request)
        self._require(guild, Permission.MANAGE_ROLES)
        member = self._state.member(guild.id, path_id(request, "user_id"))
        role = self._role(guild, check_snowflake("role_id", request.match_info["role_id"]))
        self._require_above(guild, role.position)
        return guild, member, role

    async def _kick(self, request: web.Request) -> web.Response:
        guild = self._guild(request)
        self._require(guild, Permission.KICK_MEMBERS)
        member = self._state.member(guild.id, path_id(request, "user_id"))
        self._require_above(guild, top_position(guild, member))
        del guild.members[member.user.id]
        data = {"guild_id": guild.id, "user": serializers.user(member.user)}
        self._event_bus.publish(Event(name="GUILD_MEMBER_REMOVE", data=data, guild_id=guild.id))
        return no_content()

    def _publish_update(self, guild: Guild, member: Member) -> None:
        data: Json = {**serializers.member(member), "guild_id": guild.id}
        self._event_bus.publish(Event(name="GUILD_MEMBER_UPDATE", data=data, guild_id=guild.id))
