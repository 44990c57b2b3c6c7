"""REST routes that change channels: their fields, permission overwrites and pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bot.playground.errors import ApiError, ErrorCode, FormErrors
from bot.playground.rest.request_parsing import integer_query, path_id, read_json
from bot.playground.rest.responses import json_response, no_content
from bot.playground.serializers import iso
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission
from bot.playground.state.records import TEXT_CHANNEL, Overwrite

if TYPE_CHECKING:
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Json, Message
    from bot.playground.state.state import State

__all__ = ["ChannelRoutes"]

MAX_NAME, MAX_TOPIC, MAX_SLOWMODE_SECONDS, MAX_PINS = 100, 1024, 21_600, 250


class ChannelRoutes:
    """Routes by which the bot manages a guild's channels."""

    def __init__(self, state: State, event_bus: EventBus, serializer: Serializer) -> None:
        self._state = state
        self._event_bus = event_bus
        self._serializer = serializer

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, relative to the API's base path."""
        channel = "/channels/{channel_id}"
        overwrite = channel + "/permissions/{overwrite_id}"
        found = [
            web.patch(channel, self._edit),
            web.delete(channel, self._delete),
            web.put(overwrite, self._set_overwrite),
            web.delete(overwrite, self._delete_overwrite),
            web.get(channel + "/messages/pins", self._pins),
            web.get(channel + "/pins", self._all_pins),
        ]
        for pin in (channel + "/messages/pins/{message_id}", channel + "/pins/{message_id}"):
            found += [web.put(pin, self._pin), web.delete(pin, self._unpin)]
        return found

    def _channel(self, request: web.Request, *needed: Permission) -> Channel:
        channel = self._state.channel(path_id(request, "channel_id"))
        self._state.require(channel, self._state.bot.id, *needed)
        return channel

    def _guild_channel(self, request: web.Request, *needed: Permission) -> Channel:
        channel = self._channel(request, *needed)
        if channel.type != TEXT_CHANNEL:
            raise ApiError(ErrorCode.WRONG_CHANNEL_TYPE)
        return channel

    async def _edit(self, request: web.Request) -> web.Response:
        channel = self._guild_channel(request, Permission.MANAGE_CHANNELS)
        body = await read_json(request)
        errors = FormErrors()
        name = str(body.get("name", channel.name))
        topic = body.get("topic", channel.topic)
        if not 1 <= len(name) <= MAX_NAME:
            errors.bad_length(("name",), 1, MAX_NAME)
        if len(str(topic or "")) > MAX_TOPIC:
            errors.too_long(("topic",), MAX_TOPIC)
        slowmode = errors.read_integer(
            ("rate_limit_per_user",), body.get("rate_limit_per_user", channel.slowmode_seconds)
        )
        position = errors.read_integer(("position",), body.get("position", channel.position))
        if not 0 <= slowmode <= MAX_SLOWMODE_SECONDS:
            errors.add(
                ("rate_limit_per_user",),
                "NUMBER_TYPE_RANGE",
                f"int value should be between 0 and {MAX_SLOWMODE_SECONDS}.",
            )
        errors.raise_if_any()
        channel.name, channel.topic = name, None if topic is None else str(topic)
        channel.slowmode_seconds, channel.position = slowmode, position
        channel.nsfw = bool(body.get("nsfw", channel.nsfw))
        return json_response(self._publish("CHANNEL_UPDATE", channel))

    async def _delete(self, request: web.Request) -> web.Response:
        channel = self._guild_channel(request, Permission.MANAGE_CHANNELS)
        del self._state.channels[channel.id]
        return json_response(self._publish("CHANNEL_DELETE", channel))

    async def _set_overwrite(self, request: web.Request) -> web.Response:
        channel = self._guild_channel(request, Permission.MANAGE_ROLES)
        body = await read_json(request)
        errors = FormErrors()
        bits = {key: errors.read_permissions((key,), body.get(key)) for key in ("allow", "deny")}
        kind = errors.read_integer(("type",), body.get("type"))
        if kind not in (0, 1):
            errors.add(("type",), "BASE_TYPE_CHOICES", "Value must be one of (0, 1).")
        errors.raise_if_any()
        overwrite_id = path_id(request, "overwrite_id")
        channel.overwrites[overwrite_id] = Overwrite(
            id=overwrite_id,
            type=kind,
            allow=Permission(bits["allow"]),
            deny=Permission(bits["deny"]),
        )
        self._publish("CHANNEL_UPDATE", channel)
        return no_content()

    async def _delete_overwrite(self, request: web.Request) -> web.Response:
        channel = self._guild_channel(request, Permission.MANAGE_ROLES)
        if channel.overwrites.pop(path_id(request, "overwrite_id"), None) is None:
            raise ApiError(ErrorCode.UNKNOWN_OVERWRITE)
        self._publish("CHANNEL_UPDATE", channel)
        return no_content()

    def _publish(self, name: str, channel: Channel) -> Json:
        # Without `channel`, so that users who can no longer see it receive the event too.
        data = self._serializer.channel(channel)
        self._event_bus.publish(Event(name=name, data=data, guild_id=channel.guild_id))
        return data

    def _pinned(self, channel: Channel) -> list[Message]:
        pinned = [message for message in channel.messages.values() if message.pinned_at]
        return sorted(pinned, key=lambda m: m.pinned_at or m.timestamp, reverse=True)

    def _serialize(self, message: Message) -> Json:
        readable = self._state.application.message_content or self._serializer.always_readable(
            message
        )
        return self._serializer.message(message, viewer=self._state.bot.id, readable=readable)

    async def _pins(self, request: web.Request) -> web.Response:
        channel = self._channel(request, Permission.READ_MESSAGE_HISTORY)
        limit = integer_query(request, "limit", 50, 1, 50)
        before = request.query.get("before")
        found = [
            {"pinned_at": iso(message.pinned_at), "message": self._serialize(message)}
            for message in self._pinned(channel)
            if message.pinned_at and (before is None or iso(message.pinned_at) < before)
        ]
        return json_response({"items": found[:limit], "has_more": len(found) > limit})

    async def _all_pins(self, request: web.Request) -> web.Response:
        channel = self._channel(request, Permission.READ_MESSAGE_HISTORY)
        return json_response([self._serialize(message) for message in self._pinned(channel)])

    async def _pin(self, request: web.Request) -> web.Response:
        channel, message = self._pinnable(request)
        if len(self._pinned(channel)) >= MAX_PINS:
            raise ApiError(ErrorCode.TOO_MANY_PINS)
        message.pinned_at = channel.last_pinned_at = self._state.clock.now()
        return self._publish_pins(channel, message)

    async def _unpin(self, request: web.Request) -> web.Response:
        channel, message = self._pinnable(request)
        message.pinned_at = None
        return self._publish_pins(channel, message)

    def _pinnable(self, request: web.Request) -> tuple[Channel, Message]:
        channel = self._channel(request)
        if channel.guild_id is not None:
            self._state.require(channel, self._state.bot.id, Permission.PIN_MESSAGES)
        message = self._state.message(channel.id, path_id(request, "message_id"))
        if message.ephemeral:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return channel, message

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
