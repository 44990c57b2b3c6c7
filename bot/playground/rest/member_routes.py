"""REST routes that find and change members: search, nickname, timeout, roles and removal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, invalid_form
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import integer_query, path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.errors import FormErrors
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Guild, Json, Member, Role
    from bot.playground.state.state import State

__all__ = ["MemberRoutes"]

MAX_NICK, MAX_ROLES = 32, 250
MAX_TIMEOUT = timedelta(days=28)
_VOICE_FIELDS = ("mute", "deaf", "channel_id")


class MemberRoutes:
    """Routes by which the bot finds and manages the members of a guild."""

    def __init__(self, state: State, access: GuildAccess) -> None:
        self._state = state
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        members = "/guilds/{guild_id}/members"
        member = members + "/{user_id}"
        return [
            web.get(members, self._list),
            web.get(members + "/search", self._search),
            web.patch(members + "/@me", self._edit_own),
            web.get(member, self._get),
            web.patch(member, self._edit),
            web.delete(member, self._kick),
            web.put(member + "/roles/{role_id}", self._add_role),
            web.delete(member + "/roles/{role_id}", self._remove_role),
        ]

    def _member(self, request: web.Request, guild: Guild) -> Member:
        return self._state.member(guild.id, path_id(request, "user_id"))

    async def _list(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        if not self._state.application.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        limit = integer_query(request, "limit", 1, 1, 1000)
        after = integer_query(request, "after", 0, 0, 1 << 64)
        members = sorted(guild.members.values(), key=lambda m: int(m.user.id))
        page = [m for m in members if int(m.user.id) > after][:limit]
        return json_response([serializers.member(m) for m in page])

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response(serializers.member(self._member(request, guild)))

    async def _search(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
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

    async def _edit_own(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        member = guild.members[self._state.bot.id]
        fields = FormFields(await read_json(request))
        nick = fields.optional_text("nick", member.nick, MAX_NICK)
        fields.raise_if_any()
        if nick != member.nick:
            self._access.require(guild, Permission.CHANGE_NICKNAME)
            before, member.nick = serializers.member(member), nick
            self._publish_changes(request, guild, member, before)
        return json_response(serializers.member(member))

    async def _edit(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        member = self._member(request, guild)
        fields = FormFields(await read_json(request))
        nick = fields.optional_text("nick", None, MAX_NICK)
        until = self._read_timeout(fields.body.get("communication_disabled_until"), fields.errors)
        wanted = fields.snowflakes("roles", MAX_ROLES)
        fields.raise_if_any()
        if "nick" in fields:
            self._access.require(guild, Permission.MANAGE_NICKNAMES)
            self._access.require_above_member(guild, member)
        if "communication_disabled_until" in fields:
            self._access.require(guild, Permission.MODERATE_MEMBERS)
            self._access.require_above_member(guild, member)
            granted = self._state.guild_permissions(guild.id, member.user.id)
            if until is not None and Permission.ADMINISTRATOR in granted:
                raise ApiError(ErrorCode.MISSING_PERMISSIONS)
        if "roles" in fields:
            self._access.require(guild, Permission.MANAGE_ROLES)
            for changed in {*wanted} ^ {*member.roles}:
                self._access.require_above(guild, self._access.role(guild, changed).position)
        if any(fields.body.get(name) is not None for name in _VOICE_FIELDS):
            raise ApiError(ErrorCode.NOT_IN_VOICE)  # there are no voice connections
        before = serializers.member(member)
        if "nick" in fields:
            member.nick = nick
        if "communication_disabled_until" in fields:
            member.timed_out_until = until
        if "roles" in fields:
            self._set_roles(request, guild, member, wanted)
        self._publish_changes(request, guild, member, before)
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
            self._set_roles(request, guild, member, [*member.roles, role.id])
            self._access.publish_member(guild, member)
        return no_content()

    async def _remove_role(self, request: web.Request) -> web.Response:
        guild, member, role = self._member_and_role(request)
        if role.id in member.roles:
            kept = [each for each in member.roles if each != role.id]
            self._set_roles(request, guild, member, kept)
            self._access.publish_member(guild, member)
        return no_content()

    def _member_and_role(self, request: web.Request) -> tuple[Guild, Member, Role]:
        guild = self._access.guild(request, Permission.MANAGE_ROLES)
        member = self._member(request, guild)
        role = self._access.role(guild, path_id(request, "role_id"))
        self._access.require_above(guild, role.position)
        if role.managed or role.id == guild.id:
            raise ApiError(ErrorCode.INVALID_ROLE)
        return guild, member, role

    def _set_roles(
        self, request: web.Request, guild: Guild, member: Member, wanted: list[str]
    ) -> None:
        """Give the member these roles, with an entry in the audit log."""
        changes = []
        for key, ids in (
            ("$add", [i for i in wanted if i not in member.roles]),
            ("$remove", [i for i in member.roles if i not in wanted]),
        ):
            if ids:
                named = [{"id": i, "name": guild.roles[i].name} for i in ids]
                changes.append({"key": key, "new_value": named})
        member.roles = wanted
        if changes:
            action = AuditAction.MEMBER_ROLE_UPDATE
            self._access.log(request, guild, action, member.user.id, changes=changes)

    async def _kick(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.KICK_MEMBERS)
        member = self._member(request, guild)
        self._access.require_above_member(guild, member)
        del guild.members[member.user.id]
        data = {"guild_id": guild.id, "user": serializers.user(member.user)}
        self._access.publish(guild, "GUILD_MEMBER_REMOVE", data)
        self._access.log(request, guild, AuditAction.MEMBER_KICK, member.user.id)
        return no_content()

    def _publish_changes(
        self, request: web.Request, guild: Guild, member: Member, before: Json
    ) -> None:
        """Publish the changed member; log what changed, other than its roles."""
        self._access.publish_member(guild, member)
        after = serializers.member(member) | {"roles": before["roles"]}
        if after != before:
            action = AuditAction.MEMBER_UPDATE
            self._access.log(request, guild, action, member.user.id, before=before, after=after)
