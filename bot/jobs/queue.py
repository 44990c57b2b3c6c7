"""The queue: who may enqueue, in which order jobs are claimed, and whether it is open.

Guilds take turns, and members take turns within their guild. Every guild with a queued job holds
a ticket, and so does every member within it. The lowest ticket is served next and is then
replaced by one higher than all others. So a guild with a hundred jobs gets one of them per round,
like every other guild, and a guild that joins the queue is served within one round. Within a
guild, jobs with a priority come first; a job that has waited for `AGEING` counts as one of them,
so that no job starves. A job that was started before comes before all others: it has had its turn.

A claim uses the SQL statement of `select_next_job`. `sort_by_turn` computes the same order for
the whole queue, to predict positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, or_, select

from bot.errors import LimitReached
from bot.jobs.db.rows import guild_key
from bot.jobs.db.schema import IS_ACTIVE, guild_turns, jobs, member_turns, switches
from bot.jobs.models import JobState, QueueMode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.jobs.db.engine import Change, Database
    from bot.jobs.models import Job, JobLimits, NewJob

__all__ = [
    "AGEING",
    "Queue",
    "QueuedJob",
    "check_limits",
    "get_queue_mode",
    "join_turns",
    "list_in_order",
    "renew_tickets",
    "select_next_job",
    "sort_by_turn",
]

AGEING = timedelta(minutes=10)
"""Default waiting time after which a job counts as one with priority."""

_MODE = "mode"


class Queue:
    """The queue's mode, set by the operator, as ``store.queue``. It holds for every process.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_mode(self) -> QueueMode:
        """Return the queue's mode; `QueueMode.OPEN` until one was set."""
        async with self._database.read() as connection:
            return await get_queue_mode(connection)

    async def set_mode(self, mode: QueueMode) -> None:
        """Set the queue's mode; it persists across restarts."""
        async with self._database.write() as change:
            await change.upsert(switches, {"name": _MODE, "value": mode})


async def get_queue_mode(connection: AsyncConnection) -> QueueMode:
    """Return the queue's mode as seen by this transaction."""
    found = await connection.execute(select(switches.c.value).where(switches.c.name == _MODE))
    return QueueMode(found.scalar_one_or_none() or QueueMode.OPEN)


async def check_limits(change: Change, new: NewJob, limits: JobLimits) -> None:
    """Check that one more job may be enqueued.

    Raises:
        LimitReached: the member, the guild or the whole queue has as many jobs as allowed.
    """
    counts = select(
        func.count(),
        func.count().filter(jobs.c.requester_id == new.origin.requester_id),
        func.count().filter(jobs.c.guild_id == new.origin.guild_id),
    ).where(IS_ACTIVE)
    total, of_member, of_guild = (await change.connection.execute(counts)).one()
    if of_member >= limits.per_member:
        raise LimitReached("member", limit=limits.per_member)
    if new.origin.guild_id is not None and of_guild >= limits.per_guild:
        raise LimitReached("guild", limit=limits.per_guild)
    if total >= limits.total:
        raise LimitReached("queue", limit=limits.total)


async def join_turns(change: Change, new: NewJob) -> None:
    """Give a ticket to a guild or a member that has no queued job; the others keep theirs."""
    key, requester = guild_key(new.origin), new.origin.requester_id
    is_queued = and_(IS_ACTIVE, jobs.c.state == JobState.QUEUED)
    counts = select(func.count(), func.count().filter(jobs.c.requester_id == requester)).where(
        is_queued, jobs.c.guild_key == key
    )
    of_guild, of_member = (await change.connection.execute(counts)).one()
    if of_guild == 0:
        await _renew_guild_ticket(change, key)
    if of_member == 0:
        await _renew_member_ticket(change, key, requester)


async def renew_tickets(change: Change, job: Job) -> None:
    """Replace the tickets of the guild and the member whose job is being claimed."""
    key = guild_key(job.origin)
    await _renew_guild_ticket(change, key)
    await _renew_member_ticket(change, key, job.origin.requester_id)


