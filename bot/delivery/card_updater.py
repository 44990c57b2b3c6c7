"""Keeping cards up to date: one task per job under way, the newest state wins.

A card has at most one edit in flight, and what it says is read only when the edit is made, so
that nothing ever queues up behind a rate limit: whatever happened while Discord made us wait is
in the next edit.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bot.errors import (
    AccessDeniedError,
    DiscordError,
    DiscordUnavailableError,
    MessageNotFoundError,
    StyleBotError,
    UnknownJobError,
)
from bot.jobs.models import Announcement
from bot.views.card import Card, CardFacts, render_card

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.delivery.job_pictures import Gallery
    from bot.delivery.messenger import Messenger
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore

__all__ = ["CardUpdater"]

logger = logging.getLogger(__name__)

LAST_EDIT_SECONDS: Final = 3.0
"""How long an edit in flight may take to land once its job has ended."""

WAITING_REFRESH_SECONDS: Final = (6.0, 120.0)
"""How often a waiting job's position is looked at: the first in line, and at most."""

MOST_REPLACEMENTS: Final = 3
"""How often a deleted card is posted anew before the job goes on without one."""

PAUSE_AFTER_FAILURE_SECONDS: Final = 5.0

PAUSE_WHILE_CLOSED_SECONDS: Final = 60.0
"""How long a channel that is closed to us is left alone; what was withdrawn may come back."""


