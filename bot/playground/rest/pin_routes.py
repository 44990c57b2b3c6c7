"""REST routes of pinned messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.rest.request_parsing import integer_query, path_id
from bot.playground.rest.responses import json_response, no_content
from bot.playground.serializers import iso
from bot.playground.state.audit_entries import AuditAction
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.rest.guild_access import GuildAccess
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Json, Message

__all__ = ["PinRoutes"]

MAX_PINS = 250


class PinRoutes:
    """Routes by which the bot lists, pins and unpins messages."""

    def __init__(self, access: GuildAccess, event_bus: EventBus) -> None:
        self._access = access
        self._state = access.state
        self._serializer = access.serializer
        self._event_bus = event_bus

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        channel = "/channels/{channel_id}"
        found = [
            web.get(channel + "/messages/pins", self._pins),
            web.get(channel + "/pins", self._all_pins),
        ]
        for pin in (channel + "/messages/pins/{message_id}", channel + "/pins/{message_id}"):
            found += [web.put(pin, self._pin), web.delete(pin, self._unpin)]
        return found

    def _pinned(self, channel: Channel) -> list[Message]:
        pinned = [message for message in channel.messages.values() if message.pinned_at]
        return sorted(pinned, key=lambda m: m.pinned_at or m.timestamp, reverse=True)

    def _serialize(self, message: Message) -> Json:
        readable = self._state.application.message_content or self._serializer.always_readable(
            message
        )
        return self._serializer.message(message, viewer=self._state.bot.id, readable=readable)

    async def _pins(self, request: web.Request) -> web.Response:
        channel = self._access.channel(request, Permission.READ_MESSAGE_HISTORY)
        limit = integer_query(request, "limit", 50, 1, 50)
        before = request.query.get("before")
        found = [
            {"pinned_at": iso(message.pinned_at), "message": self._serialize(message)}
            for message in self._pinned(channel)
            if message.pinned_at and (before is None or iso(message.pinned_at) < before)
        ]
        return json_response({"items": found[:limit], "has_more": len(found) > limit})

    async def _all_pins(self, request: web.Request) -> web.Response:
        channel = self._access.channel(request, Permission.READ_MESSAGE_HISTORY)
        return json_response([self._serialize(message) for message in self._pinned(channel)])

    async def _pin(self, request: web.Request) -> web.Response:
        channel, message = self._pinnable(request)
        if len(self._pinned(channel)) >= MAX_PINS:
            raise ApiError(ErrorCode.TOO_MANY_PINS)
        message.pinned_at = channel.last_pinned_at = self._state.clock.now()
        self._log(request, channel, message, AuditAction.MESSAGE_PIN)
        return self._publish_pins(channel, message)

    async def _unpin(self, request: web.Request) -> web.Response:
        channel, message = self._pinnable(request)
        message.pinned_at = None
        self._log(request, channel, message, AuditAction.MESSAGE_UNPIN)
        return self._publish_pins(channel, message)

    def _pinnable(self, request: web.Request) -> tuple[Channel, Message]:
        channel = self._access.channel(request)
        if channel.guild_id is not None:
            self._state.require(channel, self._state.bot.id, Permission.PIN_MESSAGES)
        self._state.require_unarchived(channel)
        message = self._state.message(channel.id, path_id(request, "message_id"))
        if message.ephemeral:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return channel, message

    def _log(
        self, request: web.Request, channel: Channel, message: Message, action: AuditAction
    ) -> None:
        if channel.guild_id is not None:
            guild = self._state.guilds[channel.guild_id]
            options = {"channel_id": channel.id, "message_id": message.id}
            self._access.log(request, guild, action, message.author.id, options=options)

    def _publish_pins(self, channel: Channel, message: Message) -> web.Response:
        last = channel.last_pinned_at
        data: Json = {
            "channel_id": channel.id,
            "last_pin_timestamp": None if last is None else iso(last),
        }
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
        for event in (
            Event(
                name="MESSAGE_UPDATE", message=message, channel=channel, guild_id=channel.guild_id
            ),
            Event(
                name="CHANNEL_PINS_UPDATE", data=data, channel=channel, guild_id=channel.guild_id
            ),
        ):
            self._event_bus.publish(event)
        return no_content()
