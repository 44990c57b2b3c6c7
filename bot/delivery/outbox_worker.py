"""Deliver what the outbox holds: the card of an accepted job, the outcome of an ended one.

Each is delivered exactly once, however often the process dies:

1. the attempt takes a lease and renews it, and confirms it immediately before each request;
2. the message carries a nonce, which Discord keeps unique for some minutes;
3. the message's id is recorded before anything else is done;
4. if an earlier attempt may have sent a message without recording its id, the message is searched
   for in the channel before another is sent;
5. if two attempts sent the message all the same, the one recorded second is deleted.

Each channel has one delivery in progress at most, so that a channel whose requests hang delays no
other channel.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.delivery.announcement_sender import AnnouncementSender, NotNeededError
from bot.delivery.lease import renewed_lease
from bot.errors import (
    AccessDeniedError,
    DiscordError,
    DiscordUnavailableError,
    LeaseLostError,
    StyleBotError,
    UnknownJobError,
)
from bot.jobs.models import Announcement
from bot.ops import metrics
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from bot.jobs.models import Delivery
    from bot.jobs.store import JobStore

__all__ = ["OutboxWorker"]

logger = logging.getLogger(__name__)

MAX_CONCURRENT: Final = 8

POLL_SECONDS: Final = 30.0
"""How often the outbox is read even if no change was announced."""

RETRY_BACKOFF: Final = Backoff(first=2.0, longest=300.0)

STORAGE_RETRY_SECONDS: Final = 2.0
"""Delay after the database or the artefacts were unavailable."""

ACCESS_DENIED_TIMEOUT: Final = timedelta(days=1)
"""How long an outcome is retried when both the channel and the member's DMs are closed to us."""

MAX_REJECTIONS: Final = 6
"""Attempts after which a message that Discord rejects is abandoned."""


