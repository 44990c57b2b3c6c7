"""The courier empties the outbox: the card when a job is accepted, the outcome when it ended.

Exactly once, however often the process dies:

1. the row says that sending begins, committed, before anything is sent;
2. the message carries a nonce that Discord keeps unique for some minutes;
3. the message's id is recorded before anything else is done;
4. a row that began earlier without a recorded id is looked for in the channel first, whatever
   the time that has passed.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.delivery import outcome_message
from bot.errors import (
    AccessDeniedError,
    DiscordError,
    DiscordRejectedError,
    DiscordUnavailableError,
    MessageNotFoundError,
    StyleBotError,
    UnknownJobError,
)
from bot.jobs.models import Announcement, JobState
from bot.views.card import render_card

if TYPE_CHECKING:
    import discord

    from bot.delivery.card_updater import CardUpdater
    from bot.delivery.job_pictures import Gallery
    from bot.delivery.messenger import Messenger
    from bot.jobs.deletions import Message
    from bot.jobs.models import Delivery, Job
    from bot.jobs.store import JobStore

__all__ = ["OutboxWorker", "backoff"]

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""Deliveries under way at the same time."""

LEASE_SECONDS: Final = 180.0
"""How long a begun delivery is ours before another process may take it for dead."""

LOOK_SECONDS: Final = 30.0
"""The outbox is looked at so often even if nothing announced a change."""

LAST_CARD_SECONDS: Final = 10.0
"""How long the outcome waits for the card to be brought to its last state."""

FIRST_BACKOFF_SECONDS: Final = 2.0
MOST_BACKOFF_SECONDS: Final = 300.0

CLOSED_PATIENCE: Final = timedelta(days=1)
"""For so long a picture is offered again to a channel and a member that both refuse it."""

MOST_REJECTIONS: Final = 6
"""Attempts after which a message that Discord keeps declining is given up."""


