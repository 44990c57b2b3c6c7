"""REST routes of stickers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, invalid_form
from bot.playground.media_files import dimensions
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import path_id, read_body, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Sticker, StickerFormat

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Guild

__all__ = ["StickerRoutes"]

MAX_BYTES, MAX_SIDE = 512 * 1024, 320
MIN_NAME, MAX_NAME, MAX_DESCRIPTION, MAX_TAGS = 2, 30, 100, 200
_LIMIT_OF_TIER = (5, 15, 30, 60)
_CONTENT_TYPES = {StickerFormat.LOTTIE: "application/json", StickerFormat.GIF: "image/gif"}


class StickerRoutes:
    """Routes by which the bot manages a guild's stickers."""

    def __init__(self, access: GuildAccess, cdn: Cdn) -> None:
        self._access = access
        self._state = access.state
        self._cdn = cdn

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        of_guild = "/guilds/{guild_id}/stickers"
        one = of_guild + "/{sticker_id}"
        return [
            web.get(of_guild, self._list),
            web.post(of_guild, self._create),
            web.get(one, self._get),
            web.patch(one, self._edit),
            web.delete(one, self._delete),
            web.get("/stickers/{sticker_id}", self._get_anywhere),
            web.get("/sticker-packs", self._packs),
        ]

    @staticmethod
    def _find(request: web.Request, guild: Guild) -> Sticker:
        found = guild.stickers.get(path_id(request, "sticker_id"))
        if found is None:
            raise ApiError(ErrorCode.UNKNOWN_STICKER)
        return found

    async def _packs(self, request: web.Request) -> web.Response:
        return json_response({"sticker_packs": []})

    async def _list(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        stickers = guild.stickers.values()
        return json_response([serializers.sticker(each, guild.id) for each in stickers])

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response(serializers.sticker(self._find(request, guild), guild.id))

    async def _get_anywhere(self, request: web.Request) -> web.Response:
        sticker_id = path_id(request, "sticker_id")
        for guild in self._state.guilds.values():
            if sticker_id in guild.stickers:
                shape = serializers.sticker(guild.stickers[sticker_id], guild.id)
                shape.pop("user", None)
                return json_response(shape)
        raise ApiError(ErrorCode.UNKNOWN_STICKER)

    async def _create(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.CREATE_GUILD_EXPRESSIONS)
        if len(guild.stickers) >= (limit := _LIMIT_OF_TIER[guild.premium_tier]):
            message = f"Maximum number of stickers reached ({limit})"
            raise ApiError(ErrorCode.TOO_MANY_STICKERS, message=message)
        body = await read_body(request)
        fields = FormFields(body.payload)
        sticker = Sticker(
            id=self._state.ids.new(),
            name=fields.text("name", None, MIN_NAME, MAX_NAME),
            description=fields.optional_text("description", None, MAX_DESCRIPTION) or "",
            tags=fields.text("tags", None, 1, MAX_TAGS),
            format=StickerFormat.PNG,
            creator=self._state.bot,
        )
        upload = next(iter(body.uploads.values()), None)
        if upload is None:
            fields.errors.required(("file",))
        fields.raise_if_any()
        data = upload.data if upload else b""
        sticker.format = _format_of(data)
        guild.stickers[sticker.id] = sticker
        content_type = _CONTENT_TYPES.get(sticker.format, "image/png")
        self._cdn.store(f"stickers/{sticker.id}", data, content_type)
        self._publish(guild)
        after = {"name": sticker.name, "tags": sticker.tags, "description": sticker.description}
        self._access.log(request, guild, AuditAction.STICKER_CREATE, sticker.id, after=after)
        return json_response(serializers.sticker(sticker, guild.id), status=201)

    def _changeable(self, request: web.Request) -> tuple[Guild, Sticker]:
        """Return the guild's sticker, if the bot may manage it or uploaded it."""
        guild = self._access.guild(request)
        sticker = self._find(request, guild)
        self._access.require_expressions(guild, sticker.creator)
        return guild, sticker

    async def _edit(self, request: web.Request) -> web.Response:
        guild, sticker = self._changeable(request)
        fields = FormFields(await read_json(request))
        before = {"name": sticker.name, "tags": sticker.tags, "description": sticker.description}
        name = fields.text("name", sticker.name, MIN_NAME, MAX_NAME)
        description = fields.optional_text("description", sticker.description, MAX_DESCRIPTION)
        tags = fields.text("tags", sticker.tags, 1, MAX_TAGS)
        fields.raise_if_any()
        sticker.name, sticker.description, sticker.tags = name, description or "", tags
        self._publish(guild)
        after = {"name": name, "tags": tags, "description": sticker.description}
        action = AuditAction.STICKER_UPDATE
        self._access.log(request, guild, action, sticker.id, before=before, after=after)
        return json_response(serializers.sticker(sticker, guild.id))

    async def _delete(self, request: web.Request) -> web.Response:
        guild, sticker = self._changeable(request)
        del guild.stickers[sticker.id]
        self._cdn.remove(f"stickers/{sticker.id}")
        self._publish(guild)
        before = {"name": sticker.name}
        self._access.log(request, guild, AuditAction.STICKER_DELETE, sticker.id, before=before)
        return no_content()

    def _publish(self, guild: Guild) -> None:
        stickers = [serializers.sticker(each, guild.id) for each in guild.stickers.values()]
        data = {"guild_id": guild.id, "stickers": stickers}
        self._access.publish(guild, "GUILD_STICKERS_UPDATE", data)


def _format_of(data: bytes) -> StickerFormat:
    """Return the format of a sticker's file.

    Raises:
        ApiError: 400/50046 when it is none, 400/50035 when it is too large.
    """
    if len(data) > MAX_BYTES:
        raise invalid_form(
            ("file",), "BINARY_TYPE_MAX_SIZE", "File cannot be larger than 512.0 kb."
        )
    if data.startswith((b"GIF87a", b"GIF89a")):
        return StickerFormat.GIF
    size = dimensions(data)
    if data.startswith(b"\x89PNG") and size is not None:
        if max(size) > MAX_SIDE:
            raise invalid_form(
                ("file",), "STICKER_DIMENSIONS", f"At most {MAX_SIDE} x {MAX_SIDE} pixels."
            )
        return StickerFormat.APNG if b"acTL" in data[:100] else StickerFormat.PNG
    try:
        animation = json.loads(data)
    except (ValueError, RecursionError):
        animation = None
    if isinstance(animation, dict) and "layers" in animation:
        return StickerFormat.LOTTIE
    raise ApiError(ErrorCode.INVALID_FILE)
