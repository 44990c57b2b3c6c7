"""Publish-subscribe of everything that happens, for the gateway, the page and tests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.state.permissions import Permission
    from bot.playground.state.records import Channel, Json, Message

__all__ = ["Event", "EventBus"]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One change of state.

    Attributes:
        name: Discord's event name, such as ``MESSAGE_CREATE``, or one that only the page uses.
        data: its payload; None for messages, which are serialized per receiver.
        message: the message it is about, if any.
        channel: where it happened; only users who can see the channel receive it.
        guild_id: the guild it happened in.
        only_for: id of the only user who receives it.
        needs: the permission in the guild that its receivers need.
    """

    name: str
    data: Json | None = None
    message: Message | None = None
    channel: Channel | None = None
    guild_id: str | None = None
    only_for: str | None = None
    needs: Permission | None = None


class EventBus:
    """Passes each event to every subscriber in order, and wakes `wait_for` calls."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Event], None]] = []
        self._waiters: set[asyncio.Future[None]] = set()

    def subscribe(self, receive: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``receive`` with every event from now on; return a function that ends this."""
        self._subscribers.append(receive)
        return lambda: self._subscribers.remove(receive)

    def publish(self, event: Event) -> None:
        """Pass the event to every subscriber; subscribers must not block."""
        for receive in tuple(self._subscribers):
            receive(event)
        self.notify_waiters()

    def notify_waiters(self) -> None:
        """Let every `wait_for` evaluate its condition again."""
        for future in self._waiters:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, condition: Callable[[], T | None], timeout: float) -> T:  # noqa: ASYNC109
        """Return the first true value of ``condition``, evaluated now and after every event.

        Raises:
            TimeoutError: the condition stayed false for ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                value = condition()
                if value:
                    return value
                future = asyncio.get_running_loop().create_future()
                self._waiters.add(future)
                try:
                    await future
                finally:
                    self._waiters.discard(future)