class OutboxWorker:
    """Delivers what the outbox holds."""

    def __init__(
        self,
        messenger: Messenger,
        store: JobStore,
        gallery: Gallery,
        keeper: CardUpdater,
        *,
        largest_size: int,
    ) -> None:
        """Make a courier.

        Args:
            messenger: posts.
            store: jobs and the outbox.
            gallery: where pictures are read.
            keeper: who edits the cards meanwhile.
            largest_size: longest side that is painted, in pixels.
        """
        self._messenger = messenger
        self._store = store
        self._gallery = gallery
        self._keeper = keeper
        self._largest_size = largest_size
        self._under_way: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled; a delivery cut off is found again at the next start."""
        try:
            with self._store.feed.subscribe() as changes:
                while True:
                    wait = await self._look()
                    await changes.next(timeout=wait)
                    changes.drain()
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def flush(self, *, seconds: float) -> None:
        """Give deliveries under way some time to end; for an orderly shutdown."""
        if self._under_way:
            await asyncio.wait(set(self._under_way.values()), timeout=seconds)

    async def _look(self) -> float:
        """Start what is due; returns how long to sleep at most, in seconds."""
        try:
            due = await self._store.outbox.due()
            next_due = await self._store.outbox.next_due()
        except StyleBotError as error:
            logger.warning("the outbox cannot be read, trying again: %s", error)
            return FIRST_BACKOFF_SECONDS
        for delivery in due:
            if len(self._under_way) == AT_ONCE:
                break
            if delivery.delivery_id not in self._under_way:
                self._start(delivery)
        if next_due is None:
            return LOOK_SECONDS
        return min(LOOK_SECONDS, max(0.05, (next_due - datetime.now(UTC)).total_seconds()))

    def _start(self, delivery: Delivery) -> None:
        name = f"{delivery.announcement} of {delivery.job_id}"
        task = asyncio.create_task(self._attempt(delivery), name=name)
        self._under_way[delivery.delivery_id] = task

        def ended(_: asyncio.Task[None]) -> None:
            del self._under_way[delivery.delivery_id]
            # Look again: others may have waited for a free hand.
            self._store.feed.publish(delivery.job_id)

        task.add_done_callback(ended)

    async def _attempt(self, delivery: Delivery) -> None:
        """One attempt at one delivery; whatever goes wrong, it is tried again or given up."""
        try:
            await self._deliver(delivery)
        except DiscordUnavailableError as error:
            wait = error.retry_after or backoff(delivery.attempts)
            logger.warning("%s delayed by %.0f s: %s", _named(delivery), wait, error)
            await self._postpone(delivery, wait)
        except AccessDeniedError as error:
            if delivery.announcement is Announcement.CARD or _age(delivery) > CLOSED_PATIENCE:
                await self._abandon(delivery, f"no way to post it: {error}")
            else:
                # A permission withdrawn by mistake comes back, and so does a bot thrown out.
                logger.warning("%s has nowhere to go, for now: %s", _named(delivery), error)
                await self._postpone(delivery, backoff(delivery.attempts))
        except DiscordError as error:
            if delivery.attempts + 1 >= MOST_REJECTIONS:
                await self._abandon(delivery, f"declined by Discord: {error}")
            else:
                logger.warning("%s declined: %s", _named(delivery), error)
                await self._postpone(delivery, backoff(delivery.attempts))
        except UnknownJobError:
            await self._abandon(delivery, "the job is not kept any more")
        except (StyleBotError, OSError) as error:  # the database or the pictures are away
            logger.warning("%s delayed: %s", _named(delivery), error)
            await self._postpone(delivery, FIRST_BACKOFF_SECONDS)
        except Exception:
            logger.exception("%s failed in a way nobody expected", _named(delivery))
            await self._postpone(delivery, backoff(delivery.attempts))

    async def _deliver(self, delivery: Delivery) -> None:
        job = await self._store.get(delivery.job_id)
        if delivery.announcement is Announcement.OUTCOME:
            await self._finish_card(job)
        begun = await self._store.outbox.begin(delivery, lease_seconds=LEASE_SECONDS)
        if begun is None:
            return  # another process has it, or it is done
        if delivery.announcement is Announcement.CARD:
            channel_id, message_id = await self._post_card(job, delivery)
        elif job.state is JobState.CANCELLED:
            # Whoever cancelled sees it on the card; another message would only be noise.
            if job.card_message_id is None:
                await self._abandon(delivery, "cancelled before there was a card")
                return
            channel_id, message_id = job.origin.channel_id, job.card_message_id
        else:
            channel_id, message_id = await self._post_outcome(job, delivery)
        if not await self._store.outbox.done(
            delivery, channel_id=channel_id, message_id=message_id
        ):
            logger.info("%s is taken back: the job was forgotten meanwhile", _named(delivery))
            return
        logger.info("%s delivered as message %d", _named(delivery), message_id)

    async def _post_card(self, job: Job, delivery: Delivery) -> Message:
        place = self._messenger.origin_channel(job.origin)
        found = await self._sent_before(place, job, delivery)
        if found is not None:
            return place.id, found
        # In words alone, so that it is there at once; its keeper adds the pictures.
        facts = await self._keeper.words(job)
        reply_to = job.origin.message_id
        while True:
            card = render_card(job, facts)
            try:
                posted = await self._messenger.post(
                    place,
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
                return place.id, posted

    async def _post_outcome(self, job: Job, delivery: Delivery) -> Message:
        """Post the outcome where the request came from, or privately if that is closed to us."""
        place = self._messenger.origin_channel(job.origin)
        try:
            found = await self._sent_before(place, job, delivery)
            if found is not None:
                return place.id, found
            return place.id, await self._send_outcome(job, delivery, place, privately=False)
        except AccessDeniedError as error:
            if job.origin.guild_id is None:
                raise
            logger.warning("%s goes to the requester privately: %s", _named(delivery), error)
        place = await self._messenger.dm_channel(job.origin.requester_id)
        found = await self._sent_before(place, job, delivery)
        if found is not None:
            return place.id, found
        return place.id, await self._send_outcome(job, delivery, place, privately=True)

    async def _send_outcome(
        self, job: Job, delivery: Delivery, place: discord.PartialMessageable, *, privately: bool
    ) -> int:
        """Send the outcome, smaller or without a reply where Discord declines it as it is."""
        pictures = await self._gallery.all_of(job)
        guild_id = None if privately else job.origin.guild_id
        limit = await self._messenger.upload_limit(guild_id) - outcome_message.ENVELOPE_BYTES
        reply_to = None if privately else job.origin.message_id
        while True:
            letter = await outcome_message.write(
                job,
                pictures,
                limit=limit,
                largest_size=self._largest_size,
                privately=privately,
            )
            try:
                return await self._messenger.post(
                    place,
                    nonce=delivery.nonce,
                    reply_to=reply_to,
                    mention=job.origin.requester_id,
                    content=letter.content,
                    embed=letter.embed,
                    files=letter.files,
                    view=letter.view,
                )
            except DiscordRejectedError as error:
                if error.is_reply_refused and reply_to is not None:
                    reply_to = None
                elif (
                    error.is_too_large
                    and letter.picture_bytes > outcome_message.SMALLEST_PICTURE_BYTES
                ):
                    # Boosts may have run out unnoticed, and what any guild takes is known.
                    unboosted = (
                        await self._messenger.upload_limit(None) - outcome_message.ENVELOPE_BYTES
                    )
                    is_boosted = letter.picture_bytes > unboosted
                    limit = unboosted if is_boosted else letter.picture_bytes // 2
                else:
                    raise

    async def _sent_before(
        self, place: discord.PartialMessageable, job: Job, delivery: Delivery
    ) -> int | None:
        """The message an earlier attempt sent without living to record it, if there is one."""
        if delivery.send_started_at is None:
            return None
        older = job.origin.message_id
        if delivery.announcement is Announcement.OUTCOME:
            older = job.card_message_id or older
        try:
            return await self._messenger.find(
                place,
                delivery.job_id,
                delivery.announcement,
                after=older or delivery.send_started_at,
            )
        except AccessDeniedError as error:
            # Without its history only the nonce protects from a second message.
            logger.warning("%s cannot be looked for: %s", _named(delivery), error)
            return None

    async def _finish_card(self, job: Job) -> None:
        """Bring the card to its last state; the outcome matters more and does not wait long."""
        await self._keeper.settle(job.job_id)
        if job.card_message_id is None:
            return
        card = render_card(job, await self._keeper.facts(job))
        try:
            async with asyncio.timeout(LAST_CARD_SECONDS):
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
            logger.warning("the card of job %s keeps an older state: %r", job.job_id, error)

    async def _postpone(self, delivery: Delivery, seconds: float) -> None:
        # If the store is away too, the lease runs out and the row is due again by itself.
        with suppress(StyleBotError):
            await self._store.outbox.postpone(delivery, seconds=seconds)

    async def _abandon(self, delivery: Delivery, reason: str) -> None:
        logger.error("%s is given up: %s", _named(delivery), reason)
        with suppress(StyleBotError):
            await self._store.outbox.abandon(delivery, reason=reason)


def backoff(attempts: int) -> float:
    """How long to wait after so many attempts in vain, in seconds."""
    return min(MOST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** min(attempts, 20))


def _age(delivery: Delivery) -> timedelta:
    return datetime.now(UTC) - delivery.created_at


def _named(delivery: Delivery) -> str:
    return f"{delivery.announcement} of job {delivery.job_id}"
