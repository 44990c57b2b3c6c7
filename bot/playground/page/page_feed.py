"""Live updates of the page: one WebSocket per open page, as one of the members."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType

if TYPE_CHECKING:
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import Event, EventBus
    from bot.playground.state.records import Channel, Json, User
    from bot.playground.state.state import State

__all__ = ["PageFeed"]

_PAGE_EVENTS = frozenset(
    {
        "MESSAGE_CREATE",
        "MESSAGE_UPDATE",
        "MESSAGE_DELETE",
        "MESSAGE_DELETE_BULK",
        "MESSAGE_REACTION_ADD",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
        "TYPING_START",
        "PRESENCE_UPDATE",
        "INTERACTION_FAILED",
        "INTERACTION_SUCCESS",
        "MODAL",
        "GUILD_MEMBER_ADD",
        "GUILD_MEMBER_UPDATE",
        "CHANNEL_CREATE",
        "CHANNEL_DELETE",
        "CHANNEL_UPDATE",
    }
)
_THREAD_EVENTS = {
    # The page shows threads as further channels.
    "THREAD_CREATE": "CHANNEL_CREATE",
    "THREAD_UPDATE": "CHANNEL_UPDATE",
    "THREAD_DELETE": "CHANNEL_DELETE",
}
BACKLOG = 5000
PING_SECONDS = 20.0
logger = logging.getLogger(__name__)


class PageFeed:
    """Sends every open page the events that its member may see."""

    def __init__(self, state: State, event_bus: EventBus, serializer: Serializer) -> None:
        self._state = state
        self._serializer = serializer
        self._open: set[web.WebSocketResponse] = set()
        self._event_bus = event_bus

    async def serve(self, request: web.Request, member: User) -> web.StreamResponse:
        """Serve one page's WebSocket until either side closes it."""
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=4096)
        await socket.prepare(request)
        queue: asyncio.Queue[Json] = asyncio.Queue(maxsize=BACKLOG)
        announced: set[str] = set()  # ids of direct messages that the page has been told of

        def receive(event: Event) -> None:
            shape = self._payload(event, member)
            if shape is None:
                return
            shapes = [shape]
            channel = event.channel
            if channel is not None and channel.type is ChannelType.DIRECT_MESSAGE:
                # Discord announces a direct message to its recipient by its first message.
                if channel.id not in announced:
                    shapes.insert(0, self._channel_payload(channel, member))
                announced.add(channel.id)
            for each in shapes:
                if queue.full():  # a page that stopped reading reloads when it reconnects
                    stale.set()
                else:
                    queue.put_nowait(each)

        stale = asyncio.Event()
        unsubscribe = self._event_bus.subscribe(receive)
        self._open.add(socket)
        tasks = [
            asyncio.create_task(_write(socket, queue), name="page writer"),
            asyncio.create_task(_read(socket), name="page reader"),
            asyncio.create_task(stale.wait(), name="page watchdog"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unsubscribe()
            self._open.discard(socket)
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, ConnectionError):
                    logger.error("page socket failed", exc_info=ended)
            await socket.close()
        return socket

    async def close(self) -> None:
        """Close every page's WebSocket."""
        for socket in tuple(self._open):
            await socket.close(code=1001, message=b"The playground is closing.")

    def _channel_payload(self, channel: Channel, member: User) -> Json:
        shape = self._serializer.channel(channel, for_user=member.id)
        shape["permissions"] = str(int(self._state.permissions(channel, member.id)))
        return {"t": "CHANNEL_CREATE", "d": shape}

    def _payload(self, event: Event, member: User) -> Json | None:
        name = _THREAD_EVENTS.get(event.name, event.name)
        if name not in _PAGE_EVENTS:
            return None
        if event.only_for is not None and event.only_for != member.id:
            return None
        if event.channel is not None and (
            Permission.VIEW_CHANNEL not in self._state.permissions(event.channel, member.id)
        ):
            return None
        if name == "CHANNEL_CREATE" and event.data is not None:
            created = self._state.channels.get(str(event.data["id"]))
            is_visible = (
                created is not None
                and created.is_open
                and (Permission.VIEW_CHANNEL in self._state.permissions(created, member.id))
            )
            return self._channel_payload(created, member) if created and is_visible else None
        if event.message is None:
            return {"t": name, "d": event.data}
        shape = self._serializer.message(event.message, viewer=member.id)
        if event.guild_id is not None:
            shape["guild_id"] = event.guild_id
        return {"t": event.name, "d": shape}


async def _write(socket: web.WebSocketResponse, queue: asyncio.Queue[Json]) -> None:
    while True:
        await socket.send_str(json.dumps(await queue.get(), separators=(",", ":")))


async def _read(socket: web.WebSocketResponse) -> None:
    """Read until the page closes the socket; it never sends anything."""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            return
