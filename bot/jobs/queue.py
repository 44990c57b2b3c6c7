"""The queue as the database sees it: who may join, in which order they are served, who is next.

`bot.jobs.fairness` says what that order means.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, or_, select

from bot.errors import LimitReached
from bot.jobs.db.rows import guild_key
from bot.jobs.db.schema import IS_ACTIVE, guild_turns, jobs, member_turns
from bot.jobs.fairness import Waiting, turn_order
from bot.jobs.models import JobState

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.jobs.db.engine import Change, Database
    from bot.jobs.models import Job, Limits, NewJob

__all__ = [
    "check_limits",
    "next_in_turn",
    "order_of_queue",
    "take_place",
    "take_turn",
]


async def check_limits(change: Change, new: NewJob, limits: Limits) -> None:
    """See that one more job may join.

    Raises:
        LimitReached: it may not.
    """
    counts = select(
        func.count(),
        func.count().filter(jobs.c.requester_id == new.origin.requester_id),
        func.count().filter(jobs.c.guild_id == new.origin.guild_id),
    ).where(IS_ACTIVE)
    everybody, member, guild = (await change.connection.execute(counts)).one()
    if member >= limits.per_member:
        raise LimitReached("member", limit=limits.per_member)
    if new.origin.guild_id is not None and guild >= limits.per_guild:
        raise LimitReached("guild", limit=limits.per_guild)
    if everybody >= limits.total:
        raise LimitReached("queue", limit=limits.total)


async def take_place(change: Change, new: NewJob) -> None:
    """Whoever had nothing in the queue comes to its end; the others keep their place."""
    key, requester = guild_key(new.origin), new.origin.requester_id
    queued = and_(IS_ACTIVE, jobs.c.state == JobState.QUEUED)
    counts = select(func.count(), func.count().filter(jobs.c.requester_id == requester)).where(
        queued, jobs.c.guild_key == key
    )
    of_guild, of_member = (await change.connection.execute(counts)).one()
    if of_guild == 0:
        ticket = await _next_ticket(change, guild_turns.c.ticket)
        await change.upsert(guild_turns, {"guild_key": key, "ticket": ticket})
    if of_member == 0:
        ticket = await _next_ticket(change, member_turns.c.ticket)
        await change.upsert(
            member_turns, {"guild_key": key, "requester_id": requester, "ticket": ticket}
        )


async def order_of_queue(connection: AsyncConnection, *, ageing: timedelta) -> list[str]:
    """The ids of the queued jobs in the order in which they will be claimed."""
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
    aged = datetime.now(UTC) - ageing
    return turn_order(
        [
            Waiting(
                job_id=row.job_id,
                number=row.number,
                guild_key=row.guild_key,
                requester_id=row.requester_id,
                favoured=row.priority > 0 or row.created_at < aged,
                begun=row.started_at is not None,
            )
            for row in rows
        ],
        guild_tickets=dict(list(guilds)),
        member_tickets={(key, member): ticket for key, member, ticket in members},
    )


def next_in_turn(database: Database, *, ageing: timedelta) -> Select[str]:
    """The id of the job whose turn it is; `bot.jobs.fairness` says what that means."""
    favoured = or_(jobs.c.priority > 0, jobs.c.created_at < database.now() - ageing)
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
            case((favoured, 0), else_=1),
            member_turns.c.ticket,
            jobs.c.number,
        )
        .limit(1)
        .with_for_update(of=[jobs, guild_turns], skip_locked=True)
    )


async def take_turn(change: Change, job: Job) -> None:
    """Draw new tickets for whoever is served now."""
    key = guild_key(job.origin)
    await change.upsert(
        guild_turns, {"guild_key": key, "ticket": await _next_ticket(change, guild_turns.c.ticket)}
    )
    await change.upsert(
        member_turns,
        {
            "guild_key": key,
            "requester_id": job.origin.requester_id,
            "ticket": await _next_ticket(change, member_turns.c.ticket),
        },
    )


async def _next_ticket(change: Change, ticket: ColumnElement[int]) -> int:
    """A ticket above every other."""
    highest = await change.connection.execute(select(func.coalesce(func.max(ticket), 0)))
    return int(highest.scalar_one()) + 1
