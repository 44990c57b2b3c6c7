"""The scheduler: claims jobs, runs them, keeps their claims alive and recovers stalled ones."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.errors import ClaimLostError, UnknownJobError
from bot.jobs.models import JobState, QueueMode
from bot.ops import metrics
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.retry import TRANSIENT_STORAGE_ERRORS, Backoff, retry_until_available
from bot.ops.tasks import BackgroundTasks
from bot.scheduler.cleanup import Cleanup
from bot.scheduler.estimates import Estimator
from bot.scheduler.forecast import Capacity, Forecast, Forecaster, JobEstimate
from bot.scheduler.job_runner import JobRunner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.artefacts.base import Artefacts
    from bot.executors.protocol import Executor
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["Scheduler"]

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 2.0
CLEANUP_SECONDS: Final = 3600.0
UNUSED_INPUT_CHECKS: Final = 4
"""How often unused inputs are looked for within the time that they are kept."""

LOOP_BACKOFF: Final = Backoff(first=1.0, longest=5.0)

REQUEUE_SECONDS: Final = 2.0
"""How long a job waits in the queue after an unexpected error."""

CLAIM_SECONDS: Final = 2.0
"""How long `Scheduler.stop` waits for a claim in progress."""

JOBS_SHARE_OF_SHUTDOWN: Final = 0.6
"""Share of `shutdown_seconds` that jobs have to stop; the rest is for cancelling them."""


class Scheduler:
    """Runs queued jobs, as many at once as the executor has slots.

    Args:
        store: an open store; its feed wakes the scheduler.
        artefacts: where inputs are read and pictures are written.
        executor: a started executor; the scheduler does not close it.
        settings: the operator's settings.

    Attributes:
        process_id: the id of this bot process in its claims on jobs.
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
        self._stalled_after = timedelta(seconds=settings.stalled_after_seconds)
        self._estimator = Estimator(store.timings)
        self._forecaster = Forecaster(store, self._estimator, self._capacity)
        self._cleanup = Cleanup(store=store, artefacts=artefacts, settings=settings)
        # The newest runner of each job, and its task.
        self._runners: dict[str, JobRunner] = {}
        self._runner_tasks: dict[str, asyncio.Task[None]] = {}
        self._job_tasks = BackgroundTasks(Where.SCHEDULER)
        self._claim_task = BackgroundTasks(Where.SCHEDULER)
        self._loops = BackgroundTasks(Where.SCHEDULER)
        self._wake = asyncio.Event()
        self._mode = QueueMode.OPEN
        self._remote_slots = 0
        self._synced_at = time.monotonic()
        self._synced_since = float("-inf")
        self._stopping = False

    @property
    def mode(self) -> QueueMode:
        """The queue mode as of the last heartbeat."""
        return self._mode

    @property
    def accepting(self) -> bool:
        """Whether new jobs should be accepted: not while draining or stopping."""
        return not self._stopping and self._mode is not QueueMode.DRAINING

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the jobs that this process runs."""
        return tuple(self._runners)

    async def set_mode(self, mode: QueueMode) -> None:
        """Set the queue mode for every process, across restarts. Running jobs go on.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        await self._store.queue.set_mode(mode)
        self._mode = mode
        self._wake.set()

    async def start(self) -> None:
        """Recover the jobs of an earlier process, and start to run jobs.

        In a shared database jobs are recovered later, by `_recover_stalled`: if the database was
        away until now, the heartbeats of living processes are old too.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        await self._estimator.load()
        await self._sync_process_state()
        if self._mode is not QueueMode.OPEN:
            logger.warning("the queue is %s, as set before this start", self._mode)
        await self._store.processes.adopt_jobs(gone_after=None)
        if self._store.is_shared:
            self._synced_since = time.monotonic()
        elif recovered := await self._requeue_stalled(everything=True):
            logger.info("recovered %d jobs of an earlier process", len(recovered))
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "job heartbeat": self._heartbeat_jobs,
            "process heartbeat": self._heartbeat_process,
            "job changes": self._watch_changes,
            "cleanup": self._clean_up,
            "deletion of unused inputs": self._delete_unused_inputs,
            "deletion of discarded artefacts": self._delete_discarded,
        }
        if self._store.is_shared:
            loops["recovery"] = self._recover_stalled
        self._claim_task.keep_running(
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
        """Stop within `shutdown_seconds`: running jobs write a last checkpoint and are requeued.

        Jobs that do not stop in time are recovered at the next start.
        """
        self._stopping = True
        deadline = time.monotonic() + JOBS_SHARE_OF_SHUTDOWN * self._settings.shutdown_seconds
        self._wake.set()
        try:
            # It ends by itself: cancelling a claim could leave a job running without a runner.
            await self._claim_task.close(grace_seconds=CLAIM_SECONDS)
            for runner in self._runners.values():
                runner.release()
            await self._job_tasks.close(grace_seconds=deadline - time.monotonic())
        finally:
            await self._loops.close()

    async def forecast(self, *, including: str | None = None) -> Forecast:
        """Return a recent forecast of the queue; see `Forecaster.get`.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        return await self._forecaster.get(including=including)

    async def estimate(self, job: Job) -> JobEstimate:
        """Estimate a job's place in the queue and the seconds until it is done.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        if job.state.is_final:
            return JobEstimate(done=self._share_done(job))
        if job.state is JobState.RUNNING:  # its own progress is newer than any forecast
            return JobEstimate(
                seconds_left=self._estimator.seconds_left(job, device=self._device_kind()),
                done=self._share_done(job),
                done_next=self._share_done(job, more_steps=1),
            )
        forecast = await self.forecast(including=job.job_id)
        return self.estimate_from(forecast, job)

    def estimate_from(self, forecast: Forecast, job: Job) -> JobEstimate:
        """Read a job's estimate from a forecast; unknown in a paused queue."""
        is_paused = job.state is JobState.QUEUED and self._mode is QueueMode.PAUSED
        return JobEstimate(
            place=forecast.places.get(job.job_id),
            seconds_left=None if is_paused else forecast.seconds_left.get(job.job_id),
            done=self._share_done(job),
        )

    def _share_done(self, job: Job, *, more_steps: int = 0) -> float:
        return self._estimator.share_done(job, device=self._device_kind(), more_steps=more_steps)

    def _capacity(self) -> Capacity:
        return Capacity(
            device=self._device_kind(),
            slots=self._executor.slots + self._remote_slots,
            warmup_seconds=0.0 if self._remote_slots else self._executor.warmup_seconds,
        )

    async def _claim_next(self) -> None:
        """Claim and start one job if a slot is free, or wait until there may be one."""
        self._wake.clear()
        if len(self._runners) < self._executor.slots:
            job = await self._store.claims.claim(self.process_id)
            if job is not None:
                self._start_job(job)
                return
        # Not wait_for: before Python 3.12 it may swallow a cancellation that arrives at the same
        # moment as the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()

    def _start_job(self, job: Job) -> None:
        logger.info("job %s starts, attempt %d", job.job_id, job.attempts)
        if job.claims == 1 and job.started_at is not None:
            metrics.QUEUE_WAIT.observe((job.started_at - job.created_at).total_seconds())
        runner = JobRunner(
            job,
            store=self._store,
            artefacts=self._artefacts,
            executor=self._executor,
            settings=self._settings,
        )
        if self._stopping:  # the job was claimed while `stop` was called
            runner.release()
        # A job that was restarted may be claimed again before its previous runner has stopped.
        previous = self._runners.get(job.job_id)
        previous_task = self._runner_tasks.get(job.job_id)
        if previous is not None:
            previous.cancel()
        self._runners[job.job_id] = runner
        self._runner_tasks[job.job_id] = self._job_tasks.start(
            self._run_job(runner, after=previous_task), name=f"job {job.job_id}"
        )

    async def _run_job(self, runner: JobRunner, *, after: asyncio.Task[None] | None) -> None:
        """Run a job once the previous runner's task has ended."""
        job = runner.job
        try:
            if after is not None:
                await asyncio.wait({after})
            await runner.run()
            if runner.ended_job is not None:
                metrics.JOBS_ENDED.labels(runner.ended_job.state.value).inc()
                if runner.ended_job.state is JobState.SUCCEEDED:
                    await self._record_timing(runner)
            if runner.lost_claim:
                what = f"deleting leftovers of job {job.job_id}"
                await retry_until_available(
                    lambda: self._cleanup.delete_leftovers(job), what=what, where=Where.SCHEDULER
                )
        except Exception as error:
            report_error(Where.SCHEDULER, f"job {job.job_id}", error, reference=job.job_id)
            await self._requeue_or_fail(job)
        finally:
            if self._runners.get(job.job_id) is runner:
                del self._runners[job.job_id]
                del self._runner_tasks[job.job_id]
            self._wake.set()

    async def _requeue_or_fail(self, job: Job) -> None:
        """Requeue a job after an unexpected error, or fail it after `max_attempts`."""
        claims = self._store.claims

        async def record() -> None:
            if await claims.get_setbacks(job) + 1 < self._settings.max_attempts:
                await claims.requeue(job, counted=True, delay_seconds=REQUEUE_SECONDS)
            else:
                await claims.fail(job, code="internal", message="unexpected error")

        what = f"recording the error of job {job.job_id}"
        try:
            await retry_until_available(record, what=what, where=Where.SCHEDULER)
        except ClaimLostError as error:
            count_error(Where.SCHEDULER, error)
            logger.warning("%s", error)

    async def _record_timing(self, runner: JobRunner) -> None:
        """Record how long a job took; only estimates depend on it, so it may fail."""
        if runner.progress is not None:
            metrics.PAINT_SECONDS.observe(runner.progress.seconds)
        if runner.seconds is None:
            return
        try:
            await self._estimator.learn(
                runner.job, device=self._device_kind(), seconds=runner.seconds
            )
        except TRANSIENT_STORAGE_ERRORS as error:
            count_error(Where.SCHEDULER, error)
            logger.warning("the time of job %s was not recorded: %s", runner.job.job_id, error)

    async def _heartbeat_jobs(self) -> None:
        """Write the heartbeat of each running job; stop those that are cancelled or lost."""
        await asyncio.sleep(self._settings.heartbeat_seconds)
        runners = dict(self._runners)
        to_stop = await self._store.claims.heartbeat([each.job for each in runners.values()])
        for job_id in to_stop & runners.keys():
            runners[job_id].cancel()

    async def _watch_changes(self) -> None:
        """Wake the claim loop when a job changes; stop jobs that were cancelled or restarted."""
        with self._store.feed.subscribe() as changes:
            async for job_id in changes:
                self._wake.set()
                runner = self._runners.get(job_id)
                if runner is None:
                    continue
                try:
                    job = await self._store.get(job_id)
                except UnknownJobError:
                    runner.cancel()
                    continue
                if job.cancel_requested or not _holds_claim(runner.job, on=job):
                    runner.cancel()

    async def _heartbeat_process(self) -> None:
        await asyncio.sleep(self._settings.heartbeat_seconds)
        await self._sync_process_state()

    async def _sync_process_state(self) -> None:
        """Write this process's heartbeat; refresh the queue mode and the remote slot count."""
        await self._store.processes.heartbeat(slots=self._executor.slots)
        self._remote_slots = await self._store.processes.count_remote_slots()
        self._mode = await self._store.queue.get_mode()
        now = time.monotonic()
        if now - self._synced_at > self._settings.stalled_after_seconds / 2:
            self._synced_since = now  # the database was away
        self._synced_at = now

    async def _recover_stalled(self) -> None:
        """Requeue the jobs, and adopt the cards, of processes that have died."""
        await asyncio.sleep(self._settings.stalled_after_seconds / 2)
        if not self._may_recover(time.monotonic()):
            return
        for job in await self._requeue_stalled(everything=False):
            logger.warning("job %s had no heartbeat; it is %s now", job.job_id, job.state)
        for job_id in await self._store.processes.adopt_jobs(gone_after=self._stalled_after):
            logger.warning("this process now updates the card of job %s", job_id)

    def _may_recover(self, now: float) -> bool:
        """Return whether a missing heartbeat means that its process has died.

        During an outage of the database no process writes one; after it, and after the start of
        this process, other processes first get time to write theirs.
        """
        stalled_after = self._settings.stalled_after_seconds
        is_connected = now - self._synced_at <= stalled_after / 2
        return is_connected and now - self._synced_since >= stalled_after

    async def _requeue_stalled(self, *, everything: bool) -> list[Job]:
        return await self._store.claims.requeue_stalled(
            older_than=None if everything else self._stalled_after,
            max_attempts=self._settings.max_attempts,
            except_for=self.running,
        )

    async def _clean_up(self) -> None:
        await self._cleanup.delete_expired()
        await asyncio.sleep(CLEANUP_SECONDS)

    async def _delete_unused_inputs(self) -> None:
        await self._cleanup.delete_unused_inputs()
        await asyncio.sleep(self._settings.unused_inputs_seconds / UNUSED_INPUT_CHECKS)

    async def _delete_discarded(self) -> None:
        await self._store.retention.discarded.wait()
        await self._cleanup.delete_discarded()

    def _device_kind(self) -> str:
        """Return the kind of device that timings are kept by, such as ``"cpu"`` or ``"cuda"``."""
        devices = self._executor.devices
        return devices[0].split(":")[0] if devices else "cpu"


def _holds_claim(claimed: Job, *, on: Job) -> bool:
    """Return whether a claim on a job is still valid."""
    return on.state is JobState.RUNNING and on.claims == claimed.claims
