"""Keep the cards of unfinished jobs up to date.

A card has at most one edit in flight, and the job is read only when the edit is made. So edits
never queue up behind a rate limit: the next one shows the newest state.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.errors import (
    AccessDeniedError,
    DiscordUnavailableError,
    MessageNotFoundError,
    StyleBotError,
    UnknownJobError,
)
from bot.jobs.models import Announcement, JobState
from bot.ops.error_report import Where, count_error
from bot.ops.tasks import BackgroundTasks
from bot.views.card import CardFacts, render_card

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from bot.delivery.job_pictures import JobPictureReader
    from bot.delivery.messenger import Messenger
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.scheduler.forecast import JobEstimate

__all__ = ["CardUpdater"]

logger = logging.getLogger(__name__)

FIRST_ESTIMATE_SECONDS: Final = 0.5
"""How long a new card waits for its place in the queue."""

LAST_EDIT_SECONDS: Final = 3.0
"""How long an edit in flight may take once its job has ended."""

WAITING_REFRESH_SECONDS: Final = (6.0, 120.0)
"""Refresh interval of a waiting job's card, per place in the queue and at most."""

RUNNING_REFRESH_SECONDS: Final = 5.0
"""Refresh interval of a running job's card while a step takes long."""

MAX_REPLACEMENTS: Final = 3
"""How often a deleted card is posted again before its job goes on without one."""

FAILURE_PAUSE_SECONDS: Final = 5.0

ACCESS_DENIED_PAUSE_SECONDS: Final = 60.0
"""Pause after a missing permission, which may be granted again."""


