"""Delete the messages of deleted jobs, and retry until Discord has done it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from bot.errors import DiscordError, DiscordUnavailableError
from bot.ops.error_report import Where, count_error
from bot.ops.retry import Backoff

if TYPE_CHECKING:
    from bot.delivery.messenger import Messenger
    from bot.jobs.deletions import PendingDeletion
    from bot.jobs.store import JobStore

__all__ = ["MessageDeleter"]

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 5.0
"""How often postponed deletions, and those of other processes, are looked for."""

RETRY_BACKOFF: Final = Backoff(first=2.0, longest=300.0)


class MessageDeleter:
    """Deletes the messages that `bot.jobs.deletions` lists, one at a time."""

    def __init__(self, messenger: Messenger, store: JobStore) -> None:
        self._messenger = messenger
        self._deletions = store.pending_deletions

    async def run(self) -> None:
        """Delete messages until cancelled; an interrupted deletion is repeated.

        Raises:
            StoreUnavailableError: the database cannot be reached; run again.
        """
        added = self._deletions.added
        while True:
            added.clear()
            while due := await self._deletions.list_due():
                for deletion in due:
                    await self._attempt(deletion)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await added.wait()

    async def _attempt(self, deletion: PendingDeletion) -> None:
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
