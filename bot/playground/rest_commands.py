"""REST: registering application commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.bodies import read_json, read_list
from bot.playground.errors import ApiError, Code
from bot.playground.rest import answer, no_content, snowflake

if TYPE_CHECKING:
    from bot.playground.commands import Commands
    from bot.playground.records import Json
    from bot.playground.state import State

__all__ = ["RestCommands"]


class RestCommands:
    """Global commands and those of one guild, on the same handlers."""

    def __init__(self, state: State, commands: Commands) -> None:
        self._state = state
        self._commands = commands

    def routes(self) -> list[web.RouteDef]:
        """The routes, from behind the API's version."""
        found: list[web.RouteDef] = []
        for scope in ("", "/guilds/{guild_id}"):
            every = f"/applications/{{application_id}}{scope}/commands"
            if scope:  # before the route of one command, whose id it would be taken for
                found.append(web.get(every + "/permissions", self._permissions))
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
        if snowflake(request, "application_id") != self._state.application.id:
            raise ApiError(Code.MISSING_ACCESS)
        if "guild_id" not in request.match_info:
            return None
        guild = self._state.guild(snowflake(request, "guild_id"))
        if self._state.bot.id not in guild.members:
            raise ApiError(Code.MISSING_ACCESS)
        return guild.id

    def _command(self, request: web.Request) -> Json:
        return self._commands.get(snowflake(request, "command_id"), self._scope(request))

    async def _list(self, request: web.Request) -> web.Response:
        return answer(self._commands.listed(self._scope(request)))

    async def _replace_all(self, request: web.Request) -> web.Response:
        scope = self._scope(request)
        return answer(self._commands.replace_all(await read_list(request), scope))

    async def _create(self, request: web.Request) -> web.Response:
        scope = self._scope(request)
        command, new = self._commands.upsert(await read_json(request), scope)
        return answer(command, status=201 if new else 200)

    async def _get(self, request: web.Request) -> web.Response:
        return answer(self._command(request))

    async def _change(self, request: web.Request) -> web.Response:
        command = self._command(request)
        return answer(self._commands.change(command, await read_json(request)))

    async def _delete(self, request: web.Request) -> web.Response:
        self._commands.remove(self._command(request))
        return no_content()

    async def _permissions(self, request: web.Request) -> web.Response:
        self._scope(request)
        return answer([])
