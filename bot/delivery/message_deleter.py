"""Delete the messages of deleted jobs, and retry until Discord has done it.

Each channel has one deletion in progress at most, so that one whose requests hang, or whose rate
limit is reached, delays no other channel.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from bot.errors import DiscordError, DiscordUnavailableError, StyleBotError
from bot.ops.error_report import Where, count_error
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from bot.delivery.messenger import Messenger
    from bot.jobs.deletions import PendingDeletion
    from bot.jobs.store import JobStore

__all__ = ["MessageDeleter"]

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0
"""How often postponed deletions, and those of other processes, are looked for."""

MAX_CONCURRENT_DELETIONS: Final = 8

RETRY_BACKOFF: Final = Backoff(first=2.0, longest=300.0)

STORAGE_RETRY_SECONDS: Final = 2.0
"""Delay after the database was unavailable."""


class MessageDeleter:
    """Deletes the messages that `bot.jobs.deletions` lists, one at a time in each channel."""

    def __init__(self, messenger: Messenger, store: JobStore) -> None:
        self._messenger = messenger
        self._deletions = store.pending_deletions
        self._tasks = BackgroundTasks(Where.DELIVERY)
        self._busy_channels: set[int] = set()
        self._changed = store.pending_deletions.added

    async def run(self) -> None:
        """Delete messages until cancelled; an interrupted deletion is repeated.

        Raises:
            StoreUnavailableError: the database cannot be reached; run again.
        """
        try:
            while True:
                self._changed.clear()
                for deletion in await self._deletions.list_due(
                    except_channels=self._busy_channels,
                    limit=MAX_CONCURRENT_DELETIONS - len(self._busy_channels),
                ):
                    self._start(deletion)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._changed.wait()
        finally:
            await self._tasks.close()

    def _start(self, deletion: PendingDeletion) -> None:
        channel_id = deletion.channel_id
        self._busy_channels.add(channel_id)
        name = f"deletion of message {deletion.message_id}"
        task = self._tasks.start(self._attempt(deletion), name=name)

        def on_done(_: asyncio.Task[None]) -> None:
            self._busy_channels.discard(channel_id)
            self._changed.set()

        task.add_done_callback(on_done)

    async def _attempt(self, deletion: PendingDeletion) -> None:
        message_id = deletion.message_id
        try:
            await self._delete(deletion)
        except StyleBotError as error:  # the database; the row is still due
            count_error(Where.DELIVERY, error)
            logger.warning("deleting message %d is repeated: %s", message_id, error)
            await asyncio.sleep(STORAGE_RETRY_SECONDS)

    async def _delete(self, deletion: PendingDeletion) -> None:
        """Make one attempt and record its result.

        Raises:
            StoreUnavailableError: the result cannot be recorded.
        """
        message_id = deletion.message_id
        try:
            await self._messenger.delete(deletion.channel_id, message_id)
        except DiscordUnavailableError as error:
            count_error(Where.DELIVERY, error)
            delay = error.retry_after or RETRY_BACKOFF.delay(deletion.attempts + 1)
            logger.warning("deleting message %d delayed by %.0f s: %s", message_id, delay, error)
            await self._deletions.postpone(message_id, seconds=delay)
        except DiscordError as error:
            count_error(Where.DELIVERY, error)
            # A bot may delete its own messages unless it has lost access to the channel.
            logger.warning("message %d cannot be deleted: %s", message_id, error)
            await self._deletions.abandon(message_id, reason=str(error))
        else:
            await self._deletions.mark_deleted(message_id)
