"""Changes of a job's state, each in one transaction with the outbox row that announces it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, insert, select, update

from bot.errors import IllegalTransitionError, UnknownJobError
from bot.jobs.db.rows import record_from
from bot.jobs.db.schema import jobs, outbox
from bot.jobs.models import TRANSITIONS, Announcement, Job, JobState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.jobs.db.engine import Change

__all__ = ["add_to_outbox", "lock_job", "transition"]

_FINAL_VALUES: dict[str, Any] = {"claimed_by": None, "heartbeat_at": None, "not_before": None}


async def lock_job(change: Change, job_id: str) -> Job:
    """Return a job, with its row locked until the transaction ends.

    Raises:
        UnknownJobError: there is no such job.
    """
    found = await change.connection.execute(
        select(jobs).where(jobs.c.job_id == job_id).with_for_update()
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise UnknownJobError(job_id)
    return record_from(Job, row)


async def transition(
    change: Change,
    job: Job,
    state: JobState,
    *,
    now: datetime | ColumnElement[datetime],
    **values: object,
) -> Job:
    """Change the state of a locked job, and other columns with it.

    A final state also adds the job's outcome to the outbox.

    Args:
        change: the transaction.
        job: as returned by `lock_job` in this transaction.
        state: the new state.
        now: the time of the change.
        values: other columns to write.

    Returns:
        The job with its new values.

    Raises:
        IllegalTransitionError: `TRANSITIONS` does not allow the change.
    """
    if (job.state, state) not in TRANSITIONS:
        raise IllegalTransitionError(job.job_id, state=job.state, wanted=state)
    if state.is_final:
        values = {**_FINAL_VALUES, "finished_at": now, **values}
        await add_to_outbox(change, job.job_id, Announcement.OUTCOME, now=now)
    changed = await change.connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job.job_id)
        .values(state=state, **values)
        .returning(*jobs.c)
    )
    change.touch(job.job_id)
    return record_from(Job, changed.mappings().one())


async def add_to_outbox(
    change: Change,
    job_id: str,
    announcement: Announcement,
    *,
    now: datetime | ColumnElement[datetime],
) -> None:
    """Add an announcement of the job to the outbox. Each kind can be added once per job."""
    await change.connection.execute(
        insert(outbox).values(
            job_id=job_id,
            announcement=announcement,
            nonce=f"{job_id}-{announcement}",
            created_at=now,
            attempts=0,
        )
    )
