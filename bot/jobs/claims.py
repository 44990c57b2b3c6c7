"""The scheduler's side of the store: claim, heartbeat, record, end, recover.

A claim is numbered (`Job.claims`), and every method here takes the job as `claim` gave it: once
the job was recovered and claimed again, the earlier claim can no longer change anything.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import case, func, select, update

from bot.errors import ClaimLostError, UnknownJobError
from bot.jobs.db.schema import IS_ACTIVE, jobs
from bot.jobs.models import JobState, QueueMode
from bot.jobs.queue import next_in_turn, take_turn
from bot.jobs.switches import mode_of_queue
from bot.jobs.transitions import held, move

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from bot.jobs.db.engine import Change, Database
    from bot.jobs.models import Job

__all__ = ["RECOVERY_PATIENCE", "Claims"]

RECOVERY_PATIENCE = 4
"""How many times ``max_attempts`` a job may be recovered without getting anywhere.

When the bot itself died, the picture is seldom to blame; but one that brings down the whole
machine must not be tried for ever either.
"""


class Claims:
    """Jobs from their claim to their end. Use it as ``store.runs``."""

    def __init__(self, database: Database, *, ageing: timedelta) -> None:
        self._database = database
        self._ageing = ageing

    async def claim(self, process_id: str) -> Job | None:
        """Take the job whose turn it is; None when nothing waits, or the queue is paused.

        Guild and job are locked together (``SKIP LOCKED`` on PostgreSQL), so that two processes
        that claim at once take jobs of two guilds. When only one guild waits, the later of the
        two finds nothing; the feed wakes it as soon as the first is through.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            if await mode_of_queue(change.connection) is QueueMode.PAUSED:
                return None
            found = await change.connection.execute(
                next_in_turn(self._database, ageing=self._ageing)
            )
            job_id = found.scalar_one_or_none()
            if job_id is None:
                return None
            job = await held(change, job_id)
            if job.started_at is None:
                await take_turn(change, job)
            now = self._database.now()
            return await move(
                change,
                job,
                JobState.RUNNING,
                now=now,
                attempts=job.attempts + 1,
                claims=job.claims + 1,
                claimed_by=process_id,
                tended_by=process_id,
                heartbeat_at=now,
                started_at=job.started_at or now,
                not_before=None,
            )

    async def heartbeat(self, claimed: Sequence[Job]) -> set[str]:
        """Say that these jobs are still being worked on.

        Returns:
            The ids of those to stop: their cancellation was asked for, or the claim is lost.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        if not claimed:
            return set()
        wanted = {job.job_id: job.claims for job in claimed}
        async with self._database.write() as change:
            beaten = await change.connection.execute(
                update(jobs)
                .where(jobs.c.job_id.in_(wanted), jobs.c.state == JobState.RUNNING)
                .values(heartbeat_at=self._database.now())
                .returning(jobs.c.job_id, jobs.c.claims, jobs.c.cancel_requested)
            )
            going_on = {
                row.job_id
                for row in beaten
                if row.claims == wanted[row.job_id] and not row.cancel_requested
            }
        return wanted.keys() - going_on

    async def record_progress(
        self,
        job: Job,
        *,
        step: int,
        total: int,
        losses: Mapping[str, float],
        paint_seconds: float,
    ) -> None:
        """Record how far the painting is.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._record(
            job, step=step, total=total, losses=dict(losses), paint_seconds=paint_seconds
        )

    async def record_snapshot(self, job: Job, *, key: str, step: int) -> None:
        """Record the newest snapshot, already among the artefacts.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._record(job, snapshot_key=key, snapshot_step=step)

    async def record_checkpoint(self, job: Job, *, key: str, step: int) -> None:
        """Record the newest checkpoint, already among the artefacts; setbacks are forgotten.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        got_further = func.coalesce(jobs.c.checkpoint_step, 0) < step
        await self._record(
            job,
            checkpoint_key=key,
            checkpoint_step=step,
            setbacks=case((got_further, 0), else_=jobs.c.setbacks),
        )

    async def setbacks(self, job: Job) -> int:
        """How many attempts in a row ended without a newer checkpoint, before this one.

        Raises:
            ClaimLostError: the job is no longer this claim's.
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
        """The picture is done. Cancelled instead when the requester asked for that meanwhile.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current = await self._claimed(change, job)
            if current.cancel_requested:
                return await self._end(change, current, JobState.CANCELLED)
            return await self._end(
                change, current, JobState.SUCCEEDED, result_key=result_key, report=dict(report)
            )

    async def fail(self, job: Job, *, code: str, message: str) -> Job:
        """The picture cannot be painted.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current = await self._claimed(change, job)
            if current.cancel_requested:
                return await self._end(change, current, JobState.CANCELLED)
            return await self._end(
                change, current, JobState.FAILED, error_code=code, error_message=message
            )

    async def stopped(self, job: Job) -> Job:
        """The worker stopped because the requester asked for it.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current = await self._claimed(change, job)
            return await self._end(change, current, JobState.CANCELLED)

    async def requeue(self, job: Job, *, counted: bool, delay_seconds: float = 0) -> Job:
        """Put the job back to go on later from its newest checkpoint.

        Args:
            job: as `claim` gave it.
            counted: False for an orderly shutdown, which is nobody's failure.
            delay_seconds: how long it waits at least before it is claimed again.

        Raises:
            ClaimLostError: the job is no longer this claim's.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            current = await self._claimed(change, job)
            if current.cancel_requested:
                return await self._end(change, current, JobState.CANCELLED)
            return await self._back(
                change,
                current,
                attempts=current.attempts if counted else current.attempts - 1,
                setbacks=current.setbacks + counted,
                not_before=self._later(delay_seconds),
            )

    async def requeue_stalled(
        self,
        *,
        older_than: timedelta | None,
        max_attempts: int,
        except_for: Collection[str] = (),
    ) -> list[Job]:
        """Recover the jobs whose bot died.

        Args:
            older_than: how long a running job may be without a heartbeat; None recovers every
                running job, for the start of a bot that shares its database with no other.
            max_attempts: a job that got nowhere this often, times `RECOVERY_PATIENCE`, fails.
            except_for: ids of jobs that this process is working on, whatever the clock says.

        Returns:
            The jobs as they are now: queued again, cancelled if that was asked for, or failed.

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
                job = await held(change, job_id)
                setbacks = job.setbacks + 1
                if job.cancel_requested:
                    job = await self._end(change, job, JobState.CANCELLED)
                elif setbacks >= max_attempts * RECOVERY_PATIENCE:
                    job = await self._end(
                        change,
                        job,
                        JobState.FAILED,
                        setbacks=setbacks,
                        error_code="worker_died",
                        error_message=f"recovered {setbacks} times without getting anywhere",
                    )
                else:
                    job = await self._back(change, job, setbacks=setbacks)
                recovered.append(job)
            return recovered

    async def _claimed(self, change: Change, job: Job) -> Job:
        """The job as it is now, provided that it is still the given claim's."""
        try:
            current = await held(change, job.job_id)
        except UnknownJobError:
            raise ClaimLostError(job.job_id, claims=job.claims) from None
        if current.state is not JobState.RUNNING or current.claims != job.claims:
            raise ClaimLostError(job.job_id, claims=job.claims)
        return current

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

    async def _end(self, change: Change, job: Job, state: JobState, **values: object) -> Job:
        return await move(change, job, state, now=self._database.now(), **values)

    async def _back(self, change: Change, job: Job, **values: object) -> Job:
        """Into the queue again, as far as the newest checkpoint, which is where it goes on."""
        return await move(
            change,
            job,
            JobState.QUEUED,
            now=self._database.now(),
            claimed_by=None,
            heartbeat_at=None,
            step=job.checkpoint_step or 0,
            **values,
        )

    def _later(self, seconds: float) -> datetime | ColumnElement[datetime] | None:
        return self._database.now() + timedelta(seconds=seconds) if seconds > 0 else None
