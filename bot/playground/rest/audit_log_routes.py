"""The REST route of a guild's audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground import serializers
from bot.playground.rest.request_parsing import check_snowflake, integer_query
from bot.playground.rest.responses import json_response
from bot.playground.serializers.guild_objects import audit_log_entry, integration, webhook
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.audit_entries import AuditLogEntry
    from bot.playground.state.records import Guild, Json

__all__ = ["AuditLogRoutes"]

MAX_PAGE = 100


class AuditLogRoutes:
    """The route by which the bot reads what was done to its guild."""

    def __init__(self, access: GuildAccess) -> None:
        self._access = access
        self._state = access.state

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        return [web.get("/guilds/{guild_id}/audit-logs", self._get)]

    async def _get(self, request: web.Request) -> web.Response:
        guild = self._access.guild(request, Permission.VIEW_AUDIT_LOG)
        limit = integer_query(request, "limit", 50, 1, MAX_PAGE)
        action = integer_query(request, "action_type", 0, 0, 1 << 16)
        ids = {
            name: check_snowflake(name, request.query[name])
            for name in ("user_id", "target_id", "before", "after")
            if name in request.query
        }
        found = [
            entry
            for entry in guild.audit_log
            if action in (0, entry.action)
            and ids.get("user_id") in (None, entry.user_id)
            and ids.get("target_id") in (None, entry.target_id)
            and int(ids.get("after", -1)) < int(entry.id) < int(ids.get("before", 1 << 64))
        ]
        # From `after` on the oldest come first; otherwise the newest do.
        page = found[:limit] if "after" in ids else found[::-1][:limit]
        return json_response(self._serialize(guild, page))

    def _serialize(self, guild: Guild, entries: list[AuditLogEntry]) -> Json:
        """Return the entries with what they refer to."""
        state = self._state
        named = {entry.user_id for entry in entries} | {entry.target_id for entry in entries}
        application = state.application
        threads = [
            channel for channel in state.channels.values() if channel.thread and channel.id in named
        ]
        return {
            "audit_log_entries": [audit_log_entry(entry) for entry in entries],
            "users": [serializers.user(u) for u in state.users.values() if u.id in named],
            "webhooks": [
                webhook(each, application_id=application.id, api_url=None)
                for each in state.webhooks.values()
                if each.guild_id == guild.id and each.id in named
            ],
            "threads": [self._access.serializer.channel(each) for each in threads],
            "integrations": [
                {
                    key: value
                    for key, value in integration(application, state.bot).items()
                    if key in ("id", "name", "type", "account")
                }
                | {"application_id": application.id}
            ],
            "application_commands": [],
            "auto_moderation_rules": [],
            "guild_scheduled_events": [],
        }
