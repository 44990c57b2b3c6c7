"""The one place a job changes its state, and the outbox row that announces it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, insert, select, update

from bot.errors import IllegalTransitionError, UnknownJobError
from bot.jobs.db.rows import job_from
from bot.jobs.db.schema import jobs, outbox
from bot.jobs.models import TRANSITIONS, Announcement, Job, JobState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.jobs.db.engine import Change

__all__ = ["announce", "held", "move"]

FINAL_VALUES: dict[str, Any] = {"claimed_by": None, "heartbeat_at": None, "not_before": None}


async def held(change: Change, job_id: str) -> Job:
    """The job, held against every other transaction until this one ends.

    Raises:
        UnknownJobError: there is no such job.
    """
    found = await change.connection.execute(
        select(jobs).where(jobs.c.job_id == job_id).with_for_update()
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise UnknownJobError(job_id)
    return job_from(row)


async def move(
    change: Change,
    job: Job,
    state: JobState,
    *,
    now: datetime | ColumnElement[datetime],
    **values: object,
) -> Job:
    """Bring a held job into another state, with everything that belongs to the step.

    A job that ends gets its outcome into the outbox in the same transaction.

    Args:
        change: the transaction.
        job: as `held` gave it, in this transaction.
        state: the state to bring it to.
        now: when that happens.
        values: other columns to write.

    Raises:
        IllegalTransitionError: `TRANSITIONS` has no such step.
    """
    if (job.state, state) not in TRANSITIONS:
        raise IllegalTransitionError(job.job_id, state=job.state, wanted=state)
    if state.is_final:
        values = {**FINAL_VALUES, "finished_at": now, **values}
        await announce(change, job.job_id, Announcement.OUTCOME, now=now)
    changed = await change.connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job.job_id)
        .values(state=state, **values)
        .returning(*jobs.c)
    )
    change.touch(job.job_id)
    return job_from(changed.mappings().one())


async def announce(
    change: Change,
    job_id: str,
    announcement: Announcement,
    *,
    now: datetime | ColumnElement[datetime],
) -> None:
    """Put into the outbox what must be said of the job, once."""
    await change.connection.execute(
        insert(outbox).values(
            job_id=job_id,
            announcement=announcement,
            nonce=f"{job_id}-{announcement}",
            created_at=now,
            attempts=0,
        )
    )
