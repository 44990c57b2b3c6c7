"""Who is next, and what becomes of them: claim, run, keep alive, recover, sweep."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.errors import ClaimLostError, UnknownJobError
from bot.jobs.models import JobState, QueueMode
from bot.ops import metrics
from bot.ops.retry import TRANSIENT_STORAGE_ERRORS, Backoff, retry_until_available
from bot.ops.tasks import BackgroundTasks
from bot.scheduler.cleanup import Cleanup
from bot.scheduler.estimates import Estimator, seconds_left
from bot.scheduler.job_runner import Attempt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.artefacts.base import Artefacts
    from bot.executors.protocol import Executor
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0
SWEEP_SECONDS = 3600.0
LOOP_BACKOFF = Backoff(first=1.0, longest=5.0)
REQUEUE_SECONDS = 2.0
CLAIM_SECONDS = 2.0
PUNCTUALITY = 0.8
"""How much of the time to close is given to the jobs; the rest is for letting them go."""


class Scheduler:
    """Runs the waiting jobs, as many at once as the executor has slots.

    Args:
        store: an open store; its feed wakes the scheduler.
        artefacts: where inputs are read and pictures are kept.
        executor: a started executor; the scheduler does not close it.
        settings: the operator's.

    Attributes:
        process_id: how this bot process signs its claims.
    """

    def __init__(
        self,
        *,
        store: JobStore,
        artefacts: Artefacts,
        executor: Executor,
        settings: Settings,
    ) -> None:
        self.process_id = store.process_id
        self._store = store
        self._artefacts = artefacts
        self._executor = executor
        self._settings = settings
        self._estimator = Estimator(store.timings)
        self._sweeper = Cleanup(store=store, artefacts=artefacts, settings=settings)
        self._attempts: dict[str, Attempt] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}  # of the newest attempt, by job
        self._job_tasks = BackgroundTasks()
        self._claiming = BackgroundTasks()
        self._loops = BackgroundTasks()
        self._wake = asyncio.Event()
        self._mode = QueueMode.OPEN
        self._elsewhere = 0
        self._seen_at = 0.0
        self._stopping = False

    @property
    def mode(self) -> QueueMode:
        """What the operator lets the queue do, as of the last heartbeat."""
        return self._mode

    @property
    def accepting(self) -> bool:
        """Whether new jobs should be accepted: not while draining, nor once the bot is closing."""
        return not self._stopping and self._mode is not QueueMode.DRAINING

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the jobs this process is painting."""
        return tuple(self._attempts)

    async def set_mode(self, mode: QueueMode) -> None:
        """Let the queue do that, in every process and over restarts. Running jobs go on.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        await self._store.queue.set_mode(mode)
        self._mode = mode
        self._wake.set()

    async def start(self) -> None:
        """Recover what an earlier process left behind, and begin.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        await self._estimator.load()
        await self._look_around()
        if self._mode is not QueueMode.OPEN:
            logger.warning("the queue is %s, as the operator left it", self._mode)
        await self._store.processes.adopt_jobs(gone_after=self._patience)
        recovered = await self._recover(everything=not self._store.is_shared)
        if recovered:
            logger.info("recovered %d jobs of an earlier process", len(recovered))
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "heartbeat": self._heartbeat,
            "presence": self._be_present,
            "watch": self._watch,
            "sweep": self._sweep,
            "discard": self._discard,
        }
        if self._store.is_shared:
            loops["recover"] = self._recover_stalled
        self._claiming.keep_running(
            self._claim_next,
            name="claiming",
            transient=TRANSIENT_STORAGE_ERRORS,
            backoff=LOOP_BACKOFF,
            until=lambda: self._stopping,
        )
        for name, step in loops.items():
            self._loops.keep_running(
                step, name=name, transient=TRANSIENT_STORAGE_ERRORS, backoff=LOOP_BACKOFF
            )

    async def stop(self) -> None:
        """Stop within `shutdown_seconds`: running jobs keep a last checkpoint and are queued.

        What is not done by then is left as it is, to be recovered at the next start.
        """
        self._stopping = True
        deadline = time.monotonic() + PUNCTUALITY * self._settings.shutdown_seconds
        self._wake.set()
        # It ends by itself: a claim that is cut short would leave a job running without a runner.
        await self._claiming.close(grace_seconds=CLAIM_SECONDS)
        for attempt in self._attempts.values():
            attempt.hand_back()
        await self._job_tasks.close(grace_seconds=deadline - time.monotonic())
        await self._loops.close()

    async def estimate(self, job: Job) -> float | None:
        """Seconds until a job's picture is done, its time in the queue included.

        None for a job that has ended, and for one that waits in a paused queue: for how long,
        only the operator knows.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        if job.state.is_final:
            return None
        device = self._device()
        if job.state is JobState.RUNNING:
            return self._estimator.seconds_left(job, device=device)
        if self._mode is QueueMode.PAUSED:
            return None
        # In this order: a job that is claimed in between is then seen twice, and not at all in the
        # other.
        waiting, running = await self._store.list_queued(), await self._store.list_running()
        begun = {other.job_id for other in running}
        waiting = [other for other in waiting if other.job_id not in begun]
        return seconds_left(
            job,
            running=running,
            waiting=waiting,
            painting=self._estimator.all_left(running, waiting, device=device),
            slots=max(self._executor.slots + self._elsewhere, len(running), 1),
            warmup=0.0 if self._elsewhere else self._executor.warmup_seconds,
        )

    async def _claim_next(self) -> None:
        """Fill one free slot, or wait until that may be possible."""
        self._wake.clear()
        if len(self._attempts) < self._executor.slots:
            job = await self._store.claims.claim(self.process_id)
            if job is not None:
                self._begin(job)
                return
        # Not wait_for: until Python 3.12 it may swallow a cancellation that comes together with
        # what it waits for.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()

    def _begin(self, job: Job) -> None:
        logger.info("job %s begins, attempt %d", job.job_id, job.attempts)
        attempt = Attempt(
            job,
            store=self._store,
            artefacts=self._artefacts,
            executor=self._executor,
            settings=self._settings,
        )
        if self._stopping:  # claimed at the very moment
            attempt.hand_back()
        # A job that began anew may be claimed again before its first painter has stopped.
        earlier, painting = self._attempts.get(job.job_id), self._tasks.get(job.job_id)
        if earlier is not None:
            earlier.cancel()
        self._attempts[job.job_id] = attempt
        work = self._carry(attempt, after=painting)
        self._tasks[job.job_id] = self._job_tasks.start(work, name=f"job {job.job_id}")

    async def _carry(self, attempt: Attempt, *, after: asyncio.Task[None] | None) -> None:
        job = attempt.job
        try:
            if after is not None:
                await asyncio.wait({after})
            await attempt.run()
            if attempt.ended is not None:
                metrics.JOBS_ENDED.labels(attempt.ended.state.value).inc()
                if attempt.ended.state is JobState.SUCCEEDED:
                    await self._learn(attempt)
            if attempt.was_lost:
                await retry_until_available(
                    lambda: self._sweeper.discard_again(job.job_id),
                    what=f"deleting what is left of job {job.job_id}",
                )
        except Exception:
            logger.exception("job %s met an error nobody foresaw", job.job_id)
            await self._give_up(job)
        finally:
            if self._attempts.get(job.job_id) is attempt:
                del self._attempts[job.job_id]
                del self._tasks[job.job_id]
            self._wake.set()

    async def _give_up(self, job: Job) -> None:
        """Let another attempt meet the error, a limited number of times."""
        claims = self._store.claims

        async def record() -> None:
            if await claims.get_setbacks(job) + 1 < self._settings.max_attempts:
                await claims.requeue(job, counted=True, delay_seconds=REQUEUE_SECONDS)
            else:
                await claims.fail(job, code="internal", message="an error nobody foresaw")

        with contextlib.suppress(ClaimLostError):
            await retry_until_available(record, what=f"recording job {job.job_id}'s error")

    async def _learn(self, attempt: Attempt) -> None:
        """Remember how long it took; estimates may be wrong, jobs may not, so this may fail."""
        if attempt.progress is not None:
            metrics.PAINT_SECONDS.observe(attempt.progress.seconds)
        if attempt.seconds is None:
            return
        try:
            await self._estimator.learn(attempt.job, device=self._device(), seconds=attempt.seconds)
        except TRANSIENT_STORAGE_ERRORS as error:
            logger.warning("a measured time was not kept: %s", error)

    async def _heartbeat(self) -> None:
        await asyncio.sleep(self._settings.heartbeat_seconds)
        attempts = dict(self._attempts)
        to_stop = await self._store.claims.heartbeat([one.job for one in attempts.values()])
        for job_id in to_stop & attempts.keys():
            attempts[job_id].cancel()

    async def _watch(self) -> None:
        """Wake the claiming when the queue changes; stop what its requester stopped or changed."""
        with self._store.feed.subscribe() as changes:
            async for job_id in changes:
                self._wake.set()
                attempt = self._attempts.get(job_id)
                if attempt is None:
                    continue
                try:
                    job = await self._store.get(job_id)
                except UnknownJobError:
                    attempt.cancel()
                    continue
                if job.cancel_requested or not _is_claimed(job, by=attempt.job):
                    attempt.cancel()

    async def _be_present(self) -> None:
        await asyncio.sleep(self._settings.heartbeat_seconds)
        await self._look_around()

    async def _look_around(self) -> None:
        """Say that this process lives; see what the operator wants, and who else is there."""
        await self._store.processes.heartbeat(slots=self._executor.slots)
        self._elsewhere = await self._store.processes.count_remote_slots()
        self._mode = await self._store.queue.get_mode()
        self._seen_at = time.monotonic()

    async def _recover_stalled(self) -> None:
        """Take over from processes that are gone."""
        await asyncio.sleep(self._settings.stalled_after_seconds / 2)
        if time.monotonic() - self._seen_at > self._patience.total_seconds() / 2:
            return  # if the database is away, it is so for all: their silence means nothing
        for job in await self._recover(everything=False):
            logger.warning("job %s had no heartbeat any more; it is %s", job.job_id, job.state)
        for job_id in await self._store.processes.adopt_jobs(gone_after=self._patience):
            logger.warning("job %s is spoken of by this process from now on", job_id)

    async def _recover(self, *, everything: bool) -> list[Job]:
        return await self._store.claims.requeue_stalled(
            older_than=None if everything else self._patience,
            max_attempts=self._settings.max_attempts,
            except_for=self.running,
        )

    async def _sweep(self) -> None:
        await self._sweeper.sweep()
        await asyncio.sleep(SWEEP_SECONDS)

    async def _discard(self) -> None:
        await self._store.retention.discarded.wait()
        await self._sweeper.discard()

    @property
    def _patience(self) -> timedelta:
        """How long a process or a running job may be silent."""
        return timedelta(seconds=self._settings.stalled_after_seconds)

    def _device(self) -> str:
        """The kind of device that paints, which rates are kept by: ``"cpu"``, ``"cuda"``."""
        devices = self._executor.devices
        return devices[0].split(":")[0] if devices else "cpu"


def _is_claimed(job: Job, *, by: Job) -> bool:
    """Whether a job is still that claim's."""
    return job.state is JobState.RUNNING and job.claims == by.claims
