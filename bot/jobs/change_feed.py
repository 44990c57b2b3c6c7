"""Who wants to know that a job changed: in-process, coalescing, never blocking the publisher."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["JobFeed", "Subscription"]


class JobFeed:
    """Tells every subscriber the ids of jobs that changed.

    Only ids travel: a subscriber reads the job's newest state from the store, so a slow one
    misses intermediate states and nothing else.
    """

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, job_id: str) -> None:
        """Tell every subscriber that the job changed. Call it on the event loop's thread."""
        for subscription in self._subscriptions:
            subscription.add(job_id)

    def subscribe(self) -> Subscription:
        """A new subscription; it hears of changes while entered as a context."""
        return Subscription(self._subscriptions)


class Subscription:
    """The ids of changed jobs, oldest change first, each at most once while it waits.

    Coalescing bounds it by the number of jobs that changed since it was last read.
    """

    def __init__(self, subscriptions: set[Subscription]) -> None:
        self._subscriptions = subscriptions
        self._waiting: dict[str, None] = {}  # a set that keeps its order
        self._changed = asyncio.Event()

    def __enter__(self) -> Self:
        self._subscriptions.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._subscriptions.discard(self)

    def add(self, job_id: str) -> None:
        """Note that the job changed."""
        self._waiting[job_id] = None
        self._changed.set()

    async def next(self, timeout: float | None = None) -> str | None:  # noqa: ASYNC109
        """The next changed job's id; None when `timeout` seconds pass without any.

        Cancelling it loses nothing: an id leaves only when it is returned.
        """
        while not self._waiting:
            self._changed.clear()
            try:
                # Not wait_for: until Python 3.12 it may swallow a cancellation that comes
                # together with what it waits for.
                async with asyncio.timeout(timeout):
                    await self._changed.wait()
            except TimeoutError:
                return None
        job_id = next(iter(self._waiting))
        del self._waiting[job_id]
        return job_id

    def drain(self) -> list[str]:
        """Every id that waits, at once; empty when there is none."""
        job_ids = list(self._waiting)
        self._waiting.clear()
        return job_ids

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        job_id = await self.next()
        if job_id is None:  # only a timeout ends `next` empty-handed, and none was given
            raise StopAsyncIteration
        return job_id
