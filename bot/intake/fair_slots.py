"""Slots that members share fairly: whoever has used them least is served next."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["FairSlots"]


@dataclass(kw_only=True, slots=True)
class _Member:
    """A member who uses a slot or waits for one.

    Attributes:
        used: seconds for which they have used slots.
        turn: number of their latest turn; who was served longer ago goes first.
        running: slots in use.
        waiting: those who wait, oldest first.
    """

    used: float
    turn: int = 0
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class FairSlots:
    """A number of slots, of which each member has a few at most.

    A free slot goes to the waiting member who has used slots for the least time since they began
    to wait; among equals, members take turns. So a member who asks for much waits for themselves.

    Args:
        total: number of slots.
        per_member: slots of one member at the same time.
        clock: returns seconds.
    """

    def __init__(
        self, total: int, *, per_member: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free = total
        self._per_member = per_member
        self._clock = clock
        self._members: dict[int, _Member] = {}
        self._turns = itertools.count(1)

    @asynccontextmanager
    async def slot(self, member_id: int) -> AsyncIterator[None]:
        """Wait for a slot, and use it in the block."""
        member = self._members.get(member_id)
        if member is None:
            # A newcomer is equal to whoever has used the least, however long the others have.
            least = min((each.used for each in self._members.values()), default=0.0)
            member = self._members[member_id] = _Member(used=least)
        granted = asyncio.get_running_loop().create_future()
        member.waiting.append(granted)
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self._release(member_id, member, 0.0)
            else:
                with contextlib.suppress(ValueError):  # it was passed over already
                    member.waiting.remove(granted)
                self._forget(member_id, member)
            raise
        began = self._clock()
        try:
            yield
        finally:
            self._release(member_id, member, self._clock() - began)

    def _release(self, member_id: int, member: _Member, seconds: float) -> None:
        member.used += seconds
        member.running -= 1
        self._free += 1
        self._grant()
        self._forget(member_id, member)

    def _forget(self, member_id: int, member: _Member) -> None:
        if not (member.running or member.waiting):
            self._members.pop(member_id, None)

    def _grant(self) -> None:
        """Give the free slots to those who are next."""
        while self._free:
            for each in self._members.values():
                while each.waiting and each.waiting[0].cancelled():
                    each.waiting.popleft()
            ready = [
                each
                for each in self._members.values()
                if each.waiting and each.running < self._per_member
            ]
            if not ready:
                return
            chosen = min(ready, key=lambda each: (each.used, each.turn))
            chosen.turn = next(self._turns)
            chosen.running += 1
            self._free -= 1
            chosen.waiting.popleft().set_result(None)
