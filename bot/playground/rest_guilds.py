"""REST: the bot itself, guilds, members, roles, channels, custom emoji."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import wire
from bot.playground.bodies import read_json
from bot.playground.errors import ApiError, Code, invalid_form
from bot.playground.permissions import Permission
from bot.playground.pictures import dimensions
from bot.playground.records import Emoji
from bot.playground.rest import answer, integer_query, no_content, snowflake

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.gateway import Gateway
    from bot.playground.records import Guild, Json
    from bot.playground.state import State
    from bot.playground.wire import Wire

__all__ = ["RestGuilds"]

MAX_EMOJI_BYTES = 256 * 1024
_DATA_URI = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,(.+)", re.DOTALL)
_EMOJI_NAME = re.compile(r"\w{2,32}", re.ASCII)


class RestGuilds:
    """What a bot looks up about itself and the places it is in."""

    def __init__(self, state: State, rendered: Wire, cdn: Cdn, gateway: Gateway) -> None:
        self._state = state
        self._wire = rendered
        self._cdn = cdn
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        """The routes, from behind the API's version."""
        emojis = "/applications/{application_id}/emojis"
        return [
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
            web.get("/channels/{channel_id}", self._channel),
            web.get(emojis, self._application_emojis),
            web.post(emojis, self._create_emoji),
            web.get(emojis + "/{emoji_id}", self._application_emoji),
            web.delete(emojis + "/{emoji_id}", self._delete_emoji),
        ]

    def _mine(self, request: web.Request) -> Guild:
        guild = self._state.guild(snowflake(request, "guild_id"))
        if self._state.bot.id not in guild.members:
            raise ApiError(Code.MISSING_ACCESS)
        return guild

    def _own(self, request: web.Request) -> None:
        if snowflake(request, "application_id") != self._state.application.id:
            raise ApiError(Code.MISSING_ACCESS)

    async def _gateway_bot(self, request: web.Request) -> web.Response:
        return answer(
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
        return answer(
            {
                **wire.user(self._state.bot),
                "mfa_enabled": True,
                "locale": "en-US",
                "email": None,
                "verified": True,
                "premium_type": 0,
            }
        )

    async def _my_guilds(self, request: web.Request) -> web.Response:
        bot_id = self._state.bot.id
        return answer(
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
            raise ApiError(Code.CANNOT_SEND_TO_USER)
        channel = self._state.direct_channel(self._state.bot, recipient)
        return answer(self._wire.channel(channel, for_user=self._state.bot.id))

    async def _user(self, request: web.Request) -> web.Response:
        return answer(wire.user(self._state.user(snowflake(request, "user_id"))))

    async def _application(self, request: web.Request) -> web.Response:
        application = self._state.application
        return answer(
            {
                "id": application.id,
                "name": application.name,
                "icon": None,
                "description": "",
                "type": None,
                "bot": wire.user(self._state.bot),
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "0" * 64,
                "flags": application.flags,
                "flags_new": str(application.flags),
                "redirect_uris": [],
                "interactions_endpoint_url": None,
                "role_connections_verification_url": None,
                "owner": wire.user(application.owner),
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
        guild = self._mine(request)
        shape = self._wire.guild(guild)
        if request.query.get("with_counts", "").lower() in ("1", "true"):
            shape["approximate_member_count"] = len(guild.members)
            shape["approximate_presence_count"] = len(guild.members)
        return answer(shape)

    async def _channels(self, request: web.Request) -> web.Response:
        guild = self._mine(request)
        return answer([self._wire.channel(c) for c in self._state.channels_of(guild.id)])

    async def _roles(self, request: web.Request) -> web.Response:
        return answer([wire.role(r) for r in self._mine(request).roles.values()])

    async def _emojis(self, request: web.Request) -> web.Response:
        return answer([wire.emoji(e) for e in self._mine(request).emojis.values()])

    async def _members(self, request: web.Request) -> web.Response:
        guild = self._mine(request)
        if not self._state.application.members:
            raise ApiError(Code.MISSING_ACCESS)
        limit = integer_query(request, "limit", 1, 1, 1000)
        after = integer_query(request, "after", 0, 0, 1 << 64)
        members = sorted(guild.members.values(), key=lambda m: int(m.user.id))
        page = [m for m in members if int(m.user.id) > after][:limit]
        return answer([wire.member(m) for m in page])

    async def _member(self, request: web.Request) -> web.Response:
        guild = self._mine(request)
        return answer(wire.member(self._state.member(guild.id, snowflake(request, "user_id"))))

    async def _channel(self, request: web.Request) -> web.Response:
        channel = self._state.channel(snowflake(request, "channel_id"))
        self._state.require(channel, self._state.bot.id, Permission.VIEW_CHANNEL)
        return answer(self._wire.channel(channel, for_user=self._state.bot.id))

    async def _application_emojis(self, request: web.Request) -> web.Response:
        self._own(request)
        return answer({"items": [self._emoji(e) for e in self._own_emojis.values()]})

    async def _application_emoji(self, request: web.Request) -> web.Response:
        self._own(request)
        return answer(self._emoji(self._find_emoji(request)))

    async def _create_emoji(self, request: web.Request) -> web.Response:
        self._own(request)
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
        made = Emoji(id=self._state.ids.new(), name=name, animated=match[1] == "image/gif")
        self._own_emojis[made.id] = made
        self._cdn.keep(f"emojis/{made.id}", data, match[1])
        return answer(self._emoji(made), status=201)

    async def _delete_emoji(self, request: web.Request) -> web.Response:
        self._own(request)
        found = self._find_emoji(request)
        del self._own_emojis[found.id]
        self._cdn.forget(f"emojis/{found.id}")
        return no_content()

    @property
    def _own_emojis(self) -> dict[str, Emoji]:
        return self._state.application.emojis

    def _find_emoji(self, request: web.Request) -> Emoji:
        found = self._own_emojis.get(snowflake(request, "emoji_id"))
        if found is None:
            raise ApiError(Code.UNKNOWN_EMOJI)
        return found

    def _emoji(self, record: Emoji) -> Json:
        return {**wire.emoji(record), "user": wire.user(self._state.bot)}
