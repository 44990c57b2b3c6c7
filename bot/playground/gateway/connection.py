"""One client connection of the gateway."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections import deque
from typing import TYPE_CHECKING, Any

import zstandard

from bot.playground.errors import GatewayClose

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from bot.playground.gateway.sessions import Session
    from bot.playground.state.records import Json

__all__ = ["COMPRESSIONS", "Connection"]

MAX_PAYLOADS, WINDOW_SECONDS = 120, 60.0
_CLOSE = object()


def _zlib_stream() -> Callable[[bytes], bytes]:
    stream = zlib.compressobj()
    return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)


def _zstd_stream() -> Callable[[bytes], bytes]:
    stream = zstandard.ZstdCompressor().compressobj()
    flush_block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return lambda data: stream.compress(data) + stream.flush(flush_block)


COMPRESSIONS = {"zlib-stream": _zlib_stream, "zstd-stream": _zstd_stream}
"""Discord's transport compressions: one compressed stream for the whole connection."""


class Connection:
    """One WebSocket with a queue of frames, which one task writes so that senders never wait.

    Attributes:
        version: version of the API that the client asked for.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        *,
        version: int,
        compression: str | None = None,
    ) -> None:
        self.socket = socket
        self.request = request
        self.version = version
        self.session: Session | None = None
        self._compress = None if compression is None else COMPRESSIONS[compression]()
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._received_at: deque[float] = deque(maxlen=MAX_PAYLOADS)

    def send(self, frame: Json) -> None:
        """Queue a frame."""
        self._queue.put_nowait(frame)

    def send_control(self, op: int, data: object) -> None:
        """Queue a frame that is no dispatch; its sequence number and event name are null."""
        self.send({"op": op, "d": data, "s": None, "t": None})

    def close_after_queue(self, code: int, reason: str = "") -> None:
        """Close the socket after the queued frames are written."""
        self._queue.put_nowait((_CLOSE, code, reason))

    def abort(self) -> None:
        """Abort the TCP connection without a closing handshake."""
        if self.request.transport is not None:
            self.request.transport.abort()

    def count_received(self) -> None:
        """Count one received payload.

        Raises:
            GatewayClose: 4008 after more than 120 payloads in a minute.
        """
        now = time.monotonic()
        if len(self._received_at) == MAX_PAYLOADS and now - self._received_at[0] < WINDOW_SECONDS:
            raise GatewayClose(4008, "Rate limited.")
        self._received_at.append(now)

    async def write(self) -> None:
        """Write queued frames until the connection is closed."""
        while True:
            frame = await self._queue.get()
            if isinstance(frame, tuple):
                _, code, reason = frame
                await self.socket.close(code=code, message=reason.encode())
                return
            text = json.dumps(frame, separators=(",", ":"))
            try:
                if self._compress is None:
                    await self.socket.send_str(text)
                else:
                    await self.socket.send_bytes(self._compress(text.encode()))
            except ConnectionError:
                return  # the session keeps the event for a resume
