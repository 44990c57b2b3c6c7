"""One place where everything that happens is announced: to the gateway, the page and tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.records import Channel, Json, Message

__all__ = ["Event", "Hub"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something happened.

    Attributes:
        name: Discord's name for it, such as ``MESSAGE_CREATE``; the page knows a few more.
        data: its payload; for messages None, as each receiver gets a rendering of its own.
        message: the message it is about, where it is about one.
        channel: where it happened; only those who see the channel hear of it.
        guild_id: the guild it happened in.
        only_for: the single user it concerns, for what others must not see.
    """

    name: str
    data: Json | None = None
    message: Message | None = None
    channel: Channel | None = None
    guild_id: str | None = None
    only_for: str | None = None


class Hub:
    """Passes each event to every subscriber, in order, and wakes those who wait."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Event], None]] = []
        self._waiting: set[asyncio.Future[None]] = set()

    def subscribe(self, receive: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``receive`` with every event from now on; returns how to stop that."""
        self._subscribers.append(receive)
        return lambda: self._subscribers.remove(receive)

    def publish(self, event: Event) -> None:
        """Announce the event; receivers only queue it, so nothing here waits."""
        for receive in tuple(self._subscribers):
            receive(event)
        self.wake()

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, look: Callable[[], T | None], timeout: float) -> T:  # noqa: ASYNC109
        """The first true thing ``look`` returns, asked now and again after every event.

        Raises:
            TimeoutError: nothing true within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                found = look()
                if found:
                    return found
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                try:
                    await future
                finally:
                    self._waiting.discard(future)
