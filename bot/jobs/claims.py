"""Claims of jobs: claim, heartbeat, progress, end, requeue and recovery.

A claim is identified by its number (`Job.claims`), and the methods take the job as returned by
`Claims.claim`. After the job was recovered and claimed again, updates by the old claim are refused.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select, update

from bot.errors import ClaimLostError, UnknownJobError
from bot.jobs.db.schema import IS_ACTIVE, jobs
from bot.jobs.models import JobState
from bot.jobs.queue import renew_tickets, select_next_job
from bot.jobs.transitions import lock_job, transition

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from bot.jobs.db.change import Change
    from bot.jobs.db.engine import Database
    from bot.jobs.models import Job

__all__ = ["RECOVERY_LIMIT_FACTOR", "Claims"]

RECOVERY_LIMIT_FACTOR = 4
"""A job fails after ``max_attempts`` times this many recoveries without a newer checkpoint.

When the whole bot died, the job is seldom the cause, so it gets more attempts than after a failure
of its own. One that brings down the machine must still fail in the end.
"""


class Claims:
    """Claimed jobs, as ``store.claims``."""

    def __init__(self, database: Database, *, ageing: timedelta) -> None:
        self._database = database
        self._ageing = ageing

    async def claim(self, process_id: str) -> Job | None:
        """Claim the next job; None if none is due, or the queue is paused.

        When two processes claim at once and jobs of only one guild are queued, the second finds
        none; the feed wakes it when the first has committed. See `bot.jobs.queue.select_next_job`.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            found = await select_next_job(change, ageing=self._ageing)
            if found is None:
                return None
            job, now = found
            tickets = renew_tickets(change, job) if job.started_at is None else ()
            return await transition(
                change,
                job,
                JobState.RUNNING,
                *tickets,
                now=now,
                attempts=job.attempts + 1,
                claims=job.claims + 1,
                claimed_by=process_id,
                delivered_by=process_id,
                heartbeat_at=now,
                started_at=job.started_at or now,
                not_before=None,
            )

    async def heartbeat(self, claimed: Sequence[Job]) -> set[str]:
        """Record that these jobs are still running.

        Returns:
            The ids of jobs to stop: their cancellation was requested, or the claim is lost.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        if not claimed:
            return set()
        wanted = {job.job_id: job.claims for job in claimed}
        async with self._database.write() as change:
            updated = await change.connection.execute(
                update(jobs)
                .where(jobs.c.job_id.in_(wanted), jobs.c.state == JobState.RUNNING)
                .values(heartbeat_at=self._database.now())
                .returning(jobs.c.job_id, jobs.c.claims, jobs.c.cancel_requested)
            )
            continuing = {
                row.job_id
                for row in updated
                if row.claims == wanted[row.job_id] and not row.cancel_requested
            }
        return wanted.keys() - continuing

    async def record_progress(
        self,
        job: Job,
        *,
        step: int,
        total: int,
        losses: Mapping[str, float],
        paint_seconds: float,
    ) -> None:
        """Record the progress of a run.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._record(
            job, step=step, total=total, losses=dict(losses), paint_seconds=paint_seconds
        )

    async def record_snapshot(self, job: Job, *, key: str, step: int) -> None:
        """Record the newest snapshot, whose artefact is already stored.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._record(job, snapshot_key=key, snapshot_step=step)

    async def record_checkpoint(self, job: Job, *, key: str, step: int) -> None:
        """Record the newest checkpoint, whose artefact is already stored, and reset the setbacks.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        is_newer = func.coalesce(jobs.c.checkpoint_step, 0) < step
        await self._record(
            job,
            checkpoint_key=key,
            checkpoint_step=step,
            setbacks=case((is_newer, 0), else_=jobs.c.setbacks),
        )

    async def get_setbacks(self, job: Job) -> int:
        """Return how many attempts in a row, before this one, ended without a newer checkpoint.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            found = await connection.execute(
                select(jobs.c.setbacks).where(
                    jobs.c.job_id == job.job_id, jobs.c.claims == job.claims
                )
            )
            setbacks: int | None = found.scalar_one_or_none()
        if setbacks is None:
            raise ClaimLostError(job.job_id, claims=job.claims)
        return setbacks

    async def succeed(
        self, job: Job, *, result_key: str, report: Mapping[str, float | int | str]
    ) -> Job:
        """Mark the job as succeeded; as cancelled if that was requested meanwhile.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current, now = await self._lock_claimed(change, job)
            if current.cancel_requested:
                return await transition(change, current, JobState.CANCELLED, now=now)
            return await transition(
                change,
                current,
                JobState.SUCCEEDED,
                now=now,
                result_key=result_key,
                report=dict(report),
            )

    async def fail(self, job: Job, *, code: str, message: str) -> Job:
        """Mark the job as failed; as cancelled if that was requested meanwhile.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current, now = await self._lock_claimed(change, job)
            if current.cancel_requested:
                return await transition(change, current, JobState.CANCELLED, now=now)
            return await transition(
                change,
                current,
                JobState.FAILED,
                now=now,
                error_code=code,
                error_message=message,
            )

    async def mark_cancelled(self, job: Job) -> Job:
        """Mark the job as cancelled, after its worker stopped.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current, now = await self._lock_claimed(change, job)
            return await transition(change, current, JobState.CANCELLED, now=now)

    async def requeue(self, job: Job, *, counted: bool, delay_seconds: float = 0) -> Job:
        """Requeue the job, to resume later from its newest checkpoint.

        Args:
            job: as returned by `claim`.
            counted: whether this attempt counts; False for an orderly shutdown.
            delay_seconds: shortest time before the next claim.

        Raises:
            ClaimLostError: the claim is lost.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current, now = await self._lock_claimed(change, job)
            if current.cancel_requested:
                return await transition(change, current, JobState.CANCELLED, now=now)
            return await self._requeue(
                change,
                current,
                now=now,
                attempts=current.attempts if counted else current.attempts - 1,
                setbacks=current.setbacks + counted,
                not_before=now + timedelta(seconds=delay_seconds) if delay_seconds > 0 else None,
            )

    async def requeue_stalled(
        self,
        *,
        older_than: timedelta | None,
        max_attempts: int,
        except_for: Collection[str] = (),
    ) -> list[Job]:
        """Recover jobs whose process died.

        Args:
            older_than: longest time without a heartbeat; None recovers every running job, at
                the start of a process that shares its database with no other.
            max_attempts: the setting; see `RECOVERY_LIMIT_FACTOR`.
            except_for: ids of jobs that this process is running, even if their heartbeat is late.

        Returns:
            The recovered jobs: queued, cancelled if that was requested, or failed.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            stalled = select(jobs.c.job_id).where(IS_ACTIVE, jobs.c.state == JobState.RUNNING)
            if older_than is not None:
                stalled = stalled.where(jobs.c.heartbeat_at < self._database.now() - older_than)
            found = await change.connection.execute(
                stalled.order_by(jobs.c.number).with_for_update(skip_locked=True)
            )
            recovered = []
            for job_id in found.scalars().all():
                if job_id in except_for:
                    continue
                job, now = await lock_job(change, job_id)
                setbacks = job.setbacks + 1
                if job.cancel_requested:
                    job = await transition(change, job, JobState.CANCELLED, now=now)
                elif setbacks >= max_attempts * RECOVERY_LIMIT_FACTOR:
                    job = await transition(
                        change,
                        job,
                        JobState.FAILED,
                        now=now,
                        setbacks=setbacks,
                        error_code="worker_died",
                        error_message=f"recovered {setbacks} times without getting anywhere",
                    )
                else:
                    job = await self._requeue(change, job, now=now, setbacks=setbacks)
                recovered.append(job)
            return recovered

    async def _lock_claimed(self, change: Change, job: Job) -> tuple[Job, datetime]:
        """Return the current job, locked, and the database's time.

        Raises:
            ClaimLostError: it is no longer this claim's.
        """
        try:
            current, now = await lock_job(change, job.job_id)
        except UnknownJobError:
            raise ClaimLostError(job.job_id, claims=job.claims) from None
        if current.state is not JobState.RUNNING or current.claims != job.claims:
            raise ClaimLostError(job.job_id, claims=job.claims)
        return current, now

    async def _record(self, job: Job, **values: object) -> None:
        async with self._database.write() as change:
            recorded = await change.connection.execute(
                update(jobs)
                .where(
                    jobs.c.job_id == job.job_id,
                    jobs.c.state == JobState.RUNNING,
                    jobs.c.claims == job.claims,
                )
                .values(heartbeat_at=self._database.now(), **values)
            )
            if recorded.rowcount == 0:
                raise ClaimLostError(job.job_id, claims=job.claims)
            change.touch(job.job_id)

    async def _requeue(self, change: Change, job: Job, *, now: datetime, **values: object) -> Job:
        """Requeue the job, with its progress reset to the newest checkpoint."""
        return await transition(
            change,
            job,
            JobState.QUEUED,
            now=now,
            claimed_by=None,
            heartbeat_at=None,
            step=job.checkpoint_step or 0,
            **values,
        )
