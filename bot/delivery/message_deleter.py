"""Deletes the messages whose painting was forgotten, however long Discord is away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from bot.delivery.outbox_worker import backoff
from bot.errors import DiscordError, DiscordUnavailableError

if TYPE_CHECKING:
    from bot.delivery.messenger import Messenger
    from bot.jobs.deletions import PendingDeletion
    from bot.jobs.store import JobStore

__all__ = ["MessageDeleter"]

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 5.0
"""How often what was postponed, or left over by another process, is looked for."""


class MessageDeleter:
    """Deletes what `bot.jobs.deletions` lists, one message at a time; Discord sets the pace."""

    def __init__(self, messenger: Messenger, store: JobStore) -> None:
        self._messenger = messenger
        self._retractions = store.retractions

    async def run(self) -> None:
        """Delete until cancelled; what is cut off is done again.

        Raises:
            StoreUnavailableError: the database cannot be reached; begin anew.
        """
        news = self._retractions.news
        while True:
            news.clear()
            while due := await self._retractions.due():
                for retraction in due:
                    await self._attempt(retraction)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await news.wait()

    async def _attempt(self, retraction: PendingDeletion) -> None:
        message_id = retraction.message_id
        try:
            await self._messenger.delete(retraction.channel_id, message_id)
        except DiscordUnavailableError as error:
            wait = error.retry_after or backoff(retraction.attempts)
            logger.warning("deleting message %d delayed by %.0f s: %s", message_id, wait, error)
            await self._retractions.postpone(message_id, seconds=wait)
        except DiscordError as error:
            # Its own messages a bot may always delete, unless it is not let into the channel.
            logger.warning("message %d stays: %s", message_id, error)
            await self._retractions.abandon(message_id, reason=str(error))
        else:
            await self._retractions.done(message_id)
