"""One claim of one job: from its inputs to its end, or back into the queue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from bot.artefacts.keys import checkpoint_key, result_key
from bot.errors import ArtefactMissingError, ClaimLostError
from bot.executors.protocol import (
    Cancelled,
    EncodedSnapshot,
    Failed,
    Finished,
    Work,
)
from bot.ops.retry import TRANSIENT_STORAGE_ERRORS, retry_until_available
from bot.scheduler.snapshots import Frames
from stylenet.events import Checkpoint, Progress

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts
    from bot.executors.protocol import Event, Executor
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["Attempt"]

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0
"""Least time between two records of a job's progress."""

RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0


class Attempt:
    """Carries one claimed job through the executor and records what comes of it.

    Attributes:
        job: as it was claimed; the token of the claim.
        progress: the newest progress, recorded yet or not.
        ended: the job once it has ended; None while it has not, or goes on elsewhere or later.
        seconds: by the clock, of an attempt that painted the whole picture with a worker that was
            ready; None for any other.
        was_lost: whether the job was recovered by another process, or forgotten, meanwhile.
    """

    def __init__(
        self,
        job: Job,
        *,
        store: JobStore,
        artefacts: Artefacts,
        executor: Executor,
        settings: Settings,
    ) -> None:
        self.job = job
        self.progress: Progress | None = None
        self.ended: Job | None = None
        self.seconds: float | None = None
        self.was_lost = False
        self._claims = store.claims
        self._artefacts = artefacts
        self._executor = executor
        self._settings = settings
        self._stop = asyncio.Event()
        self._handing_back = False
        self._recorded_at = 0.0
        self._checkpoint = job.checkpoint_key
        self._frames = Frames(
            job.job_id,
            artefacts,
            most=settings.timelapse_snapshots,
            anew=job.snapshot_key is None,
        )

    def cancel(self) -> None:
        """Stop, because the requester asked for it or the claim is lost."""
        self._stop.set()

    def hand_back(self) -> None:
        """Stop, because the bot is closing: keep a last checkpoint, and queue the job again."""
        self._handing_back = True
        self._stop.set()

    async def run(self) -> None:
        """Work until the job has ended, is queued again, or the claim is lost."""
        job = self.job
        began, was_ready = time.monotonic(), self._executor.warmup_seconds == 0
        try:
            try:
                await self._paint()
            except ArtefactMissingError as error:
                await self._end(Failed(code="internal", message=str(error), retryable=False))
            if was_ready and job.attempts == 1 and job.checkpoint_key is None:
                self.seconds = time.monotonic() - began
        except ClaimLostError as error:
            self.was_lost = True
            logger.warning("%s", error)
        except asyncio.CancelledError:
            # Out of patience at shutdown. The job stays `running`, and is recovered at the next
            # start; saying so here might hang for as long as what hung already.
            logger.warning("job %s was left in mid-air; it will be recovered", job.job_id)
            raise

    async def _paint(self) -> None:
        work = await self._work()
        try:
            async with (
                asyncio.timeout(self._settings.job_timeout_seconds),
                contextlib.aclosing(self._executor.run(work, stop=self._stop)) as events,
            ):
                async for event in events:
                    if isinstance(event, Finished | Failed | Cancelled):
                        last = event
                        break
                    await self._record(event)
                else:
                    last = Failed(code="internal", message="no outcome", retryable=True)
        except TimeoutError:
            limit = self._settings.job_timeout_seconds
            last = Failed(code="timed_out", message=f"longer than {limit:g} s", retryable=False)
        await self._end(last)

    async def _work(self) -> Work:
        """The job's inputs, and its checkpoint if that is still there.

        Raises:
            ArtefactMissingError: an input is gone.
        """
        job = self.job

        async def fetch(key: str) -> bytes:
            return await retry_until_available(
                lambda: self._artefacts.get(key), what=f"reading {key}"
            )

        checkpoint = None
        if job.checkpoint_key is not None:
            try:
                checkpoint = await fetch(job.checkpoint_key)
            except ArtefactMissingError:
                logger.warning("job %s starts afresh: its checkpoint is gone", job.job_id)
        return Work(
            job_id=job.job_id,
            content=await fetch(job.content_key),
            styles=tuple([await fetch(key) for key in job.style_keys]),
            recipe=job.recipe,
            masks=tuple([None if key is None else await fetch(key) for key in job.mask_keys]),
            start=None if job.start_key is None else await fetch(job.start_key),
            checkpoint=checkpoint,
        )

    async def _record(self, event: Event) -> None:
        """Record what is on the way. It may fail; the painting is worth more than its news."""
        try:
            match event:
                case Progress():
                    self.progress = event
                    await self._record_progress(event)
                case EncodedSnapshot():
                    key = await self._frames.add(event.step, event.image)
                    await self._claims.record_snapshot(self.job, key=key, step=event.step)
                    await self._frames.thin()
                case Checkpoint():
                    await self._record_checkpoint(event)
        except TRANSIENT_STORAGE_ERRORS as error:
            what = type(event).__name__.lower()
            logger.warning("job %s: a %s was not recorded: %s", self.job.job_id, what, error)

    async def _record_progress(self, progress: Progress) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._recorded_at < PROGRESS_SECONDS:
            return
        self._recorded_at = now
        await self._claims.record_progress(
            self.job,
            step=progress.step,
            total=progress.total,
            losses=progress.losses.with_total(),
            paint_seconds=progress.seconds,
        )

    async def _record_checkpoint(self, checkpoint: Checkpoint) -> None:
        key = checkpoint_key(self.job.job_id, claims=self.job.claims, step=checkpoint.step)
        await self._artefacts.put(key, checkpoint.state)
        await self._claims.record_checkpoint(self.job, key=key, step=checkpoint.step)
        older, self._checkpoint = self._checkpoint, key
        if older is not None and older != key:
            await self._artefacts.delete(older)

    async def _end(self, last: Finished | Failed | Cancelled) -> None:
        """Record how it ended, however long that takes.

        Raises:
            ClaimLostError: somebody else has the job now.
        """
        what = f"recording the end of job {self.job.job_id}"
        match last:
            case Finished():
                await retry_until_available(lambda: self._succeed(last), what=what)
            case Failed():
                await retry_until_available(lambda: self._fail(last), what=what)
            case Cancelled():
                await retry_until_available(self._stopped, what=what)

    async def _succeed(self, finished: Finished) -> None:
        key = result_key(self.job.job_id)
        await self._artefacts.put(key, finished.image)
        if self.progress is not None:  # the last one may have come too soon after another
            await self._claims.record_progress(
                self.job,
                step=self.progress.total,
                total=self.progress.total,
                losses=self.progress.losses.with_total(),
                paint_seconds=self.progress.seconds,
            )
        job = await self._claims.succeed(self.job, result_key=key, report=finished.report)
        await self._ended(job)

    async def _fail(self, failed: Failed) -> None:
        """Try again later, unless that is pointless.

        How often it got nowhere is read from the store at the time, since a checkpoint that
        this attempt recorded has wiped the slate clean.
        """
        setbacks = await self._claims.get_setbacks(self.job)
        if failed.retryable and setbacks + 1 < self._settings.max_attempts:
            delay = min(RETRY_SECONDS * 2**setbacks, LONGEST_RETRY_SECONDS)
            await self._claims.requeue(self.job, counted=True, delay_seconds=delay)
            logger.warning(
                "job %s goes on in %.0f s: %s, %s",
                self.job.job_id,
                delay,
                failed.code,
                failed.message,
            )
            return
        job = await self._claims.fail(self.job, code=failed.code, message=failed.message)
        await self._ended(job)

    async def _stopped(self) -> None:
        if self._handing_back:
            await self._claims.requeue(self.job, counted=False)
            logger.info("job %s goes on at the next start", self.job.job_id)
            return
        await self._ended(await self._claims.mark_cancelled(self.job))

    async def _ended(self, job: Job) -> None:
        """Say so, and delete the checkpoint; what is left over goes with the job one day."""
        self.ended = job
        logger.info(
            "job %s %s after %.1f s of painting%s",
            job.job_id,
            job.state,
            job.paint_seconds,
            f": {job.error_code}, {job.error_message}" if job.error_code else "",
        )
        if self._checkpoint is None:
            return
        try:
            await self._artefacts.delete(self._checkpoint)
        except TRANSIENT_STORAGE_ERRORS as error:
            logger.warning("a checkpoint of job %s stays: %s", self.job.job_id, error)
