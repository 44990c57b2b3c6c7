"""Changes of a job's state, each in one transaction with the outbox row that announces it."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, insert, select, update

from bot.errors import IllegalTransitionError, UnknownJobError
from bot.jobs.db.rows import new_job_row, record_from
from bot.jobs.db.schema import jobs, outbox
from bot.jobs.models import TRANSITIONS, Announcement, Job, JobState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Insert, Select, Update

    from bot.jobs.db.change import Change, Step
    from bot.jobs.models import NewJob

__all__ = ["insert_job", "lock_job", "transition"]

_FINAL_VALUES: dict[str, Any] = {"claimed_by": None, "heartbeat_at": None, "not_before": None}


async def insert_job(
    change: Change, new: NewJob, *others: Step, now: datetime, delivered_by: str
) -> Job:
    """Add a queued job, with its card in the outbox.

    Args:
        change: the transaction.
        new: the job.
        others: further statements to execute with it; see `Change.write_job`.
        now: the time of the change.
        delivered_by: the process that sends its messages.

    Returns:
        The job as it was stored.
    """
    row = new_job_row(new, created_at=now, delivered_by=delivered_by)
    write = _insert_job(tuple(row)), _as_parameters(row)
    card = _announce(new.job_id, Announcement.CARD, now=now)
    return record_from(Job, await change.write_job(new.job_id, write, card, *others))


async def lock_job(change: Change, job_id: str) -> tuple[Job, datetime]:
    """Return a job, with its row locked until the transaction ends, and the database's time.

    Raises:
        UnknownJobError: there is no such job.
    """
    statement = _lock_job(with_clock=change.on_postgres)
    found = await change.connection.execute(statement, {"locked_job": job_id})
    row = found.mappings().one_or_none()
    if row is None:
        raise UnknownJobError(job_id)
    return record_from(Job, row), row["clock"] if change.on_postgres else datetime.now(UTC)


async def transition(
    change: Change,
    job: Job,
    state: JobState,
    *others: Step,
    now: datetime,
    **values: object,
) -> Job:
    """Change the state of a locked job, and other columns with it.

    A final state also adds the job's outcome to the outbox, and the notice that the requester asked
    for.

    Args:
        change: the transaction.
        job: as returned by `lock_job` in this transaction.
        state: the new state.
        others: further statements to execute with it; see `Change.write_job`.
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
        others = (*others, _announce(job.job_id, Announcement.OUTCOME, now=now))
        is_in_guild = job.origin.guild_id is not None  # elsewhere the outcome is a direct message
        if job.notify and is_in_guild and state is not JobState.CANCELLED:
            others = (*others, _announce(job.job_id, Announcement.NOTICE, now=now))
    values = {"state": state, **values}
    write = _update_job(tuple(values)), {"locked_job": job.job_id, **_as_parameters(values)}
    return record_from(Job, await change.write_job(job.job_id, write, *others))


def _announce(job_id: str, announcement: Announcement, *, now: datetime) -> Step:
    """Add an announcement of the job to the outbox. Each kind can be added once per job."""
    return _insert_announcement(announcement), {
        f"{announcement}_job": job_id,
        f"{announcement}_kind": announcement,
        f"{announcement}_nonce": f"{job_id}-{announcement}",
        f"{announcement}_at": now,
    }


# Building a statement takes longer than executing it, so each one is built once.


@functools.cache
def _insert_announcement(announcement: Announcement) -> Insert:
    return insert(outbox).values(
        job_id=bindparam(f"{announcement}_job"),
        announcement=bindparam(f"{announcement}_kind"),
        nonce=bindparam(f"{announcement}_nonce"),
        created_at=bindparam(f"{announcement}_at"),
        attempts=0,
    )


@functools.cache
def _insert_job(columns: tuple[str, ...]) -> Insert:
    return insert(jobs).values({name: bindparam(f"new_{name}") for name in columns})


@functools.cache
def _update_job(columns: tuple[str, ...]) -> Update:
    values: dict[str, object] = {name: bindparam(f"new_{name}") for name in columns}
    return update(jobs).where(jobs.c.job_id == bindparam("locked_job")).values(values)


@functools.cache
def _lock_job(*, with_clock: bool) -> Select[Any]:
    clock = [func.clock_timestamp().label("clock")] if with_clock else []
    return select(jobs, *clock).where(jobs.c.job_id == bindparam("locked_job")).with_for_update()


def _as_parameters(values: Mapping[str, object]) -> dict[str, object]:
    return {f"new_{name}": value for name, value in values.items()}
