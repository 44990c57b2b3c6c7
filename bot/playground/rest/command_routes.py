"""REST routes of application commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.request_parsing import path_id, read_json, read_list
from bot.playground.rest.responses import json_response, no_content

if TYPE_CHECKING:
    from bot.playground.interactions.command_registry import CommandRegistry
    from bot.playground.state.records import Json
    from bot.playground.state.state import State

__all__ = ["CommandRoutes"]


class CommandRoutes:
    """Routes of global and guild commands, with shared handlers."""

    def __init__(self, state: State, commands: CommandRegistry) -> None:
        self._state = state
        self._commands = commands

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        found: list[web.RouteDef] = []
        for scope in ("", "/guilds/{guild_id}"):
            every = f"/applications/{{application_id}}{scope}/commands"
            if scope:  # before the route of one command, which would match it too
                one = every + "/{command_id}/permissions"
                found += [
                    web.get(every + "/permissions", self._list_permissions),
                    web.get(one, self._get_permissions),
                    web.put(one, self._set_permissions),
                ]
            found += [
                web.get(every, self._list),
                web.put(every, self._replace_all),
                web.post(every, self._create),
                web.get(every + "/{command_id}", self._get),
                web.patch(every + "/{command_id}", self._change),
                web.delete(every + "/{command_id}", self._delete),
            ]
        return found

    def _scope(self, request: web.Request) -> str | None:
        if path_id(request, "application_id") != self._state.application.id:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        if "guild_id" not in request.match_info:
            return None
        guild = self._state.guild(path_id(request, "guild_id"))
        if self._state.bot.id not in guild.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        return guild.id

    def _command(self, request: web.Request) -> Json:
        return self._commands.get(path_id(request, "command_id"), self._scope(request))

    async def _list(self, request: web.Request) -> web.Response:
        return json_response(self._commands.list_commands(self._scope(request)))

    async def _replace_all(self, request: web.Request) -> web.Response:
        scope = self._scope(request)
        return json_response(self._commands.replace_all(await read_list(request), scope))

    async def _create(self, request: web.Request) -> web.Response:
        scope = self._scope(request)
        command, new = self._commands.upsert(await read_json(request), scope)
        return json_response(command, status=201 if new else 200)

    async def _get(self, request: web.Request) -> web.Response:
        return json_response(self._command(request))

    async def _change(self, request: web.Request) -> web.Response:
        command = self._command(request)
        return json_response(self._commands.update(command, await read_json(request)))

    async def _delete(self, request: web.Request) -> web.Response:
        self._commands.remove(self._command(request))
        return no_content()

    async def _list_permissions(self, request: web.Request) -> web.Response:
        guild_id = self._scope(request)
        return json_response(
            [
                self._serialize(owner, guild_id)
                for owner_guild, owner in self._state.command_permissions
                if owner_guild == guild_id
            ]
        )

    async def _get_permissions(self, request: web.Request) -> web.Response:
        guild_id = self._scope(request)
        owner = path_id(request, "command_id")
        if (guild_id, owner) not in self._state.command_permissions:
            raise ApiError(ErrorCode.UNKNOWN_COMMAND_PERMISSIONS)
        return json_response(self._serialize(owner, guild_id))

    async def _set_permissions(self, request: web.Request) -> web.Response:
        # Discord lets administrators do this, with their own token.
        raise ApiError(ErrorCode.BOTS_NOT_ALLOWED)

    def _serialize(self, owner: str, guild_id: str | None) -> Json:
        return self._commands.serialize_permissions(owner, guild_id or "")
