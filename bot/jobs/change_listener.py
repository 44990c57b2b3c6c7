"""Changes made by other bot processes, told to this one's feed (PostgreSQL's LISTEN/NOTIFY)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from bot.errors import StoreUnavailableError
from bot.jobs.db.engine import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.jobs.db.engine import Database

__all__ = ["Listener"]

logger = logging.getLogger(__name__)

RECONNECT_SECONDS = 2.0
PROBE_SECONDS = 30.0


class Listener:
    """Holds one connection that listens, and brings it back when it breaks.

    Args:
        database: whose changes to listen for.
        refresh: gives the ids to publish after a break, during which changes were missed.
    """

    def __init__(self, database: Database, *, refresh: Callable[[], Awaitable[list[str]]]) -> None:
        self._database = database
        self._refresh = refresh
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen, and wait until that is so.

        Raises:
            StoreUnavailableError: the database did not let us, within its timeout.
        """
        self._task = asyncio.create_task(self._listen_for_ever(), name="listener")
        try:
            await asyncio.wait_for(self._listening.wait(), RECONNECT_SECONDS * 5)
        except TimeoutError as error:
            await self.close()
            msg = "cannot listen for changes of the jobs"
            raise StoreUnavailableError(msg) from error

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except StoreUnavailableError as error:
                logger.warning("not listening for changes, trying again: %s", error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        """Listen until the connection breaks."""
        broken = asyncio.Event()

        def heard(_connection: object, _pid: int, _channel: str, payload: str) -> None:
            self._database.feed.publish(payload)

        def ended(_connection: object) -> None:
            broken.set()

        async with self._database.read() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection  # asyncpg's own connection
            driver.add_termination_listener(ended)
            await driver.add_listener(CHANNEL, heard)
            try:
                self._listening.set()
                for job_id in await self._refresh():
                    self._database.feed.publish(job_id)
                while not broken.is_set():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(broken.wait(), PROBE_SECONDS)
                    if not broken.is_set():  # a peer that vanished says nothing of it
                        await driver.execute("SELECT 1", timeout=PROBE_SECONDS)
            finally:
                driver.remove_termination_listener(ended)
                if not driver.is_closed():
                    await driver.remove_listener(CHANNEL, heard)