class CardUpdater:
    """Edits the cards of jobs that wait or are being painted."""

    def __init__(
        self,
        messenger: Messenger,
        store: JobStore,
        gallery: Gallery,
        *,
        estimate: Callable[[Job], Awaitable[float | None]],
        interval: float,
        process_id: str,
    ) -> None:
        """Make a keeper.

        Args:
            messenger: edits and posts.
            store: where jobs are read.
            gallery: where pictures are read.
            estimate: seconds until a job's picture is done, or None.
            interval: least time between two edits of one card, in seconds.
            process_id: who we are; a job that another process tends has its card edited there.
        """
        self._messenger = messenger
        self._store = store
        self._gallery = gallery
        self._estimate = estimate
        self._interval = interval
        self._process_id = process_id
        self._tended: dict[str, _Tended] = {}

    async def run(self) -> None:
        """Tend every card until cancelled, beginning with those of jobs already under way."""
        try:
            with self._store.feed.subscribe() as changes:
                for job in [*await self._store.running(), *await self._store.waiting()]:
                    self._tend(job.job_id)
                async for job_id in changes:
                    self._tend(job_id)
        finally:
            tasks = [tended.task for tended in self._tended.values() if tended.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def words(self, job: Job) -> CardFacts:
        """What the card says besides the job itself, without pictures: position and estimate."""
        place = await self._store.place_in_queue(job.job_id)
        seconds_left = None if job.state.is_final else await self._estimate(job)
        return CardFacts(place=place, seconds_left=seconds_left)

    async def facts(self, job: Job) -> CardFacts:
        """The same with the newest picture, and with what was taken until the job has ended."""
        words = await self.words(job)
        picture, inputs = await self._gallery.newest(job), None
        if not job.state.is_final:
            inputs = await self._gallery.inputs(job, small=picture is not None)
        return replace(words, picture=picture, inputs=inputs)

    async def settle(self, job_id: str) -> None:
        """Stop tending a card: no edit of it is in flight any more when this returns."""
        tended = self._tended.get(job_id)
        if tended is None or tended.task is None:
            return
        # An edit cut off may still arrive at Discord, after the one that follows it.
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_EDIT_SECONDS), tended.editing:
                tended.task.cancel()
        tended.task.cancel()
        await asyncio.wait({tended.task})

    def _tend(self, job_id: str) -> None:
        """Have the card's task look again, starting one where there is none."""
        tended = self._tended.get(job_id)
        if tended is not None and tended.task is not None and not tended.task.done():
            tended.news.set()
            return
        tended = _Tended()
        self._tended[job_id] = tended
        tended.task = asyncio.create_task(self._keep(job_id, tended), name=f"card {job_id}")
        tended.task.add_done_callback(lambda _: self._forget(job_id, tended))

    def _forget(self, job_id: str, tended: _Tended) -> None:
        if self._tended.get(job_id) is tended:
            del self._tended[job_id]

    async def _keep(self, job_id: str, tended: _Tended) -> None:
        """Edit one card whenever its job changed, until the job ends or the card cannot be had."""
        while True:
            tended.news.clear()
            try:
                job = await self._store.get(job_id)
                if not self._is_ours(job):
                    if tended.news.is_set():  # it changed while it was being read
                        continue
                    return  # the courier has the first word, and the last
                async with tended.editing:
                    place = await self._show(job, tended)
            except UnknownJobError:
                return
            except AccessDeniedError as error:
                logger.warning("job %s goes on without its card for now: %s", job_id, error)
                await asyncio.sleep(PAUSE_WHILE_CLOSED_SECONDS)
                continue
            except (DiscordError, StyleBotError, OSError) as error:
                logger.warning("card of job %s not updated, trying again: %s", job_id, error)
                after = error.retry_after if isinstance(error, DiscordUnavailableError) else None
                await asyncio.sleep(after or PAUSE_AFTER_FAILURE_SECONDS)
                continue
            await asyncio.sleep(self._interval)
            await _wait(tended.news, timeout=_refresh_seconds(place))

    def _is_ours(self, job: Job) -> bool:
        """Whether there is a card to be edited, and nobody else edits it."""
        if job.state.is_final or job.card_message_id is None:
            return False
        return job.tended_by == self._process_id

    async def _show(self, job: Job, tended: _Tended) -> int | None:
        """Edit the card if what it says has changed; returns the job's place in the queue."""
        if job.card_message_id is None:
            return None
        facts = await self.facts(job)
        card = render_card(job, facts)
        said = card.embed.to_dict(), card.view.to_components()
        if said == tended.said:
            return facts.place
        place = self._messenger.origin_channel(job.origin)
        # An edit that leaves the attachments alone keeps the picture, and uploads nothing.
        shown = (job.snapshot_key, job.content_key, *job.style_keys)
        files = card.files if shown != tended.shown else None
        try:
            await self._messenger.edit(
                place, job.card_message_id, embed=card.embed, files=files, view=card.view
            )
        except MessageNotFoundError:
            await self._replace(job, job.card_message_id, facts, tended)
        tended.said = said
        # A snapshot replaced while it was being read is there next time.
        tended.shown = shown if (facts.picture is None) == (job.snapshot_key is None) else None
        return facts.place

    async def _replace(
        self, job: Job, card_message_id: int, facts: CardFacts, tended: _Tended
    ) -> None:
        """Post a card anew where someone deleted it.

        Raises:
            AccessDeniedError: it has been deleted so often that nobody seems to want it.
            UnknownJobError: it was deleted with its job.
        """
        if tended.replacements == MOST_REPLACEMENTS:
            raise AccessDeniedError("the card was deleted again and again")
        tended.replacements += 1
        await self._store.get(job.job_id)  # it may be gone because the job was forgotten
        place = self._messenger.origin_channel(job.origin)
        # An earlier process may have posted it already, and not lived to record that.
        message_id = await self._messenger.find(
            place, job.job_id, Announcement.CARD, after=card_message_id
        )
        if message_id is None:
            card: Card = render_card(job, facts)
            message_id = await self._messenger.post(
                place,
                nonce=f"{job.job_id}-card-{card_message_id}"[-25:],
                reply_to=job.origin.message_id,
                embed=card.embed,
                files=card.files,
                view=card.view,
            )
        await self._store.outbox.replace_card(job.job_id, message_id)


class _Tended:
    """One card's task and what the card showed last; unknown at first, so all is said once."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.news = asyncio.Event()
        self.editing = asyncio.Lock()
        self.said: Any = None
        self.shown: tuple[str | None, ...] | None = None
        self.replacements = 0


def _refresh_seconds(place: int | None) -> float | None:
    """When to look at a card again though its job did not change: others' jobs move it up."""
    if place is None:
        return None
    least, most = WAITING_REFRESH_SECONDS
    return min(most, least * place)


async def _wait(news: asyncio.Event, *, timeout: float | None) -> None:  # noqa: ASYNC109
    try:
        async with asyncio.timeout(timeout):
            await news.wait()
    except TimeoutError:
        return
