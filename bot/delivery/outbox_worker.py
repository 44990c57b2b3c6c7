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

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.delivery.lease import renewed_lease
from bot.delivery.outcome_message import (
    MIN_PICTURE_BYTES,
    REQUEST_OVERHEAD_BYTES,
    build_outcome_message,
)
from bot.errors import (
    AccessDeniedError,
    DiscordError,
    DiscordRejectedError,
    DiscordUnavailableError,
    LeaseLostError,
    MessageNotFoundError,
    StyleBotError,
    UnknownJobError,
)
from bot.jobs.models import Announcement, JobState
from bot.ops import metrics
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks
from bot.views.card import render_card

if TYPE_CHECKING:
    import discord

    from bot.delivery.card_updater import CardUpdater
    from bot.delivery.job_pictures import JobPictureReader
    from bot.delivery.messenger import Messenger
    from bot.jobs.deletions import MessageIds
    from bot.jobs.models import Delivery, Job
    from bot.jobs.store import JobStore

__all__ = ["OutboxWorker"]

logger = logging.getLogger(__name__)

MAX_CONCURRENT: Final = 8

POLL_SECONDS: Final = 30.0
"""How often the outbox is read even if no change was announced."""

LAST_CARD_EDIT_SECONDS: Final = 10.0
"""How long the outcome waits for the last edit of the card."""

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
        messenger: Messenger,
        store: JobStore,
        pictures: JobPictureReader,
        card_updater: CardUpdater,
        *,
        largest_size: int,
        lease_seconds: float,
    ) -> None:
        """Make an outbox worker.

        Args:
            messenger: posts.
            store: jobs and the outbox.
            pictures: reads the pictures of jobs.
            card_updater: edits the cards in the meantime.
            largest_size: longest side that is painted, in pixels.
            lease_seconds: time after which another process may take over a delivery whose process
                is gone.
        """
        self._messenger = messenger
        self._store = store
        self._pictures = pictures
        self._card_updater = card_updater
        self._largest_size = largest_size
        self._lease_seconds = lease_seconds
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
        task = self._tasks.start(self._attempt(delivery), name=_name(delivery))

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
            logger.warning("%s is left to another attempt: %s", _name(delivery), error)
        except DiscordUnavailableError as error:
            count_error(Where.DELIVERY, error)
            delay = error.retry_after or RETRY_BACKOFF.delay(failures)
            logger.warning("%s delayed by %.0f s: %s", _name(delivery), delay, error)
            await self._postpone(delivery, delay)
        except AccessDeniedError as error:
            count_error(Where.DELIVERY, error)
            is_card = delivery.announcement is Announcement.CARD
            if is_card or datetime.now(UTC) - delivery.created_at > ACCESS_DENIED_TIMEOUT:
                await self._abandon(delivery, f"no channel to post in: {error}")
            else:
                # The permission may be granted again, and the bot invited again.
                logger.warning("%s has no channel for now: %s", _name(delivery), error)
                await self._postpone(delivery, RETRY_BACKOFF.delay(failures))
        except DiscordError as error:
            count_error(Where.DELIVERY, error)
            if failures >= MAX_REJECTIONS:
                await self._abandon(delivery, f"rejected by Discord: {error}")
            else:
                logger.warning("%s rejected: %s", _name(delivery), error)
                await self._postpone(delivery, RETRY_BACKOFF.delay(failures))
        except UnknownJobError:
            await self._abandon(delivery, "the job was deleted", result="unneeded")
        except (StyleBotError, OSError) as error:  # the database or the artefacts
            count_error(Where.DELIVERY, error)
            logger.warning("%s delayed: %s", _name(delivery), error)
            await self._postpone(delivery, STORAGE_RETRY_SECONDS)
        except Exception as error:
            report_error(Where.DELIVERY, _name(delivery), error, reference=delivery.job_id)
            await self._postpone(delivery, RETRY_BACKOFF.delay(failures))

    async def _deliver(self, delivery: Delivery) -> None:
        job = await self._store.get(delivery.job_id)
        if delivery.announcement is Announcement.OUTCOME:
            await self._finish_card(job)
        if delivery.announcement is Announcement.CARD:
            channel_id, message_id = await self._post_card(job, delivery)
        elif job.state is JobState.CANCELLED:
            # The card shows it; no other message is needed.
            if job.card_message_id is None:
                reason = "cancelled before there was a card"
                await self._abandon(delivery, reason, result="unneeded")
                return
            channel_id, message_id = job.origin.channel_id, job.card_message_id
        else:
            channel_id, message_id = await self._post_outcome(job, delivery)
        is_kept = await self._store.outbox.mark_sent(
            delivery, channel_id=channel_id, message_id=message_id
        )
        if is_kept:
            metrics.DELIVERIES_ENDED.labels("sent").inc()
            logger.info("%s delivered as message %d", _name(delivery), message_id)
        else:
            logger.warning(
                "message %d is deleted again: %s was delivered by another attempt, or its job was "
                "deleted meanwhile",
                message_id,
                _name(delivery),
            )

    async def _post_card(self, job: Job, delivery: Delivery) -> MessageIds:
        channel = self._messenger.origin_channel(job.origin)
        found = await self._find_sent(channel, job, delivery)
        if found is not None:
            return channel.id, found
        # Quickly; the card updater adds the pictures.
        facts = await self._card_updater.first_facts(job)
        reply_to = job.origin.message_id
        while True:
            card = render_card(job, facts)
            await self._confirm(delivery)
            try:
                message_id = await self._messenger.post(
                    channel,
                    nonce=delivery.nonce,
                    reply_to=reply_to,
                    embed=card.embed,
                    files=card.files,
                    view=card.view,
                )
            except DiscordRejectedError as error:
                if not error.is_reply_refused or reply_to is None:
                    raise
                reply_to = None
            else:
                return channel.id, message_id

    async def _post_outcome(self, job: Job, delivery: Delivery) -> MessageIds:
        """Post the outcome in the job's channel, or to the requester if access is denied."""
        channel = self._messenger.origin_channel(job.origin)
        try:
            return await self._find_or_send_outcome(job, delivery, channel, is_private=False)
        except AccessDeniedError as error:
            if job.origin.guild_id is None:
                raise
            logger.warning("%s goes to the requester's DMs: %s", _name(delivery), error)
        channel = await self._messenger.dm_channel(job.origin.requester_id)
        return await self._find_or_send_outcome(job, delivery, channel, is_private=True)

    async def _find_or_send_outcome(
        self,
        job: Job,
        delivery: Delivery,
        channel: discord.PartialMessageable,
        *,
        is_private: bool,
    ) -> MessageIds:
        message_id = await self._find_sent(channel, job, delivery)
        if message_id is None:
            message_id = await self._send_outcome(job, delivery, channel, is_private=is_private)
        return channel.id, message_id

    async def _send_outcome(
        self, job: Job, delivery: Delivery, channel: discord.PartialMessageable, *, is_private: bool
    ) -> int:
        """Send the outcome; if Discord rejects it, again with a smaller picture or as no reply."""
        pictures = await self._pictures.outcome_pictures(job)
        limit = await self._picture_limit(None if is_private else job.origin.guild_id)
        reply_to = None if is_private else job.origin.message_id
        while True:
            message = await build_outcome_message(
                job,
                pictures,
                limit=limit,
                largest_size=self._largest_size,
                is_private=is_private,
            )
            await self._confirm(delivery)
            try:
                return await self._messenger.post(
                    channel,
                    nonce=delivery.nonce,
                    reply_to=reply_to,
                    mention=job.origin.requester_id,
                    content=message.content,
                    embed=message.embed,
                    files=message.files,
                    view=message.view,
                )
            except DiscordRejectedError as error:
                if error.is_reply_refused and reply_to is not None:
                    reply_to = None
                elif error.is_too_large and message.picture_bytes > MIN_PICTURE_BYTES:
                    # The guild's boosts may have expired; try the limit of any guild first.
                    base_limit = await self._picture_limit(None)
                    is_above = message.picture_bytes > base_limit
                    limit = base_limit if is_above else message.picture_bytes // 2
                else:
                    raise

    async def _confirm(self, delivery: Delivery) -> None:
        """Confirm the lease; nothing may be awaited between this and the request.

        Raises:
            LeaseLostError: another attempt was started.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._store.outbox.confirm_send(delivery, lease_seconds=self._lease_seconds)

    async def _picture_limit(self, guild_id: int | None) -> int:
        return await self._messenger.upload_limit(guild_id) - REQUEST_OVERHEAD_BYTES

    async def _find_sent(
        self, channel: discord.PartialMessageable, job: Job, delivery: Delivery
    ) -> int | None:
        """Return the message that an earlier attempt sent without recording it, or None."""
        if delivery.send_started_at is None:
            return None
        older = job.origin.message_id
        if delivery.announcement is Announcement.OUTCOME:
            older = job.card_message_id or older
        try:
            return await self._messenger.find(
                channel,
                delivery.job_id,
                delivery.announcement,
                after=older,
                sent_at=delivery.send_started_at,
            )
        except AccessDeniedError as error:
            # Without the history, only the nonce prevents a second message.
            logger.warning("%s cannot be searched for: %s", _name(delivery), error)
            return None

    async def _finish_card(self, job: Job) -> None:
        """Edit the card a last time; the outcome does not wait long for it."""
        await self._card_updater.stop_updating(job.job_id)
        if job.card_message_id is None:
            return
        card = render_card(job, await self._card_updater.facts(job))
        try:
            async with asyncio.timeout(LAST_CARD_EDIT_SECONDS):
                await self._messenger.edit(
                    self._messenger.origin_channel(job.origin),
                    job.card_message_id,
                    embed=card.embed,
                    files=card.files,
                    view=card.view,
                )
        except MessageNotFoundError:
            logger.info("the card of job %s was deleted", job.job_id)
        except (DiscordError, TimeoutError) as error:
            logger.warning("the card of job %s shows an older state: %r", job.job_id, error)

    async def _postpone(self, delivery: Delivery, seconds: float) -> None:
        # If the database is unavailable too, the row is due again when its lease expires.
        with suppress(StyleBotError):
            await self._store.outbox.postpone(delivery, seconds=seconds)

    async def _abandon(self, delivery: Delivery, reason: str, *, result: str = "failed") -> None:
        level = logging.ERROR if result == "failed" else logging.INFO
        logger.log(level, "%s abandoned: %s", _name(delivery), reason)
        metrics.DELIVERIES_ENDED.labels(result).inc()
        with suppress(StyleBotError):
            await self._store.outbox.abandon(delivery, reason=reason)


def _name(delivery: Delivery) -> str:
    return f"{delivery.announcement} of job {delivery.job_id}"
