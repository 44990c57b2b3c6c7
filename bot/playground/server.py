"""The playground as a whole: one loopback port that is a Discord to whoever connects."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Self

from aiohttp import web

from bot.playground.acting import Acting
from bot.playground.bodies import MAX_REQUEST
from bot.playground.cdn import Cdn
from bot.playground.clock import Clock
from bot.playground.commands import Commands
from bot.playground.faults import Faults
from bot.playground.gate import API, Gate
from bot.playground.gateway import Gateway
from bot.playground.hub import Hub
from bot.playground.interactions import Interactions
from bot.playground.invoke import Invoke
from bot.playground.limits import Limits
from bot.playground.live import Live
from bot.playground.messages import Messages
from bot.playground.page_api import PageApi
from bot.playground.reactions import Reactions
from bot.playground.rest_commands import RestCommands
from bot.playground.rest_guilds import RestGuilds
from bot.playground.rest_interactions import RestInteractions
from bot.playground.rest_messages import RestMessages
from bot.playground.seed import seed
from bot.playground.state import State
from bot.playground.wire import Wire

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Playground"]


class Playground(Acting):
    """A local Discord with a seeded guild; act in it through its methods, or on its page.

    Args:
        host: a loopback address.
        port: 0 for any that is free.
        members: people in the guild.
        token: the bot's token; made up when not given.
        limits: scale of the rate limits; 1 is Discord's, 0 is none.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        members: int = 3,
        token: str | None = None,
        limits: float = 1.0,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the playground listens on loopback only, not on {host}")
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.clock = Clock()
        self.state = State(self.clock)
        self.hub = Hub()
        self.faults = Faults()
        self.limits = Limits(limits)
        self.cdn = Cdn(self.clock, self.faults)
        self.wire = Wire(self.state, self.cdn)
        self.messages = Messages(self.state, self.hub, self.cdn)
        self.reactions = Reactions(self.state, self.hub)
        self.commands = Commands(self.state)
        self.interactions = Interactions(self.state, self.hub, self.messages, self.wire)
        self.invoke = Invoke(self.state, self.messages, self.interactions, self.commands, self.wire)
        self.live = Live(self.state, self.hub, self.wire)
        self.gateway = Gateway(self.state, self.hub, self.wire, self.faults)
        self.seeded = seed(self.state, self.cdn, members=members, token=token)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def bot_token(self) -> str:
        """The token the bot logs in with."""
        return self.state.application.token

    async def start(self) -> None:
        """Listen; from here on ``url`` is known.

        Raises:
            OSError: the port is taken.
        """
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=5.0)
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, self._host, self._port).start()
        port = runner.addresses[0][1]
        name = f"[{self._host}]" if ":" in self._host else self._host
        self.url = self.cdn.base_url = f"http://{name}:{port}"
        self.gateway.url = f"ws://{name}:{port}/gateway"

    async def close(self) -> None:
        """Let go of every connection and stop listening."""
        self.faults.clear()
        self.interactions.close()
        await self.live.close()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        gate = Gate(self.state, self.faults, self.limits)
        app = web.Application(middlewares=[gate.local_only], client_max_size=MAX_REQUEST)
        api = web.Application(middlewares=[gate.weather, gate.discord], client_max_size=MAX_REQUEST)
        rest_messages = RestMessages(self.state, self.hub, self.messages, self.reactions, self.wire)
        api.add_routes(rest_messages.routes())
        api.add_routes(RestGuilds(self.state, self.wire, self.cdn, self.gateway).routes())
        api.add_routes(
            RestInteractions(self.state, self.interactions, self.messages, self.wire).routes()
        )
        api.add_routes(RestCommands(self.state, self.commands).routes())
        app.add_routes(self.cdn.routes())
        app.add_routes(PageApi(self).routes())

        async def gateway(request: web.Request) -> web.StreamResponse:
            return await gate.weather(request, self.gateway.serve)

        app.router.add_get("/gateway", gateway)
        app.router.add_get("/gateway/", gateway)
        app.add_subapp(API, api)
        return app
