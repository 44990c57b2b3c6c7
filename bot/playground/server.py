"""The playground: one loopback port that serves REST, gateway, CDN and the chat page."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Self

from aiohttp import web

from bot.playground.cdn import Cdn
from bot.playground.default_scene import create_default_scene
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.faults import Faults
from bot.playground.gateway.gateway_server import Gateway
from bot.playground.interactions.command_registry import CommandRegistry
from bot.playground.interactions.interaction_builder import InteractionBuilder
from bot.playground.interactions.interaction_service import InteractionService
from bot.playground.member_actions import MemberActions
from bot.playground.messages.message_service import MessageService
from bot.playground.messages.poll_service import PollService
from bot.playground.messages.reaction_service import ReactionService
from bot.playground.messages.thread_service import ThreadService
from bot.playground.page.page_feed import PageFeed
from bot.playground.page.page_routes import PageRoutes
from bot.playground.rest.audit_log_routes import AuditLogRoutes
from bot.playground.rest.ban_routes import BanRoutes
from bot.playground.rest.channel_routes import ChannelRoutes
from bot.playground.rest.command_routes import CommandRoutes
from bot.playground.rest.emoji_routes import EmojiRoutes
from bot.playground.rest.guild_access import GuildAccess
from bot.playground.rest.guild_routes import GuildRoutes
from bot.playground.rest.interaction_routes import InteractionRoutes
from bot.playground.rest.invite_routes import InviteRoutes
from bot.playground.rest.member_routes import MemberRoutes
from bot.playground.rest.message_routes import MessageRoutes
from bot.playground.rest.middleware import API_PREFIXES, Middlewares
from bot.playground.rest.overwrite_routes import OverwriteRoutes
from bot.playground.rest.pin_routes import PinRoutes
from bot.playground.rest.rate_limits import RateLimiter
from bot.playground.rest.request_parsing import MAX_REQUEST
from bot.playground.rest.role_routes import RoleRoutes
from bot.playground.rest.route_table import complete_routes
from bot.playground.rest.sticker_routes import StickerRoutes
from bot.playground.rest.thread_list_routes import ThreadListRoutes
from bot.playground.rest.thread_member_routes import ThreadMemberRoutes
from bot.playground.rest.thread_routes import ThreadRoutes
from bot.playground.rest.user_routes import UserRoutes
from bot.playground.rest.webhook_message_routes import WebhookMessageRoutes
from bot.playground.rest.webhook_routes import WebhookRoutes
from bot.playground.scene_file import load_scene, save_scene
from bot.playground.serializers import Serializer
from bot.playground.state.clock import Clock
from bot.playground.state.event_bus import EventBus
from bot.playground.state.state import State

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

__all__ = ["Playground"]


class Playground(MemberActions):
    """A local Discord with a default scene; act in it with its methods or on its page.

    Args:
        host: a loopback address.
        port: 0 picks a free port.
        members: number of members in the guild.
        token: the bot's token; random if None.
        rate_limit_scale: factor of the rate limits; 1 is Discord's, 0 disables them.
        nsfw: whether the scene's stylize channel is age-restricted.
        scene_file: a file that `save_scene` wrote, instead of the default scene.
        fixed_at: the time at which its clock stands until a test advances it, so that ids and
            timestamps repeat; the wall clock's if None.

    Raises:
        OSError: the scene cannot be read.
        ValueError: the host is no loopback address, or the file is no scene.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        members: int = 3,
        token: str | None = None,
        rate_limit_scale: float = 1.0,
        nsfw: bool = False,
        scene_file: Path | None = None,
        fixed_at: datetime | None = None,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError(f"the playground listens on loopback only, not on {host}")
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.clock = Clock(fixed_at)
        self.state = State(self.clock)
        self.event_bus = EventBus()
        self.faults = Faults()
        self.rate_limiter = RateLimiter(rate_limit_scale)
        self.cdn = Cdn(self.clock, self.faults)
        self.serializer = Serializer(self.state, self.cdn)
        self.threads = ThreadService(self.state, self.event_bus, self.serializer)
        self.messages = MessageService(self.state, self.event_bus, self.cdn, self.threads)
        self.reactions = ReactionService(self.state, self.event_bus)
        self.polls = PollService(self.state, self.event_bus)
        self.commands = CommandRegistry(self.state)
        self.interactions = InteractionService(
            self.state, self.event_bus, self.messages, self.serializer
        )
        self.interaction_builder = InteractionBuilder(
            self.state, self.messages, self.interactions, self.commands, self.serializer
        )
        self.page_feed = PageFeed(self.state, self.event_bus, self.serializer)
        self.gateway = Gateway(self.state, self.event_bus, self.serializer, self.faults)
        if scene_file is None:
            self.scene = create_default_scene(
                self.state, self.cdn, members=members, token=token, nsfw=nsfw
            )
        else:
            self.scene = load_scene(self.state, self.cdn, scene_file)
            self.state.application.token = token or self.bot_token
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
        """The bot's token."""
        return self.state.application.token

    def save_scene(self, path: Path) -> None:
        """Write the state to a file, from which another playground can start.

        Raises:
            OSError: the file cannot be written.
        """
        save_scene(self.state, self.cdn, path)

    async def start(self) -> None:
        """Start listening and set ``url``.

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
        """Close every connection and stop listening."""
        self.faults.clear()
        self.interactions.close()
        await self.page_feed.close()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def rest_routes(self) -> list[web.RouteDef]:
        """Return the implemented routes, relative to the API's base path."""
        state, serializer = self.state, self.serializer
        access = GuildAccess(state, self.event_bus, serializer)
        threads = ThreadRoutes(access, self.event_bus, self.messages, self.threads)
        interactions = InteractionRoutes(state, self.interactions, self.messages, serializer)
        webhook_messages = WebhookMessageRoutes(
            state, self.messages, self.threads, serializer, self.cdn
        )
        return [
            *MessageRoutes(state, self.messages, self.reactions, self.polls, access).routes(),
            *PinRoutes(access, self.event_bus).routes(),
            *UserRoutes(state, self.event_bus, serializer, self.cdn, self.gateway).routes(),
            *GuildRoutes(access, self.cdn).routes(),
            *RoleRoutes(access).routes(),
            *MemberRoutes(state, access).routes(),
            *BanRoutes(access, self.messages).routes(),
            *ChannelRoutes(access, threads).routes(),
            *OverwriteRoutes(access).routes(),
            *threads.routes(),
            *ThreadMemberRoutes(access, self.threads).routes(),
            *ThreadListRoutes(access, self.threads).routes(),
            *InviteRoutes(access).routes(),
            *AuditLogRoutes(access).routes(),
            *EmojiRoutes(access, self.cdn).routes(),
            *StickerRoutes(access, self.cdn).routes(),
            *interactions.routes(),
            *WebhookRoutes(access, self.cdn, lambda: f"{self.url}{API_PREFIXES[0]}").routes(),
            *webhook_messages.routes(interactions),
            *CommandRoutes(state, self.commands).routes(),
        ]

    def _application(self) -> web.Application:
        middlewares = Middlewares(self.state, self.faults, self.rate_limiter)
        app = web.Application(middlewares=[middlewares.local_only], client_max_size=MAX_REQUEST)
        app.add_routes(self.cdn.routes())
        app.add_routes(PageRoutes(self, self.gateway, self.page_feed, self.faults).routes())

        async def gateway(request: web.Request) -> web.StreamResponse:
            return await middlewares.apply_faults(request, self.gateway.serve)

        app.router.add_get("/gateway", gateway)
        app.router.add_get("/gateway/", gateway)
        for prefix in API_PREFIXES:
            api = web.Application(
                middlewares=[middlewares.apply_faults, middlewares.enforce_api_rules],
                client_max_size=MAX_REQUEST,
            )
            api.add_routes(complete_routes(self.rest_routes()))
            app.add_subapp(prefix, api)

        async def unknown_version(_: web.Request) -> web.StreamResponse:
            raise ApiError(ErrorCode.INVALID_API_VERSION)

        app.router.add_route("*", "/api/{rest:.*}", unknown_version)
        return app
