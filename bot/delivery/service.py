"""Delivery as one object that the composition root starts and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.delivery.announcement_sender import AnnouncementSender
from bot.delivery.card_updater import CardUpdater
from bot.delivery.job_pictures import JobPictureReader
from bot.delivery.message_deleter import MessageDeleter
from bot.delivery.messenger import Messenger
from bot.delivery.outbox_worker import OutboxWorker
from bot.errors import StyleBotError
from bot.ops.error_report import Where
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    import discord

    from bot.artefacts.base import Artefacts
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.ops.reply_pacer import ReplyPacer
    from bot.scheduler.forecast import JobEstimate

__all__ = ["DeliveryService"]

RESTART_BACKOFF: Final = Backoff(first=2.0, longest=5.0)


class DeliveryService:
    """Posts what the store records: cards while jobs run, outcomes when they have ended.

    Messages of deleted jobs are deleted.
    """

    def __init__(
        self,
        client: discord.Client,
        store: JobStore,
        artefacts: Artefacts,
        *,
        estimate: Callable[[Job], Awaitable[JobEstimate]],
        edit_interval: float,
        largest_size: int,
        lease_seconds: float,
        process_id: str,
        reply_pacer: ReplyPacer,
    ) -> None:
        """Build the delivery.

        Args:
            client: logged in before `start`.
            store: jobs and the outbox.
            artefacts: pictures.
            estimate: returns a job's place in the queue and the seconds until it is done.
            edit_interval: least time between two edits of one card, in seconds.
            largest_size: longest side that is painted, in pixels.
            lease_seconds: time after which another process may take over a delivery.
            process_id: how this process signs its claims on jobs.
            reply_pacer: learns of every message that is posted.
        """
        messenger, pictures = Messenger(client, reply_pacer), JobPictureReader(artefacts)
        self._card_updater = CardUpdater(
            messenger,
            store,
            pictures,
            estimate=estimate,
            interval=edit_interval,
            process_id=process_id,
        )
        sender = AnnouncementSender(
            messenger,
            store,
            pictures,
            self._card_updater,
            largest_size=largest_size,
            lease_seconds=lease_seconds,
        )
        self._outbox_worker = OutboxWorker(sender, store, lease_seconds=lease_seconds)
        self._message_deleter = MessageDeleter(messenger, store)
        self._tasks = BackgroundTasks(Where.DELIVERY)

    def start(self) -> None:
        """Start the card updater, the outbox worker and the message deleter."""
        for name, run in {
            "card updater": self._card_updater.run,
            "outbox worker": self._outbox_worker.run,
            "message deleter": self._message_deleter.run,
        }.items():
            self._tasks.keep_running(
                run, name=name, transient=StyleBotError, backoff=RESTART_BACKOFF
            )

    async def show_paused(self, job_ids: Iterable[str]) -> None:
        """Show on the cards of these unfinished jobs that they go on after a restart."""
        await self._card_updater.show_paused(job_ids)

    async def stop(self, *, seconds: float) -> None:
        """Give deliveries in progress `seconds` to end, then cancel everything."""
        try:
            await self._outbox_worker.close(grace_seconds=seconds)
        finally:
            await self._tasks.close()
