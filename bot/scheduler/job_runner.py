"""The run of one claimed job: load its inputs, execute it, record its events and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from bot.artefacts.keys import checkpoint_key, result_key
from bot.errors import ArtefactMissingError, ClaimLostError
from bot.executors.protocol import Cancelled, EncodedSnapshot, Failed, Finished, Work
from bot.ops.error_report import Where, count_error
from bot.ops.retry import TRANSIENT_STORAGE_ERRORS, retry_until_available
from bot.scheduler.snapshots import TimelapseSnapshots
from stylenet.events import Checkpoint, Progress

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts
    from bot.executors.protocol import Event, Executor
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["JobRunner"]

logger = logging.getLogger(__name__)

PROGRESS_SECONDS: Final = 1.0
"""Least time between two records of a job's progress."""

RETRY_SECONDS: Final = 2.0
LONGEST_RETRY_SECONDS: Final = 300.0

FOR_MEMBERS_ALONE: Final = frozenset({"empty_mask", "unreadable_picture"})
"""Codes of failures that the member can correct and no operator needs to act on."""


class JobRunner:
    """Runs one claimed job and records its progress and outcome.

    Attributes:
        job: the job as it was claimed; it identifies the claim.
        progress: the latest progress, recorded or not.
        ended_job: the job once it has ended; None if it has not, or was requeued.
        seconds: wall-clock seconds of a run that painted the whole picture on a worker that was
            ready; None for any other run.
        lost_claim: whether another process has taken the job over, or the job was deleted.
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
        self.ended_job: Job | None = None
        self.seconds: float | None = None
        self.lost_claim = False
        self._claims = store.claims
        self._artefacts = artefacts
        self._executor = executor
        self._settings = settings
        self._stop = asyncio.Event()
        self._released = False
        self._progress_recorded_at = float("-inf")
        self._checkpoint_key = job.checkpoint_key
        self._snapshots = TimelapseSnapshots(
            job.job_id,
            artefacts,
            claims=job.claims,
            limit=settings.timelapse_snapshots,
            restart=job.snapshot_key is None,
        )

    def cancel(self) -> None:
        """Stop because the job was cancelled or the claim is lost."""
        self._stop.set()

    def release(self) -> None:
        """Stop because the bot is closing: write a last checkpoint and requeue the job."""
        self._released = True
        self._stop.set()

    async def run(self) -> None:
        """Run until the job has ended or is requeued, or the claim is lost."""
        job = self.job
        started_at, was_ready = time.monotonic(), self._executor.warmup_seconds == 0
        try:
            try:
                await self._execute()
            except ArtefactMissingError as error:
                outcome = Failed(code="internal", message=str(error), retryable=False)
                await self._record_outcome(outcome)
            if was_ready and job.attempts == 1 and job.checkpoint_key is None:
                self.seconds = time.monotonic() - started_at
        except ClaimLostError as error:
            self.lost_claim = True
            count_error(Where.SCHEDULER, error)
            logger.warning("%s", error)
        except asyncio.CancelledError:
            # The time to shut down is over. The job stays `running` and is recovered at the next
            # start; requeueing it here could hang on whatever took so long.
            logger.warning("job %s did not stop in time; it will be recovered", job.job_id)
            raise

    async def _execute(self) -> None:
        work = await self._load_work()
        try:
            async with (
                asyncio.timeout(self._settings.job_timeout_seconds),
                contextlib.aclosing(self._executor.run(work, stop=self._stop)) as events,
            ):
                async for event in events:
                    if isinstance(event, Finished | Failed | Cancelled):
                        outcome = event
                        break
                    await self._record_event(event)
                else:
                    outcome = Failed(code="internal", message="no outcome", retryable=True)
        except TimeoutError:
            limit = self._settings.job_timeout_seconds
            outcome = Failed(code="timed_out", message=f"longer than {limit:g} s", retryable=False)
        await self._record_outcome(outcome)

    async def _load_work(self) -> Work:
        """Load the job's inputs, and its checkpoint if that still exists.

        Raises:
            ArtefactMissingError: an input is missing.
        """
        job = self.job

        async def fetch(key: str) -> bytes:
            return await retry_until_available(
                lambda: self._artefacts.get(key), what=f"reading {key}", where=Where.SCHEDULER
            )

        checkpoint = None
        if job.checkpoint_key is not None:
            try:
                checkpoint = await fetch(job.checkpoint_key)
            except ArtefactMissingError as error:
                count_error(Where.SCHEDULER, error)
                logger.warning("job %s starts over: its checkpoint is missing", job.job_id)
        return Work(
            job_id=job.job_id,
            content=await fetch(job.content_key),
            styles=tuple([await fetch(key) for key in job.style_keys]),
            recipe=job.recipe,
            masks=tuple([None if key is None else await fetch(key) for key in job.mask_keys]),
            start=None if job.start_key is None else await fetch(job.start_key),
            checkpoint=checkpoint,
        )

    async def _record_event(self, event: Event) -> None:
        """Record an event before the outcome. A storage outage does not stop the painting."""
        try:
            match event:
                case Progress():
                    self.progress = event
                    await self._record_progress(event)
                case EncodedSnapshot():
                    key = await self._snapshots.add(event.step, event.image)
                    await self._claims.record_snapshot(self.job, key=key, step=event.step)
                    await self._snapshots.thin()
                case Checkpoint():
                    await self._record_checkpoint(event)
        except TRANSIENT_STORAGE_ERRORS as error:
            kind = type(event).__name__
            count_error(Where.SCHEDULER, error)
            logger.warning("job %s: %s was not recorded: %s", self.job.job_id, kind, error)

    async def _record_progress(self, progress: Progress) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._progress_recorded_at < PROGRESS_SECONDS:
            return
        self._progress_recorded_at = now
        await self._claims.record_progress(
            self.job,
            step=progress.step,
            total=progress.total,
            losses=progress.losses.with_total(),
            paint_seconds=progress.seconds,
        )

    async def _record_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint and delete the one that it replaces."""
        key = checkpoint_key(self.job.job_id, claims=self.job.claims, step=checkpoint.step)
        await self._artefacts.put(key, checkpoint.state)
        await self._claims.record_checkpoint(self.job, key=key, step=checkpoint.step)
        replaced, self._checkpoint_key = self._checkpoint_key, key
        if replaced is not None and replaced != key:
            await self._artefacts.delete(replaced)

    async def _record_outcome(self, outcome: Finished | Failed | Cancelled) -> None:
        """Record the outcome, and retry through storage outages.

        Raises:
            ClaimLostError: another process has the job, or it was deleted.
        """
        what = f"recording the end of job {self.job.job_id}"
        match outcome:
            case Finished():
                await retry_until_available(
                    lambda: self._succeed(outcome), what=what, where=Where.SCHEDULER
                )
            case Failed():
                await retry_until_available(
                    lambda: self._requeue_or_fail(outcome), what=what, where=Where.SCHEDULER
                )
            case Cancelled():
                await retry_until_available(
                    self._requeue_or_cancel, what=what, where=Where.SCHEDULER
                )

    async def _succeed(self, finished: Finished) -> None:
        key = result_key(self.job.job_id, claims=self.job.claims)
        await self._artefacts.put(key, finished.image)
        if self.progress is not None:  # the last one may not have been recorded
            await self._claims.record_progress(
                self.job,
                step=self.progress.step,
                total=self.progress.step,
                losses=self.progress.losses.with_total(),
                paint_seconds=self.progress.seconds,
            )
        job = await self._claims.succeed(self.job, result_key=key, report=finished.report)
        await self._on_ended(job)

    async def _requeue_or_fail(self, failed: Failed) -> None:
        """Requeue the job with a delay if a retry may help, else fail it.

        The number of setbacks is read from the store, since a checkpoint recorded by this run has
        reset it.
        """
        setbacks = await self._claims.get_setbacks(self.job)
        if failed.retryable and setbacks + 1 < self._settings.max_attempts:
            delay = min(RETRY_SECONDS * 2**setbacks, LONGEST_RETRY_SECONDS)
            await self._claims.requeue(self.job, counted=True, delay_seconds=delay)
            count_error(Where.EXECUTOR, failed.code)
            logger.warning(
                "job %s is retried in %.0f s: %s, %s",
                self.job.job_id,
                delay,
                failed.code,
                failed.message,
            )
            return
        job = await self._claims.fail(self.job, code=failed.code, message=failed.message)
        await self._on_ended(job)

    async def _requeue_or_cancel(self) -> None:
        if self._released:
            await self._claims.requeue(self.job, counted=False)
            logger.info("job %s is requeued for the next start", self.job.job_id)
            return
        await self._on_ended(await self._claims.mark_cancelled(self.job))

    async def _on_ended(self, job: Job) -> None:
        """Log the end of the job and delete its checkpoint."""
        self.ended_job = job
        is_failed = job.error_code is not None and job.error_code not in FOR_MEMBERS_ALONE
        if job.error_code is not None and is_failed:
            count_error(Where.EXECUTOR, job.error_code)
        logger.log(
            logging.ERROR if is_failed else logging.INFO,
            "job %s %s after %.1f s of painting%s",
            job.job_id,
            job.state,
            job.paint_seconds,
            f": {job.error_code}, {job.error_message}" if job.error_code else "",
        )
        if self._checkpoint_key is None:
            return
        try:
            await self._artefacts.delete(self._checkpoint_key)
        except TRANSIENT_STORAGE_ERRORS as error:  # it is deleted with the job
            count_error(Where.SCHEDULER, error)
            logger.warning("a checkpoint of job %s was not deleted: %s", job.job_id, error)