class CardUpdater:
    """Edits the cards of queued and running jobs, in one task per card."""

    def __init__(
        self,
        messenger: Messenger,
        store: JobStore,
        pictures: JobPictureReader,
        *,
        estimate: Callable[[Job], Awaitable[JobEstimate]],
        interval: float,
        process_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a card updater.

        Args:
            messenger: edits and posts.
            store: reads jobs.
            pictures: reads the pictures of jobs.
            estimate: returns a job's place in the queue and the seconds until it is done.
            interval: least time between two edits of one card, in seconds.
            process_id: this process; the cards of other processes' jobs are left to them.
            clock: returns the time in seconds.
        """
        self._messenger = messenger
        self._store = store
        self._pictures = pictures
        self._estimate = estimate
        self._interval = interval
        self._process_id = process_id
        self._clock = clock
        self._tasks = BackgroundTasks(Where.DELIVERY)
        self._cards: dict[str, _CardState] = {}
        self._paused: set[str] = set()

    async def run(self) -> None:
        """Update cards until cancelled, starting with those of jobs already under way.

        Raises:
            StoreUnavailableError: the unfinished jobs cannot be listed; run again.
        """
        try:
            with self._store.feed.subscribe() as changes:
                for job_id in await self._store.list_unfinished_ids():
                    self._request_update(job_id)
                async for job_id in changes:
                    self._request_update(job_id)
        finally:
            await self._tasks.close()

    async def text_facts(self, job: Job) -> CardFacts:
        """Return what the card shows besides the job itself, without pictures."""
        return _to_facts(await self._estimate(job))

    async def first_facts(self, job: Job) -> CardFacts:
        """Return what a new card shows, without what would delay it; an update adds the rest."""
        try:
            async with asyncio.timeout(FIRST_ESTIMATE_SECONDS):
                return await self.text_facts(job)
        except TimeoutError:
            return CardFacts()

    async def facts(self, job: Job) -> CardFacts:
        """Return the same with the newest picture and, while the job is unfinished, the inputs."""
        return await self._add_pictures(job, await self.text_facts(job))

    async def _add_pictures(self, job: Job, text_facts: CardFacts) -> CardFacts:
        picture, inputs = await self._pictures.newest(job), None
        if not job.state.is_final:
            inputs = await self._pictures.inputs(job, small=picture is not None)
        return replace(text_facts, picture=picture, inputs=inputs)

    async def stop_updating(self, job_id: str) -> None:
        """Stop editing a card; when this returns, no edit of it is in flight."""
        card = self._cards.get(job_id)
        if card is None or card.task is None:
            return
        # A cancelled edit may still reach Discord, and overwrite the one that follows it.
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_EDIT_SECONDS), card.edit_lock:
                card.task.cancel()
        card.task.cancel()
        await asyncio.wait({card.task})

    async def show_paused(self, job_ids: Iterable[str]) -> None:
        """Show that these jobs go on after a restart, and edit their cards no more."""
        paused = set(job_ids)
        self._paused |= paused
        await asyncio.gather(*(self._show_paused(job_id) for job_id in paused))

    async def _show_paused(self, job_id: str) -> None:
        try:
            await self.stop_updating(job_id)
            job = await self._store.get(job_id)
            if not self._is_ours(job) or job.card_message_id is None:
                return
            picture = await self._pictures.newest(job)
            inputs = await self._pictures.inputs(job, small=picture is not None)
            facts = replace(await self.text_facts(job), picture=picture, inputs=inputs)
            card = render_card(job, replace(facts, is_paused=True))
            await self._messenger.edit(
                self._messenger.origin_channel(job.origin),
                job.card_message_id,
                embed=card.embed,
                files=card.files,
                view=card.view,
            )
        except (StyleBotError, OSError) as error:
            count_error(Where.DELIVERY, error)
            logger.warning("the card of job %s does not show the restart: %s", job_id, error)

    def _request_update(self, job_id: str) -> None:
        """Wake the card's task, or start one."""
        if job_id in self._paused:
            return
        card = self._cards.get(job_id)
        if card is not None and card.task is not None and not card.task.done():
            card.changed.set()
            return
        card = self._cards[job_id] = _CardState()
        card.task = self._tasks.start(self._keep_updated(job_id, card), name=f"card of {job_id}")
        card.task.add_done_callback(lambda _: self._discard(job_id, card))

    def _discard(self, job_id: str, card: _CardState) -> None:
        if self._cards.get(job_id) is card:
            del self._cards[job_id]

    async def _keep_updated(self, job_id: str, card: _CardState) -> None:
        """Edit one card whenever its job changes, until the job ends."""
        while True:
            card.changed.clear()
            try:
                job = await self._store.get(job_id)
                if not self._is_ours(job):
                    if card.changed.is_set():  # while the job was being read
                        continue
                    return  # the outbox worker posts the first state and the last
                async with card.edit_lock:
                    place = await self._update(job, card)
            except UnknownJobError:
                return
            except AccessDeniedError as error:
                count_error(Where.DELIVERY, error)
                logger.warning("job %s goes on without its card for now: %s", job_id, error)
                await asyncio.sleep(ACCESS_DENIED_PAUSE_SECONDS)
                continue
            except (StyleBotError, OSError) as error:
                count_error(Where.DELIVERY, error)
                logger.warning("card of job %s not updated, retrying: %s", job_id, error)
                asked = error.retry_after if isinstance(error, DiscordUnavailableError) else None
                await asyncio.sleep(asked or FAILURE_PAUSE_SECONDS)
                continue
            await asyncio.sleep(self._interval)
            await _wait(card.changed, timeout=_refresh_seconds(job, place))

    def _is_ours(self, job: Job) -> bool:
        """Return whether the job has a card that this process edits."""
        if job.state.is_final or job.card_message_id is None:
            return False
        return job.delivered_by == self._process_id

    async def _update(self, job: Job, card: _CardState) -> int | None:
        """Edit the card if its content has changed; return the job's place in the queue."""
        if job.card_message_id is None:
            return None
        estimate = await self._estimate(job)
        if job.state is JobState.RUNNING:
            estimate = card.bring_forward(job, estimate, now=self._clock())
        facts = await self._add_pictures(job, _to_facts(estimate))
        rendered = render_card(job, facts)
        content = rendered.embed.to_dict(), rendered.view.to_components()
        if content == card.content:
            return facts.place
        # An edit without attachments keeps the present ones, and uploads nothing.
        picture_keys = (job.snapshot_key, job.content_key, *job.style_keys)
        files = rendered.files if picture_keys != card.picture_keys else None
        try:
            await self._messenger.edit(
                self._messenger.origin_channel(job.origin),
                job.card_message_id,
                embed=rendered.embed,
                files=files,
                view=rendered.view,
            )
        except MessageNotFoundError:
            if not await self._replace(job, job.card_message_id, facts, card):
                card.content = card.picture_keys = None  # what it shows is not known
                return facts.place
        card.content = content
        # A snapshot that was replaced while it was being read is missing; retry with the next.
        is_complete = (facts.picture is None) == (job.snapshot_key is None)
        card.picture_keys = picture_keys if is_complete else None
        return facts.place

    async def _replace(
        self, job: Job, deleted_message_id: int, facts: CardFacts, card: _CardState
    ) -> bool:
        """Post a new card in place of a deleted one.

        Returns:
            False if an earlier process had posted it, in whatever state.

        Raises:
            AccessDeniedError: it was deleted `MAX_REPLACEMENTS` times already.
            UnknownJobError: it was deleted together with its job.
        """
        if card.replacements == MAX_REPLACEMENTS:
            raise AccessDeniedError("the card was deleted again and again")
        card.replacements += 1
        await self._store.get(job.job_id)  # raises if the job was deleted too
        channel = self._messenger.origin_channel(job.origin)
        # An earlier process may have posted it without recording it.
        message_id = await self._messenger.find(
            channel, job.job_id, Announcement.CARD, after=deleted_message_id
        )
        is_new = message_id is None
        if message_id is None:
            rendered = render_card(job, facts)
            message_id = await self._messenger.post(
                channel,
                nonce=f"{job.job_id}-card-{deleted_message_id}"[-25:],
                reply_to=job.origin.message_id,
                embed=rendered.embed,
                files=rendered.files,
                view=rendered.view,
            )
        await self._store.outbox.replace_card(job.job_id, message_id)
        return is_new


class _CardState:
    """One card's task, and what its last edit contained; unknown (None) before the first."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.changed = asyncio.Event()
        self.edit_lock = asyncio.Lock()
        self.content: Any = None
        self.picture_keys: tuple[str | None, ...] | None = None
        self.replacements = 0
        self._step: tuple[int, int] | None = None  # the claim and its newest step
        self._step_at = 0.0
        self._done = 0.0

    def bring_forward(self, job: Job, estimate: JobEstimate, *, now: float) -> JobEstimate:
        """Return a running job's estimate for now, between two steps.

        The bar of a claim never goes back, even if the estimates change.
        """
        if self._step != (job.claims, job.step):
            if self._step is None or self._step[0] != job.claims:
                self._done = 0.0
            self._step, self._step_at = (job.claims, job.step), now
        current = estimate.after(now - self._step_at)
        self._done = max(self._done, current.done)
        return replace(current, done=self._done)


def _to_facts(estimate: JobEstimate) -> CardFacts:
    return CardFacts(place=estimate.place, seconds_left=estimate.seconds_left, done=estimate.done)


def _refresh_seconds(job: Job, place: int | None) -> float | None:
    """Return when to refresh a card though its job has not changed.

    A running job's step may take long, and a waiting job moves up as other jobs end.
    """
    if job.state is JobState.RUNNING:
        return RUNNING_REFRESH_SECONDS
    if place is None:
        return None
    per_place, longest = WAITING_REFRESH_SECONDS
    return min(longest, per_place * place)


async def _wait(event: asyncio.Event, *, timeout: float | None) -> None:  # noqa: ASYNC109
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await event.wait()
