"""The members' requests that are being served, and their end at a shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__all__ = ["InFlightRequests"]

logger = logging.getLogger(__name__)


class InFlightRequests:
    """Tracks the tasks that serve members' messages, commands and interactions.

    Attributes:
        is_closed: whether requests are ignored, since the connection is about to be closed.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._requests: dict[asyncio.Task[object], Callable[[str], Awaitable[None]] | None] = {}

    @contextlib.contextmanager
    def track(self, reply: Callable[[str], Awaitable[None]] | None = None) -> Iterator[None]:
        """Track the current task while it is in the block; an inner block changes nothing.

        Args:
            reply: sends the member a sentence if the task is cancelled by `drain`; None if the
                request is served again after the restart.
        """
        task = asyncio.current_task()
        if task is None or task in self._requests:
            yield
            return
        self._requests[task] = reply
        try:
            yield
        finally:
            self._requests.pop(task, None)

    async def wait(self) -> None:
        """Wait until no request is being served."""
        while self._requests:
            await asyncio.wait(set(self._requests))

    async def drain(self, *, grace_seconds: float, sentence: str) -> None:
        """Wait for the requests to end, then ignore new ones; cancel and answer the others.

        Args:
            grace_seconds: how long to wait.
            sentence: the answer to a request that has not ended by then.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_seconds
        while self._requests and (left := deadline - loop.time()) > 0:
            await asyncio.wait(set(self._requests), timeout=left)
        self.is_closed = True
        requests = {task: reply for task, reply in self._requests.items() if not task.done()}
        self._requests.clear()
        if not requests:
            return
        logger.warning("%d requests are cut off by the shutdown", len(requests))
        for task in requests:
            task.cancel()
        await asyncio.wait(requests)
        replies = [reply(sentence) for reply in requests.values() if reply is not None]
        await asyncio.gather(*replies, return_exceptions=True)
