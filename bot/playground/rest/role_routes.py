"""REST routes of a guild's roles: create, edit, move, delete and count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, FormErrors
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import path_id, read_json, read_list
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Role

if TYPE_CHECKING:
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Guild, Json

__all__ = ["RoleRoutes"]

MAX_ROLES, MAX_NAME, MAX_COLOR = 250, 100, 0xFFFFFF


class RoleRoutes:
    """Routes by which the bot manages roles below its own highest one."""

    def __init__(self, access: GuildAccess) -> None:
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        roles = "/guilds/{guild_id}/roles"
        role = roles + "/{role_id}"
        return [
            web.get(roles, self._list),
            web.post(roles, self._create),
            web.patch(roles, self._move),
            web.get(roles + "/member-counts", self._count_members),
            web.get(role, self._get),
            web.patch(role, self._edit),
            web.delete(role, self._delete),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response([serializers.role(role) for role in guild.roles.values()])

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        role = self._access.role(guild, path_id(request, "role_id"))
        return json_response(serializers.role(role))

    async def _count_members(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response(
            {
                role_id: sum(role_id in member.roles for member in guild.members.values())
                for role_id in guild.roles
                if role_id != guild.id
            }
        )

    async def _create(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_ROLES)
        if len(guild.roles) >= MAX_ROLES:
            raise ApiError(ErrorCode.TOO_MANY_ROLES)
        role = Role(
            id=self._access.state.ids.new(),
            name="new role",
            permissions=guild.roles[guild.id].permissions,
            position=1,
        )
        self._change(guild, role, await read_json(request))
        above = [each for each in guild.roles.values() if each.id != guild.id]
        guild.roles[role.id] = role
        shape = self._publish(guild, "GUILD_ROLE_CREATE", role)
        for each in above:
            each.position += 1
            self._publish(guild, "GUILD_ROLE_UPDATE", each)
        self._access.log(request, guild, AuditAction.ROLE_CREATE, role.id, after=shape)
        return json_response(shape)

    async def _edit(self, request: web.Request) -> web.Response:
        guild, role = self._manageable(request)
        before = serializers.role(role)
        self._change(guild, role, await read_json(request))
        shape = self._publish(guild, "GUILD_ROLE_UPDATE", role)
        self._access.log(
            request, guild, AuditAction.ROLE_UPDATE, role.id, before=before, after=shape
        )
        return json_response(shape)

    async def _delete(self, request: web.Request) -> web.Response:
        guild, role = self._manageable(request)
        if role.id == guild.id or role.managed:
            raise ApiError(ErrorCode.INVALID_ROLE)
        del guild.roles[role.id]
        for member in guild.members.values():
            if role.id in member.roles:
                member.roles.remove(role.id)
                self._access.publish_member(guild, member)
        for channel in self._access.state.channels_of(guild.id):
            channel.overwrites.pop(role.id, None)
        self._access.publish(guild, "GUILD_ROLE_DELETE", {"guild_id": guild.id, "role_id": role.id})
        before = serializers.role(role)
        self._access.log(request, guild, AuditAction.ROLE_DELETE, role.id, before=before)
        return no_content()

    async def _move(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_ROLES)
        errors = FormErrors()
        wanted: dict[str, int] = {}
        for index, item in enumerate(await read_list(request)):
            role = self._access.role(guild, str(item.get("id")))
            wanted[role.id] = errors.read_integer((index, "position"), item.get("position"))
        errors.raise_if_any()
        for role_id, position in wanted.items():
            self._access.require_above(guild, max(guild.roles[role_id].position, position))
        ordered = sorted(
            (role for role in guild.roles.values() if role.id != guild.id),
            key=lambda role: _order(role, wanted.get(role.id, role.position)),
        )
        for position, role in enumerate(ordered, 1):
            if role.position != position:
                before = serializers.role(role)
                role.position = position
                after = self._publish(guild, "GUILD_ROLE_UPDATE", role)
                if role.id in wanted:
                    self._access.log(
                        request, guild, AuditAction.ROLE_UPDATE, role.id, before=before, after=after
                    )
        return json_response([serializers.role(role) for role in guild.roles.values()])

    def _manageable(self, request: web.Request) -> tuple[Guild, Role]:
        guild = self._access.guild(request, Permission.MANAGE_ROLES)
        role = self._access.role(guild, path_id(request, "role_id"))
        self._access.require_above(guild, role.position)
        return guild, role

    def _change(self, guild: Guild, role: Role, body: Json) -> None:
        fields = FormFields(body)
        name = fields.optional_text("name", role.name, MAX_NAME) or role.name
        color = fields.integer("color", role.color, 0, MAX_COLOR)
        colors = FormFields(fields.errors.read_object(("colors",), body.get("colors")))
        color = colors.integer("primary_color", color, 0, MAX_COLOR)
        fields.errors.merge(colors.errors)
        permissions = role.permissions
        if body.get("permissions") is not None:
            bits = fields.errors.read_permissions(("permissions",), body["permissions"])
            permissions = Permission(bits)
        hoist = fields.boolean("hoist", role.hoist)
        mentionable = fields.boolean("mentionable", role.mentionable)
        unicode_emoji = fields.optional_text("unicode_emoji", role.unicode_emoji, MAX_NAME)
        fields.raise_if_any()
        self._access.require_own(guild, permissions ^ role.permissions)
        role.name, role.color, role.permissions = name, color, permissions
        role.hoist, role.mentionable, role.unicode_emoji = hoist, mentionable, unicode_emoji

    def _publish(self, guild: Guild, name: str, role: Role) -> Json:
        shape = serializers.role(role)
        self._access.publish(guild, name, {"guild_id": guild.id, "role": shape})
        return shape


def _order(role: Role, wanted: int) -> tuple[int, int, int]:
    """Sort a moved role before the one whose position it takes, or after it if it moves up."""
    return wanted, (wanted > role.position) - (wanted < role.position), int(role.id)
