"""REST routes of the bot itself, guilds, members, roles, channels and custom emoji."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, invalid_form
from bot.playground.media_files import dimensions
from bot.playground.rest.request_parsing import integer_query, path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Emoji

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.gateway.gateway_server import Gateway
    from bot.playground.serializers import Serializer
    from bot.playground.state.records import Guild, Json
    from bot.playground.state.state import State

__all__ = ["GuildRoutes"]

MAX_EMOJI_BYTES = 256 * 1024
_DATA_URI = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,(.+)", re.DOTALL)
_EMOJI_NAME = re.compile(r"\w{2,32}", re.ASCII)


class GuildRoutes:
    """Routes by which a bot reads itself and its guilds, and manages its emoji."""

    def __init__(self, state: State, serializer: Serializer, cdn: Cdn, gateway: Gateway) -> None:
        self._state = state
        self._serializer = serializer
        self._cdn = cdn
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        emojis = "/applications/{application_id}/emojis"
        return [
            web.get("/gateway", self._gateway_url),
            web.get("/gateway/bot", self._gateway_bot),
            web.get("/users/@me", self._me),
            web.get("/users/@me/guilds", self._my_guilds),
            web.post("/users/@me/channels", self._open_direct),
            web.get("/users/{user_id}", self._user),
            web.get("/applications/@me", self._application),
            web.get("/oauth2/applications/@me", self._application),
            web.get("/guilds/{guild_id}", self._guild),
            web.get("/guilds/{guild_id}/channels", self._channels),
            web.get("/guilds/{guild_id}/roles", self._roles),
            web.get("/guilds/{guild_id}/emojis", self._emojis),
            web.get("/guilds/{guild_id}/members", self._members),
            web.get("/guilds/{guild_id}/members/{user_id}", self._member),
            web.get("/guilds/{guild_id}/soundboard-sounds", self._sounds),
            web.get("/soundboard-default-sounds", self._default_sounds),
            web.get("/channels/{channel_id}", self._channel),
            web.get(emojis, self._application_emojis),
            web.post(emojis, self._create_emoji),
            web.get(emojis + "/{emoji_id}", self._application_emoji),
            web.delete(emojis + "/{emoji_id}", self._delete_emoji),
        ]

    def _bot_guild(self, request: web.Request) -> Guild:
        guild = self._state.guild(path_id(request, "guild_id"))
        if self._state.bot.id not in guild.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        return guild

    def _check_application(self, request: web.Request) -> None:
        if path_id(request, "application_id") != self._state.application.id:
            raise ApiError(ErrorCode.MISSING_ACCESS)

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

    async def _me(self, request: web.Request) -> web.Response:
        return json_response(
            {
                **serializers.user(self._state.bot),
                "mfa_enabled": True,
                "locale": "en-US",
                "email": None,
                "verified": True,
                "premium_type": 0,
            }
        )

    async def _my_guilds(self, request: web.Request) -> web.Response:
        bot_id = self._state.bot.id
        return json_response(
            [
                {
                    "id": guild.id,
                    "name": guild.name,
                    "icon": None,
                    "banner": None,
                    "owner": guild.owner_id == bot_id,
                    "permissions": str(int(self._state.guild_permissions(guild.id, bot_id))),
                    "features": [],
                }
                for guild in self._state.guilds.values()
                if bot_id in guild.members
            ]
        )

    async def _open_direct(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        recipient = self._state.user(str(body.get("recipient_id")))
        if recipient.bot:
            raise ApiError(ErrorCode.CANNOT_SEND_TO_USER)
        channel = self._state.direct_channel(self._state.bot, recipient)
        return json_response(self._serializer.channel(channel, for_user=self._state.bot.id))

    async def _user(self, request: web.Request) -> web.Response:
        return json_response(serializers.user(self._state.user(path_id(request, "user_id"))))

    async def _application(self, request: web.Request) -> web.Response:
        application = self._state.application
        return json_response(
            {
                "id": application.id,
                "name": application.name,
                "icon": None,
                "description": "",
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

    async def _guild(self, request: web.Request) -> web.Response:
        guild = self._bot_guild(request)
        shape = self._serializer.guild(guild)
        if request.query.get("with_counts", "").lower() in ("1", "true"):
            shape["approximate_member_count"] = len(guild.members)
            shape["approximate_presence_count"] = len(guild.members)
        return json_response(shape)

    async def _channels(self, request: web.Request) -> web.Response:
        guild = self._bot_guild(request)
        return json_response(
            [self._serializer.channel(c) for c in self._state.channels_of(guild.id)]
        )

    async def _roles(self, request: web.Request) -> web.Response:
        return json_response([serializers.role(r) for r in self._bot_guild(request).roles.values()])

    async def _emojis(self, request: web.Request) -> web.Response:
        return json_response(
            [serializers.emoji(e) for e in self._bot_guild(request).emojis.values()]
        )

    async def _sounds(self, request: web.Request) -> web.Response:
        self._bot_guild(request)
        return json_response({"items": []})

    async def _default_sounds(self, request: web.Request) -> web.Response:
        return json_response([])

    async def _members(self, request: web.Request) -> web.Response:
        guild = self._bot_guild(request)
        if not self._state.application.members:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        limit = integer_query(request, "limit", 1, 1, 1000)
        after = integer_query(request, "after", 0, 0, 1 << 64)
        members = sorted(guild.members.values(), key=lambda m: int(m.user.id))
        page = [m for m in members if int(m.user.id) > after][:limit]
        return json_response([serializers.member(m) for m in page])

    async def _member(self, request: web.Request) -> web.Response:
        guild = self._bot_guild(request)
        return json_response(
            serializers.member(self._state.member(guild.id, path_id(request, "user_id")))
        )

    async def _channel(self, request: web.Request) -> web.Response:
        channel = self._state.channel(path_id(request, "channel_id"))
        self._state.require(channel, self._state.bot.id, Permission.VIEW_CHANNEL)
        return json_response(self._serializer.channel(channel, for_user=self._state.bot.id))

    async def _application_emojis(self, request: web.Request) -> web.Response:
        self._check_application(request)
        return json_response(
            {"items": [self._emoji(e) for e in self._application_emoji_by_id.values()]}
        )

    async def _application_emoji(self, request: web.Request) -> web.Response:
        self._check_application(request)
        return json_response(self._emoji(self._find_emoji(request)))

    async def _create_emoji(self, request: web.Request) -> web.Response:
        self._check_application(request)
        body = await read_json(request)
        name = str(body.get("name", ""))
        if not _EMOJI_NAME.fullmatch(name):
            raise invalid_form(("name",), "STRING_TYPE_REGEX", "String value did not match.")
        match = _DATA_URI.fullmatch(str(body.get("image", "")))
        if match is None:
            raise invalid_form(("image",), "IMAGE_INVALID", "Invalid image data")
        try:
            data = base64.b64decode(match[2], validate=True)
        except binascii.Error:
            data = b""
        if dimensions(data) is None:
            raise invalid_form(("image",), "IMAGE_INVALID", "Invalid image data")
        if len(data) > MAX_EMOJI_BYTES:
            raise invalid_form(
                ("image",), "BINARY_TYPE_MAX_SIZE", "File cannot be larger than 256.0 kb."
            )
        emoji = Emoji(id=self._state.ids.new(), name=name, animated=match[1] == "image/gif")
        self._application_emoji_by_id[emoji.id] = emoji
        self._cdn.store(f"emojis/{emoji.id}", data, match[1])
        return json_response(self._emoji(emoji), status=201)

    async def _delete_emoji(self, request: web.Request) -> web.Response:
        self._check_application(request)
        found = self._find_emoji(request)
        del self._application_emoji_by_id[found.id]
        self._cdn.remove(f"emojis/{found.id}")
        return no_content()

    @property
    def _application_emoji_by_id(self) -> dict[str, Emoji]:
        return self._state.application.emojis

    def _find_emoji(self, request: web.Request) -> Emoji:
        found = self._application_emoji_by_id.get(path_id(request, "emoji_id"))
        if found is None:
            raise ApiError(ErrorCode.UNKNOWN_EMOJI)
        return found

    def _emoji(self, record: Emoji) -> Json:
        return {**serializers.emoji(record), "user": serializers.user(self._state.bot)}
