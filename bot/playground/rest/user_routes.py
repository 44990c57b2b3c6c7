"""REST routes of the bot's own account, its application, and other users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.event_bus import Event

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.gateway.gateway_server import Gateway
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Json
    from bot.playground.state.state import State

__all__ = ["UserRoutes"]

MIN_NAME, MAX_NAME, MAX_DESCRIPTION = 2, 32, 400


class UserRoutes:
    """Routes by which the bot reads and edits itself, and finds users."""

    def __init__(
        self,
        state: State,
        event_bus: EventBus,
        serializer: Serializer,
        cdn: Cdn,
        gateway: Gateway,
    ) -> None:
        self._state = state
        self._event_bus = event_bus
        self._serializer = serializer
        self._cdn = cdn
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        return [
            web.get("/gateway", self._gateway_url),
            web.get("/gateway/bot", self._gateway_bot),
            web.get("/users/@me", self._get_me),
            web.patch("/users/@me", self._edit_me),
            web.get("/users/@me/guilds", self._my_guilds),
            web.delete("/users/@me/guilds/{guild_id}", self._leave_guild),
            web.post("/users/@me/channels", self._open_direct),
            web.get("/users/{user_id}", self._user),
            web.get("/applications/@me", self._get_application),
            web.patch("/applications/@me", self._edit_application),
            web.get("/oauth2/applications/@me", self._get_application),
        ]

    async def _gateway_url(self, request: web.Request) -> web.Response:
        return json_response({"url": self._gateway.url})

    async def _gateway_bot(self, request: web.Request) -> web.Response:
        return json_response(
            {
                "url": self._gateway.url,
                "shards": self._state.application.shards,
                "session_start_limit": {
                    "total": 1000,
                    "remaining": 1000,
                    "reset_after": 0,
                    "max_concurrency": 16,
                },
            }
        )

    def _own_user(self) -> Json:
        return {
            **serializers.user(self._state.bot),
            "mfa_enabled": True,
            "email": None,
            "verified": True,
        }

    async def _get_me(self, request: web.Request) -> web.Response:
        return json_response({**self._own_user(), "locale": "en-US", "premium_type": 0})

    async def _edit_me(self, request: web.Request) -> web.Response:
        bot = self._state.bot
        fields = FormFields(await read_json(request))
        name = fields.text("username", bot.name, MIN_NAME, MAX_NAME)
        avatar, banner = fields.image("avatar"), fields.image("banner")
        fields.raise_if_any()
        bot.name = name
        if "avatar" in fields:
            bot.avatar = avatar.hash if avatar else None
        if "banner" in fields:
            bot.banner = banner.hash if banner else None
        for folder, image in (("avatars", avatar), ("banners", banner)):
            if image is not None:
                path = f"{folder}/{bot.id}/{image.hash}"
                self._cdn.store(path, image.data, image.content_type)
        self._event_bus.publish(Event(name="USER_UPDATE", data=self._own_user(), only_for=bot.id))
        return await self._get_me(request)

    async def _my_guilds(self, request: web.Request) -> web.Response:
        bot_id = self._state.bot.id
        return json_response(
            [
                {
                    "id": guild.id,
                    "name": guild.name,
                    "icon": guild.icon,
                    "banner": None,
                    "owner": guild.owner_id == bot_id,
                    "permissions": str(int(self._state.guild_permissions(guild.id, bot_id))),
                    "features": guild.settings["features"],
                }
                for guild in self._state.guilds.values()
                if bot_id in guild.members
            ]
        )

    async def _leave_guild(self, request: web.Request) -> web.Response:
        guild = self._state.guild(path_id(request, "guild_id"))
        if guild.members.pop(self._state.bot.id, None) is None:
            raise ApiError(ErrorCode.UNKNOWN_GUILD)
        data = {"id": guild.id}
        self._event_bus.publish(Event(name="GUILD_DELETE", data=data, guild_id=guild.id))
        return no_content()

    async def _open_direct(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        recipient = self._state.user(str(body.get("recipient_id")))
        if recipient.bot:
            raise ApiError(ErrorCode.CANNOT_SEND_TO_USER)
        channel = self._state.direct_channel(self._state.bot, recipient)
        return json_response(self._serializer.channel(channel, for_user=self._state.bot.id))

    async def _user(self, request: web.Request) -> web.Response:
        return json_response(serializers.user(self._state.user(path_id(request, "user_id"))))

    async def _edit_application(self, request: web.Request) -> web.Response:
        application = self._state.application
        fields = FormFields(await read_json(request))
        description = fields.optional_text("description", application.description, MAX_DESCRIPTION)
        fields.raise_if_any()
        application.description = description or ""
        return await self._get_application(request)

    async def _get_application(self, request: web.Request) -> web.Response:
        application = self._state.application
        return json_response(
            {
                "id": application.id,
                "name": application.name,
                "icon": None,
                "description": application.description,
                "summary": "",
                "type": None,
                "bot": serializers.user(self._state.bot),
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "flags": application.flags,
                "flags_new": str(application.flags),
                "redirect_uris": [],
                "interactions_endpoint_url": None,
                "role_connections_verification_url": None,
                "owner": serializers.user(application.owner),
                "approximate_guild_count": len(self._state.guilds),
                "approximate_user_install_count": 0,
                "approximate_user_authorization_count": 0,
                "explicit_content_filter": 0,
                "team": None,
                "eligible_oauth2_scopes": [],
                "integration_types_config": {"0": {}},
            }
        )
