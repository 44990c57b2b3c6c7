"""Notifications about changed jobs.

`JobFeed` tells the subscribers in this process which jobs changed. `ChangeListener` feeds it with
the changes that other bot processes committed to the same PostgreSQL database.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Self

from bot.errors import StoreUnavailableError
from bot.ops.error_report import Where
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from bot.jobs.db.engine import Database

__all__ = ["NOTIFY_CHANNEL", "ChangeListener", "JobFeed", "Subscription"]

NOTIFY_CHANNEL = "stylebot_jobs"
"""PostgreSQL's NOTIFY channel; the payload is the id of a job that changed."""

RECONNECT_SECONDS = 2.0
PROBE_SECONDS = 30.0


class JobFeed:
    """Publishes the ids of changed jobs to every subscriber in this process.

    Only ids are published: a subscriber reads the newest state from the store. A slow subscriber
    misses intermediate states and nothing else.
    """

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, job_id: str) -> None:
        """Notify every subscriber that the job changed. Call it on the event loop's thread."""
        for subscription in self._subscriptions:
            subscription.add(job_id)

    def subscribe(self) -> Subscription:
        """Return a new subscription; it receives changes while entered as a context manager."""
        return Subscription(self._subscriptions)


class Subscription:
    """The ids of changed jobs, oldest change first, each queued at most once.

    Its length is bounded by the number of jobs that changed since it was last read.
    """

    def __init__(self, subscriptions: set[Subscription]) -> None:
        self._subscriptions = subscriptions
        self._pending: dict[str, None] = {}  # an ordered set
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
        """Queue the id of a changed job."""
        self._pending[job_id] = None
        self._changed.set()

    async def next(self, timeout: float | None = None) -> str | None:  # noqa: ASYNC109
        """Return the next changed job's id, or None after `timeout` seconds without a change.

        Cancelling loses nothing: an id is removed only when it is returned.
        """
        while not self._pending:
            self._changed.clear()
            try:
                # Not wait_for: before Python 3.12 it can swallow a cancellation that arrives
                # together with the result.
                async with asyncio.timeout(timeout):
                    await self._changed.wait()
            except TimeoutError:
                return None
        job_id = next(iter(self._pending))
        del self._pending[job_id]
        return job_id

    def drain(self) -> list[str]:
        """Remove and return every queued id."""
        job_ids = list(self._pending)
        self._pending.clear()
        return job_ids

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        job_id = await self.next()
        if job_id is None:  # only a timeout returns None, and none was given
            raise StopAsyncIteration
        return job_id


class ChangeListener:
    """Publishes other processes' changes to this process's feed (PostgreSQL's LISTEN/NOTIFY).

    It holds one connection and reconnects when that breaks.

    Args:
        database: the database to listen to.
        list_changed: returns the ids to publish after a reconnection, since notifications sent
            meanwhile were missed.
    """

    def __init__(
        self, database: Database, *, list_changed: Callable[[], Awaitable[list[str]]]
    ) -> None:
        self._database = database
        self._list_changed = list_changed
        self._tasks = BackgroundTasks(Where.CHANGE_FEED)
        self._listening = asyncio.Event()

    async def start(self) -> None:
        """Start listening and wait until the connection is established.

        Raises:
            StoreUnavailableError: the connection was not established within its timeout.
        """
        self._listening.clear()
        self._tasks.keep_running(
            self._listen,
            name="listening for changed jobs",
            transient=StoreUnavailableError,
            backoff=Backoff(first=RECONNECT_SECONDS, longest=RECONNECT_SECONDS),
        )
        try:
            async with asyncio.timeout(RECONNECT_SECONDS * 5):
                await self._listening.wait()
        except TimeoutError as error:
            await self.close()
            msg = "cannot listen for changed jobs"
            raise StoreUnavailableError(msg) from error

    async def close(self) -> None:
        """Stop listening."""
        await self._tasks.close()

    async def _listen(self) -> None:
        """Publish notifications until the connection breaks.

        Raises:
            StoreUnavailableError: the connection broke, or cannot be established.
        """
        broken = asyncio.Event()

        def on_notify(_connection: object, _pid: int, _channel: str, payload: str) -> None:
            self._database.feed.publish(payload)

        def on_terminated(_connection: object) -> None:
            broken.set()

        async with self._database.read() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection  # asyncpg's own connection
            driver.add_termination_listener(on_terminated)
            await driver.add_listener(NOTIFY_CHANNEL, on_notify)
            try:
                self._listening.set()
                for job_id in await self._list_changed():
                    self._database.feed.publish(job_id)
                while not broken.is_set():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(broken.wait(), PROBE_SECONDS)
                    if not broken.is_set():  # a host that lost power closes no connection
                        await driver.execute("SELECT 1", timeout=PROBE_SECONDS)
            finally:
                driver.remove_termination_listener(on_terminated)
                if not driver.is_closed():
                    await driver.remove_listener(NOTIFY_CHANNEL, on_notify)
        msg = "the connection was closed"
        raise StoreUnavailableError(msg)
