"""REST routes of custom emoji, a guild's and the application's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Emoji

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Guild

__all__ = ["EmojiRoutes"]

MAX_BYTES, MAX_ROLES, MAX_APPLICATION_EMOJIS = 256 * 1024, 250, 2000
_LIMIT_OF_TIER = (50, 100, 150, 250)
_NAME = re.compile(r"\w{2,32}", re.ASCII)
GIF = "image/gif"


class EmojiRoutes:
    """Routes by which the bot manages emoji."""

    def __init__(self, access: GuildAccess, cdn: Cdn) -> None:
        self._access = access
        self._state = access.state
        self._cdn = cdn

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        own, of_guild = "/applications/{application_id}/emojis", "/guilds/{guild_id}/emojis"
        one = "/{emoji_id}"
        return [
            web.get(own, self._list_own),
            web.post(own, self._create_own),
            web.get(own + one, self._get_own),
            web.patch(own + one, self._edit_own),
            web.delete(own + one, self._delete_own),
            web.get(of_guild, self._list),
            web.post(of_guild, self._create),
            web.get(of_guild + one, self._get),
            web.patch(of_guild + one, self._edit),
            web.delete(of_guild + one, self._delete),
        ]

    def _own_emojis(self, request: web.Request) -> dict[str, Emoji]:
        """Return the application's emoji by id."""
        if path_id(request, "application_id") != self._state.application.id:
            raise ApiError(ErrorCode.MISSING_ACCESS)
        return self._state.application.emojis

    @staticmethod
    def _find(request: web.Request, emojis: dict[str, Emoji]) -> Emoji:
        found = emojis.get(path_id(request, "emoji_id"))
        if found is None:
            raise ApiError(ErrorCode.EMOJI_NOT_FOUND)
        return found

    @staticmethod
    def _read_name(fields: FormFields, default: str | None) -> str:
        name = fields.text("name", default, 2, 32)
        if name and not _NAME.fullmatch(name):
            fields.errors.add(("name",), "STRING_TYPE_REGEX", "String value did not match.")
        return name

    async def _read_new(self, request: web.Request) -> Emoji:
        """Return the emoji that the body describes, stored on the CDN."""
        fields = FormFields(await read_json(request))
        name = self._read_name(fields, None)
        roles = fields.snowflakes("roles", MAX_ROLES)
        if fields.body.get("image") is None:
            fields.errors.required(("image",))
        image = fields.image("image", MAX_BYTES)
        fields.raise_if_any()
        emoji = Emoji(id=self._state.ids.new(), name=name, roles=roles, creator=self._state.bot)
        if image is not None:
            emoji.animated = image.content_type == GIF
            self._cdn.store(f"emojis/{emoji.id}", image.data, image.content_type)
        return emoji

    async def _list_own(self, request: web.Request) -> web.Response:
        emojis = self._own_emojis(request).values()
        return json_response({"items": [serializers.emoji(emoji) for emoji in emojis]})

    async def _get_own(self, request: web.Request) -> web.Response:
        return json_response(serializers.emoji(self._find(request, self._own_emojis(request))))

    async def _create_own(self, request: web.Request) -> web.Response:
        emojis = self._own_emojis(request)
        emoji = await self._read_new(request)
        if len(emojis) >= MAX_APPLICATION_EMOJIS:
            raise ApiError(ErrorCode.TOO_MANY_EMOJIS)
        emojis[emoji.id] = emoji
        return json_response(serializers.emoji(emoji), status=201)

    async def _edit_own(self, request: web.Request) -> web.Response:
        emoji = self._find(request, self._own_emojis(request))
        fields = FormFields(await read_json(request))
        name = self._read_name(fields, emoji.name)
        fields.raise_if_any()
        emoji.name = name
        return json_response(serializers.emoji(emoji))

    async def _delete_own(self, request: web.Request) -> web.Response:
        emojis = self._own_emojis(request)
        emoji = self._find(request, emojis)
        del emojis[emoji.id]
        self._cdn.remove(f"emojis/{emoji.id}")
        return no_content()

    async def _list(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response([serializers.emoji(emoji) for emoji in guild.emojis.values()])

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response(serializers.emoji(self._find(request, guild.emojis)))

    async def _create(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.CREATE_GUILD_EXPRESSIONS)
        emoji = await self._read_new(request)
        alike = [each for each in guild.emojis.values() if each.animated == emoji.animated]
        if len(alike) >= (limit := _LIMIT_OF_TIER[guild.premium_tier]):
            self._cdn.remove(f"emojis/{emoji.id}")
            kind, word = ErrorCode.TOO_MANY_EMOJIS, "emojis"
            if emoji.animated:
                kind, word = ErrorCode.TOO_MANY_ANIMATED_EMOJIS, "animated emojis"
            raise ApiError(kind, message=f"Maximum number of {word} reached ({limit})")
        guild.emojis[emoji.id] = emoji
        self._publish(guild)
        shape = serializers.emoji(emoji)
        after = {"name": emoji.name}
        self._access.log(request, guild, AuditAction.EMOJI_CREATE, emoji.id, after=after)
        return json_response(shape, status=201)

    def _changeable(self, request: web.Request) -> tuple[Guild, Emoji]:
        """Return the guild's emoji, if the bot may manage it or uploaded it."""
        guild = self._access.guild(request)
        emoji = self._find(request, guild.emojis)
        self._access.require_expressions(guild, emoji.creator)
        return guild, emoji

    async def _edit(self, request: web.Request) -> web.Response:
        guild, emoji = self._changeable(request)
        fields = FormFields(await read_json(request))
        name = self._read_name(fields, emoji.name)
        roles = fields.snowflakes("roles", MAX_ROLES) if "roles" in fields else emoji.roles
        fields.raise_if_any()
        before = {"name": emoji.name}
        emoji.name, emoji.roles = name, roles
        self._publish(guild)
        action, after = AuditAction.EMOJI_UPDATE, {"name": name}
        self._access.log(request, guild, action, emoji.id, before=before, after=after)
        return json_response(serializers.emoji(emoji))

    async def _delete(self, request: web.Request) -> web.Response:
        guild, emoji = self._changeable(request)
        del guild.emojis[emoji.id]
        self._cdn.remove(f"emojis/{emoji.id}")
        self._publish(guild)
        before = {"name": emoji.name}
        self._access.log(request, guild, AuditAction.EMOJI_DELETE, emoji.id, before=before)
        return no_content()

    def _publish(self, guild: Guild) -> None:
        emojis = [serializers.emoji(emoji) for emoji in guild.emojis.values()]
        self._access.publish(guild, "GUILD_EMOJIS_UPDATE", {"guild_id": guild.id, "emojis": emojis})