class OutboxWorker:
    """Delivers what the outbox holds."""

    def __init__(
        self,
        sender: AnnouncementSender,
        store: JobStore,
        *,
        lease_seconds: float,
    ) -> None:
        """Make an outbox worker.

        Args:
            sender: sends the announcements.
            store: jobs and the outbox.
            lease_seconds: time after which another process may take over a delivery whose process
                is gone.
        """
        self._store = store
        self._lease_seconds = lease_seconds
        self._sender = sender
        self._tasks = BackgroundTasks(Where.DELIVERY)
        self._busy: set[tuple[int, Announcement]] = set()
        self._is_closing = False

    async def run(self) -> None:
        """Deliver until cancelled; an interrupted delivery is repeated at the next start."""
        try:
            with self._store.feed.subscribe() as changes:
                while True:
                    timeout = await self._start_due()
                    await changes.next(timeout=timeout)
                    changes.drain()
        finally:
            await self._tasks.close()

    async def close(self, *, grace_seconds: float) -> None:
        """Start what is due a last time, and cancel what has not ended after a while.

        Due is, for example, the card of a request that was accepted during the shutdown.
        """
        if not self._is_closing:
            await self._start_due()
        self._is_closing = True
        await self._tasks.close(grace_seconds=grace_seconds)

    async def _start_due(self) -> float:
        """Start the deliveries that are due; return the seconds until the next look."""
        try:
            # In this order, a row that becomes due between the two reads is not missed.
            next_due = await self._store.outbox.get_next_due()
            due = await self._store.outbox.list_due(except_for=self._busy, limit=MAX_CONCURRENT)
        except StyleBotError as error:
            count_error(Where.DELIVERY, error)
            logger.warning("the outbox cannot be read, retrying: %s", error)
            return STORAGE_RETRY_SECONDS
        for delivery in due:
            if self._is_closing or len(self._busy) == MAX_CONCURRENT:
                break
            self._start(delivery)
        if next_due is None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.05, (next_due - datetime.now(UTC)).total_seconds()))

    def _start(self, delivery: Delivery) -> None:
        # A card waits for no outcome, whose card may have to wait for its last edit.
        busy = (delivery.channel_id, delivery.announcement)
        self._busy.add(busy)
        task = self._tasks.start(self._attempt(delivery), name=delivery.name)

        def on_done(_: asyncio.Task[None]) -> None:
            self._busy.discard(busy)
            # Wake `run`: another delivery may have waited for this one to end.
            self._store.feed.publish(delivery.job_id)

        task.add_done_callback(on_done)

    async def _attempt(self, delivery: Delivery) -> None:
        """Make one attempt; on any error, postpone or abandon the delivery."""
        failures = delivery.attempts + 1
        try:
            leased = await self._store.outbox.start_send(
                delivery, lease_seconds=self._lease_seconds
            )
            if leased is None:
                return  # another process started it, or it is done
            delivery = leased
            async with renewed_lease(self._store.outbox, delivery, seconds=self._lease_seconds):
                await self._deliver(delivery)
        except LeaseLostError as error:
            count_error(Where.DELIVERY, error)
            logger.warning("%s is left to another attempt: %s", delivery.name, error)
        except DiscordUnavailableError as error:
            count_error(Where.DELIVERY, error)
            delay = error.retry_after or RETRY_BACKOFF.delay(failures)
            logger.warning("%s delayed by %.0f s: %s", delivery.name, delay, error)
            await self._postpone(delivery, delay)
        except AccessDeniedError as error:
            count_error(Where.DELIVERY, error)
            is_outcome = delivery.announcement is Announcement.OUTCOME
            if not is_outcome or datetime.now(UTC) - delivery.created_at > ACCESS_DENIED_TIMEOUT:
                await self._abandon(delivery, f"no channel to post in: {error}")
            else:
                # The permission may be granted again, and the bot invited again.
                logger.warning("%s has no channel for now: %s", delivery.name, error)
                await self._postpone(delivery, RETRY_BACKOFF.delay(failures))
        except DiscordError as error:
            count_error(Where.DELIVERY, error)
            if failures >= MAX_REJECTIONS:
                await self._abandon(delivery, f"rejected by Discord: {error}")
            else:
                logger.warning("%s rejected: %s", delivery.name, error)
                await self._postpone(delivery, RETRY_BACKOFF.delay(failures))
        except UnknownJobError:
            await self._abandon(delivery, "the job was deleted", result="unneeded")
        except (StyleBotError, OSError) as error:  # the database or the artefacts
            count_error(Where.DELIVERY, error)
            logger.warning("%s delayed: %s", delivery.name, error)
            await self._postpone(delivery, STORAGE_RETRY_SECONDS)
        except Exception as error:
            report_error(Where.DELIVERY, delivery.name, error, reference=delivery.job_id)
            await self._postpone(delivery, RETRY_BACKOFF.delay(failures))

    async def _deliver(self, delivery: Delivery) -> None:
        job = await self._store.get(delivery.job_id)
        try:
            channel_id, message_id = await self._sender.send(job, delivery)
        except NotNeededError as reason:
            await self._abandon(delivery, str(reason), result="unneeded")
            return
        is_kept = await self._store.outbox.mark_sent(
            delivery, channel_id=channel_id, message_id=message_id
        )
        if is_kept:
            metrics.DELIVERIES_ENDED.labels("sent").inc()
            logger.info("%s delivered as message %d", delivery.name, message_id)
        else:
            logger.warning(
                "message %d is deleted again: %s was delivered by another attempt, or its job was "
                "deleted meanwhile",
                message_id,
                delivery.name,
            )

    async def _postpone(self, delivery: Delivery, seconds: float) -> None:
        await _record(self._store.outbox.postpone(delivery, seconds=seconds), delivery)

    async def _abandon(self, delivery: Delivery, reason: str, *, result: str = "failed") -> None:
        level = logging.ERROR if result == "failed" else logging.INFO
        logger.log(level, "%s abandoned: %s", delivery.name, reason)
        metrics.DELIVERIES_ENDED.labels(result).inc()
        await _record(self._store.outbox.abandon(delivery, reason=reason), delivery)


async def _record(change: Awaitable[None], delivery: Delivery) -> None:
    """Record what became of an attempt; if that fails, the lease expires and it is due again."""
    try:
        await change
    except StyleBotError as error:
        count_error(Where.DELIVERY, error)
        logger.warning("%s is due again when its lease expires: %s", delivery.name, error)
