"""Live updates of the page: one WebSocket per open page, as one of the members."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from bot.playground.state.permissions import Permission

if TYPE_CHECKING:
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import Event, EventBus
    from bot.playground.state.records import Json, User
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
        "CHANNEL_UPDATE",
    }
)
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

        def receive(event: Event) -> None:
            shape = self._payload(event, member)
            if shape is None:
                return
            if queue.full():  # a page that stopped reading reloads when it reconnects
                stale.set()
            else:
                queue.put_nowait(shape)

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

    def _payload(self, event: Event, member: User) -> Json | None:
        if event.name not in _PAGE_EVENTS:
            return None
        if event.only_for is not None and event.only_for != member.id:
            return None
        if event.channel is not None and (
            Permission.VIEW_CHANNEL not in self._state.permissions(event.channel, member.id)
        ):
            return None
        if event.message is None:
            return {"t": event.name, "d": event.data}
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
