"""Delivery as one thing that the composition root starts and stops."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bot.delivery.card_updater import CardUpdater
from bot.delivery.job_pictures import Gallery
from bot.delivery.message_deleter import MessageDeleter
from bot.delivery.messenger import Messenger
from bot.delivery.outbox_worker import OutboxWorker
from bot.errors import StyleBotError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    import discord

    from bot.artefacts.folder import Artefacts
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore

__all__ = ["DeliveryService"]

logger = logging.getLogger(__name__)

RESTART_SECONDS: Final = 2.0


class DeliveryService:
    """Tells the channel what the store knows: cards while jobs run, outcomes when they end.

    What the store forgot at a member's wish, it deletes from the channel.
    """

    def __init__(
        self,
        client: discord.Client,
        store: JobStore,
        artefacts: Artefacts,
        *,
        estimate: Callable[[Job], Awaitable[float | None]],
        edit_interval: float,
        largest_size: int,
        process_id: str,
    ) -> None:
        """Put delivery together.

        Args:
            client: logged in before `start`.
            store: jobs and the outbox.
            artefacts: pictures.
            estimate: seconds until a job's picture is done, or None.
            edit_interval: least time between two edits of one card, in seconds.
            largest_size: longest side that is painted, in pixels.
            process_id: how this process signs its claims on jobs.
        """
        messenger, gallery = Messenger(client), Gallery(artefacts)
        self._keeper = CardUpdater(
            messenger,
            store,
            gallery,
            estimate=estimate,
            interval=edit_interval,
            process_id=process_id,
        )
        self._outbox_worker = OutboxWorker(
            messenger, store, gallery, self._keeper, largest_size=largest_size
        )
        self._message_deleter = MessageDeleter(messenger, store)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to deliver."""
        self._tasks = [
            asyncio.create_task(_for_ever(self._keeper.run, "cards"), name="cards"),
            asyncio.create_task(_for_ever(self._outbox_worker.run, "courier"), name="courier"),
            asyncio.create_task(
                _for_ever(self._message_deleter.run, "retractor"), name="retractor"
            ),
        ]

    async def stop(self, *, seconds: float) -> None:
        """Let deliveries under way end within `seconds`, then stop."""
        if self._tasks:
            await self._outbox_worker.flush(seconds=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []


async def _for_ever(run: Callable[[], Coroutine[None, None, None]], name: str) -> None:
    """Run until cancelled, beginning anew where the store was away for a while."""
    while True:
        try:
            await run()
        except StyleBotError as error:
            logger.warning("%s start anew: %s", name, error)
        except Exception:
            logger.exception("%s stopped in a way nobody expected, and start anew", name)
        await asyncio.sleep(RESTART_SECONDS)