def select_next_job(database: Database, *, ageing: timedelta) -> Select[str]:
    """Build the statement for the id of the next job to claim.

    Guild and job are locked together, skipping locked rows, so that two processes that claim at
    once take jobs of two guilds.
    """
    has_priority = or_(jobs.c.priority > 0, jobs.c.created_at < database.now() - ageing)
    return (
        select(jobs.c.job_id)
        .join(guild_turns, guild_turns.c.guild_key == jobs.c.guild_key)
        .join(
            member_turns,
            (member_turns.c.guild_key == jobs.c.guild_key)
            & (member_turns.c.requester_id == jobs.c.requester_id),
        )
        .where(IS_ACTIVE, jobs.c.state == JobState.QUEUED, database.is_due(jobs.c.not_before))
        .order_by(
            case((jobs.c.started_at.is_not(None), jobs.c.number)).nulls_last(),
            guild_turns.c.ticket,
            guild_turns.c.guild_key,
            case((has_priority, 0), else_=1),
            member_turns.c.ticket,
            jobs.c.number,
        )
        .limit(1)
        .with_for_update(of=[jobs, guild_turns], skip_locked=True)
    )


async def list_in_order(connection: AsyncConnection, *, ageing: timedelta) -> list[str]:
    """Return the ids of the queued jobs in the order in which they will be claimed."""
    queued = select(
        jobs.c.job_id,
        jobs.c.number,
        jobs.c.guild_key,
        jobs.c.requester_id,
        jobs.c.priority,
        jobs.c.created_at,
        jobs.c.started_at,
    ).where(IS_ACTIVE, jobs.c.state == JobState.QUEUED)
    rows = (await connection.execute(queued)).all()
    if not rows:
        return []
    guilds = await connection.execute(select(guild_turns.c.guild_key, guild_turns.c.ticket))
    members = await connection.execute(
        select(member_turns.c.guild_key, member_turns.c.requester_id, member_turns.c.ticket)
    )
    aged_before = datetime.now(UTC) - ageing
    return sort_by_turn(
        [
            QueuedJob(
                job_id=row.job_id,
                number=row.number,
                guild_key=row.guild_key,
                requester_id=row.requester_id,
                has_priority=row.priority > 0 or row.created_at < aged_before,
                was_started=row.started_at is not None,
            )
            for row in rows
        ],
        guild_tickets=dict(list(guilds)),
        member_tickets={(key, member): ticket for key, member, ticket in members},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedJob:
    """What decides the order of a queued job.

    Attributes:
        number: order of arrival.
        guild_key: the guild, or a negative user id for a direct message.
        has_priority: its priority is above 0, or it has waited for long enough.
        was_started: it was claimed before and resumes as soon as possible.
    """

    job_id: str
    number: int
    guild_key: int
    requester_id: int
    has_priority: bool = False
    was_started: bool = False


def sort_by_turn(
    queued: Iterable[QueuedJob],
    *,
    guild_tickets: Mapping[int, int],
    member_tickets: Mapping[tuple[int, int], int],
) -> list[str]:
    """Return the ids of the queued jobs in the order in which they will be claimed.

    Args:
        queued: every queued job.
        guild_tickets: the current tickets, by guild key.
        member_tickets: the current tickets, by guild key and requester.
    """
    by_arrival = sorted(queued, key=lambda job: job.number)
    started = [job.job_id for job in by_arrival if job.was_started]
    by_guild: dict[int, list[QueuedJob]] = {}
    for job in by_arrival:
        if not job.was_started:
            by_guild.setdefault(job.guild_key, []).append(job)
    turns = [(guild_tickets[key], key) for key in by_guild]
    heapify(turns)
    tickets = dict(member_tickets)
    next_guild_ticket = max(guild_tickets.values(), default=0) + 1
    next_member_ticket = max(member_tickets.values(), default=0) + 1
    not_started: list[str] = []
    while turns:
        _, key = heappop(turns)
        of_guild = by_guild[key]
        job = min(
            of_guild,
            key=lambda job: (not job.has_priority, tickets[key, job.requester_id], job.number),
        )
        of_guild.remove(job)
        not_started.append(job.job_id)
        tickets[key, job.requester_id] = next_member_ticket
        next_member_ticket += 1
        if of_guild:
            heappush(turns, (next_guild_ticket, key))
            next_guild_ticket += 1
    return started + not_started


async def _renew_guild_ticket(change: Change, key: int) -> None:
    ticket = await _next_ticket(change, guild_turns.c.ticket)
    await change.upsert(guild_turns, {"guild_key": key, "ticket": ticket})


async def _renew_member_ticket(change: Change, key: int, requester_id: int) -> None:
    ticket = await _next_ticket(change, member_turns.c.ticket)
    await change.upsert(
        member_turns, {"guild_key": key, "requester_id": requester_id, "ticket": ticket}
    )


async def _next_ticket(change: Change, ticket: ColumnElement[int]) -> int:
    """Return a number above every ticket."""
    highest = await change.connection.execute(select(func.coalesce(func.max(ticket), 0)))
    return int(highest.scalar_one()) + 1
