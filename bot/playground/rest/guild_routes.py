"""REST routes of guilds: read and edit one, its preview, integrations and regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.rest.form_fields import FormFields
from bot.playground.rest.request_parsing import read_json
from bot.playground.rest.responses import json_response
from bot.playground.serializers.guild_objects import integration
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.guild_fields import MUTABLE_FEATURES
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.records import Guild, Json

__all__ = ["GuildRoutes"]

MIN_NAME, MAX_NAME, MAX_DESCRIPTION = 2, 100, 300
_CHOICES: dict[str, tuple[int, ...]] = {
    "verification_level": (0, 1, 2, 3, 4),
    "default_message_notifications": (0, 1),
    "explicit_content_filter": (0, 1, 2),
    "afk_timeout": (60, 300, 900, 1800, 3600),
}
_CHANNELS = (
    "afk_channel_id",
    "system_channel_id",
    "rules_channel_id",
    "safety_alerts_channel_id",
    "public_updates_channel_id",
)


class GuildRoutes:
    """Routes by which the bot reads and edits its guilds."""

    def __init__(self, access: GuildAccess, cdn: Cdn) -> None:
        self._access = access
        self._cdn = cdn

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        guild = "/guilds/{guild_id}"
        return [
            web.get(guild, self._get),
            web.patch(guild, self._edit),
            web.get(guild + "/preview", self._preview),
            web.get(guild + "/integrations", self._integrations),
            web.get(guild + "/regions", self._regions),
            web.get(guild + "/soundboard-sounds", self._sounds),
            web.get("/soundboard-default-sounds", self._default_sounds),
            web.get("/voice/regions", self._voice_regions),
        ]

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        shape = self._access.serializer.guild(guild)
        if request.query.get("with_counts", "").lower() in ("1", "true"):
            shape |= _counts(guild)
        return json_response(shape)

    async def _edit(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.MANAGE_GUILD)
        fields = FormFields(await read_json(request))
        before = self._access.serializer.guild(guild)
        name = fields.text("name", guild.name, MIN_NAME, MAX_NAME)
        settings = dict(guild.settings)
        settings["description"] = fields.optional_text(
            "description", settings["description"], MAX_DESCRIPTION
        )
        settings["preferred_locale"] = fields.text(
            "preferred_locale", settings["preferred_locale"], 2, 8
        )
        for key, choices in _CHOICES.items():
            settings[key] = fields.choice(key, settings[key], choices)
        for key in _CHANNELS:
            settings[key] = fields.snowflake(key, settings[key])
            channel = self._access.state.channels.get(settings[key] or "")
            if settings[key] is not None and (channel is None or channel.guild_id != guild.id):
                fields.errors.add((key,), "CHANNEL_UNKNOWN", "Unknown channel")
        settings["system_channel_flags"] = fields.integer(
            "system_channel_flags", settings["system_channel_flags"], 0, (1 << 31) - 1
        )
        settings["premium_progress_bar_enabled"] = fields.boolean(
            "premium_progress_bar_enabled", settings["premium_progress_bar_enabled"]
        )
        if "features" in fields:
            wanted = fields.errors.read_array(("features",), fields.body["features"])
            granted = [each for each in settings["features"] if each not in MUTABLE_FEATURES]
            settings["features"] = granted + [each for each in MUTABLE_FEATURES if each in wanted]
        icon = fields.image("icon")
        fields.raise_if_any()
        guild.name, guild.settings = name, settings
        if "icon" in fields:
            guild.icon = None
        if icon is not None:
            guild.icon = icon.hash
            self._cdn.store(f"icons/{guild.id}/{guild.icon}", icon.data, icon.content_type)
        shape = self._access.publish(guild, "GUILD_UPDATE", self._access.serializer.guild(guild))
        self._access.log(
            request, guild, AuditAction.GUILD_UPDATE, guild.id, before=before, after=shape
        )
        return json_response(shape)

    async def _preview(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request)
        return json_response(
            {
                "id": guild.id,
                "name": guild.name,
                "icon": guild.icon,
                "description": guild.settings["description"],
                "home_header": None,
                "splash": None,
                "discovery_splash": None,
                "features": guild.settings["features"],
                "emojis": [serializers.emoji(e) for e in guild.emojis.values()],
                "stickers": [serializers.sticker(s, guild.id) for s in guild.stickers.values()],
                **_counts(guild),
            }
        )

    async def _integrations(self, request: web.Request) -> web.Response:
        self._access.guild(request, Permission.MANAGE_GUILD)
        return json_response([integration(self._access.state.application, self._access.state.bot)])

    async def _regions(self, request: web.Request) -> web.Response:
        self._access.guild(request)
        return await self._voice_regions(request)

    async def _voice_regions(self, request: web.Request) -> web.Response:
        region = {"id": "rotterdam", "name": "Rotterdam", "custom": False, "deprecated": False}
        return json_response([{**region, "optimal": True}])

    async def _sounds(self, request: web.Request) -> web.Response:
        self._access.guild(request)
        return json_response({"items": []})

    async def _default_sounds(self, request: web.Request) -> web.Response:
        return json_response([])


def _counts(guild: Guild) -> Json:
    count = len(guild.members)
    return {"approximate_member_count": count, "approximate_presence_count": count}
