"""The queue in the database: who may enqueue, which job is claimed next, and the queue's mode.

The order is that of `bot.jobs.turns`. A claim finds its job by three indexed look-ups (a job to
resume, the guild whose turn it is, the job within that guild), so that its cost does not grow with
the number of queued jobs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
)

from bot.errors import LimitReached, RequestProblem, RequestRefused
from bot.jobs.db.change import upsert_into
from bot.jobs.db.column_types import UtcDateTime
from bot.jobs.db.engine import LONGEST_DELAY
from bot.jobs.db.rows import guild_key, record_from
from bot.jobs.db.schema import IS_ACTIVE, IS_QUEUED, guild_turns, jobs, member_turns, switches
from bot.jobs.models import Job, QueueMode
from bot.jobs.turns import Turn

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Insert, ScalarSelect, Select, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.jobs.db.change import Change, Step
    from bot.jobs.db.engine import Database
    from bot.jobs.models import JobLimits, NewJob

__all__ = [
    "Queue",
    "QueueEntry",
    "get_queue_mode",
    "join_queue",
    "renew_tickets",
    "select_next_job",
]

_MODE = "mode"
_PAGE_ROWS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueEntry:
    """A queued job, as far as its turn and its painting time depend on it.

    Attributes:
        turn: what decides its place.
        recipe: its recipe, as JSON.
        content_size: width and height of the content image in pixels, if known.
        styles: number of style images.
        has_start: whether it starts from an earlier pastiche.
        step: steps done before it was requeued.
        total: steps in all, as of then; 0 before the first.
    """

    turn: Turn
    recipe: str
    content_size: tuple[int, int] | None
    styles: int
    has_start: bool
    step: int
    total: int


class Queue:
    """The queue's mode and its entries, as ``store.queue``. They are those of every process.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database, *, ageing: timedelta) -> None:
        self._database = database
        self._ageing = ageing

    async def get_mode(self) -> QueueMode:
        """Return the queue's mode; `QueueMode.OPEN` until one was set."""
        async with self._database.read() as connection:
            return await get_queue_mode(connection)

    async def set_mode(self, mode: QueueMode) -> None:
        """Set the queue's mode; it persists across restarts."""
        async with self._database.write() as change:
            await change.upsert(switches, {"name": _MODE, "value": mode})

    async def list_entries(self) -> list[QueueEntry]:
        """Return every queued job, by arrival.

        The rows are read by pages, so that a long queue does not hold the event loop for long. A
        job that is claimed or enqueued meanwhile may be missing.
        """
        entries: list[QueueEntry] = []
        last = 0
        while True:
            page = (
                select(
                    jobs.c.job_id,
                    jobs.c.number,
                    jobs.c.guild_key,
                    jobs.c.requester_id,
                    jobs.c.priority,
                    jobs.c.created_at,
                    jobs.c.started_at,
                    jobs.c.content_width,
                    jobs.c.content_height,
                    jobs.c.style_keys,
                    jobs.c.start_key,
                    jobs.c.step,
                    jobs.c.total,
                    type_coerce(jobs.c.recipe, Text).label("recipe_json"),
                    func.coalesce(guild_turns.c.ticket, 0).label("guild_ticket"),
                    func.coalesce(member_turns.c.ticket, 0).label("member_ticket"),
                )
                .outerjoin(guild_turns, guild_turns.c.guild_key == jobs.c.guild_key)
                .outerjoin(member_turns, _is_requester)
                .where(IS_QUEUED, jobs.c.number > last)
                .order_by(jobs.c.number)
                .limit(_PAGE_ROWS)
            )
            async with self._database.read() as connection:
                rows = (await connection.execute(page)).all()
            aged_before = datetime.now(UTC) - self._ageing
            entries += [_entry(row, aged_before=aged_before) for row in rows]
            if len(rows) < _PAGE_ROWS:
                return entries
            last = rows[-1].number


async def get_queue_mode(connection: AsyncConnection) -> QueueMode:
    """Return the queue's mode as seen by this transaction."""
    return QueueMode((await connection.execute(select(_mode()))).scalar_one())


async def join_queue(change: Change, new: NewJob, limits: JobLimits) -> list[Step]:
    """Check that one more job may be enqueued.

    Returns:
        The statements that renew tickets: of its guild and of its requester, if they have no other
        queued job.

    Raises:
        RequestRefused: the queue is draining.
        LimitReached: the member, the guild or the whole queue has as many jobs as allowed.
    """
    key, requester = guild_key(new.origin), new.origin.requester_id
    found = await change.connection.execute(
        _queue_state(),
        {
            "guild": key,
            "requester": requester,
            "per_member": limits.per_member,
            "per_guild": limits.per_guild,
            "in_all": limits.total,
        },
    )
    mode, member, guild, total, guild_waits, member_waits = found.one()
    if QueueMode(mode) is QueueMode.DRAINING:
        raise RequestRefused(RequestProblem.SHUTTING_DOWN)
    if member >= limits.per_member:
        raise LimitReached("member", limit=limits.per_member)
    if new.origin.guild_id is not None and guild >= limits.per_guild:
        raise LimitReached("guild", limit=limits.per_guild)
    if total >= limits.total:
        raise LimitReached("queue", limit=limits.total)
    tickets = []
    if not guild_waits:
        tickets.append(_renew_guild_ticket(key, on_postgres=change.on_postgres))
    if not member_waits:
        tickets.append(_renew_member_ticket(key, requester, on_postgres=change.on_postgres))
    return tickets


def renew_tickets(change: Change, job: Job) -> list[Step]:
    """Build the statements that renew the tickets of the guild and the member of a claimed job."""
    key = guild_key(job.origin)
    return [
        _renew_guild_ticket(key, on_postgres=change.on_postgres),
        _renew_member_ticket(key, job.origin.requester_id, on_postgres=change.on_postgres),
    ]


async def select_next_job(change: Change, *, ageing: timedelta) -> tuple[Job, datetime] | None:
    """Return the next job to claim, locked, and the database's time.

    It is None if no job is due, or the queue is paused.

    Guild and job are locked together, skipping locked rows, so that two processes that claim at
    once take jobs of two guilds.
    """
    statement = _next_job(on_sqlite=not change.on_postgres, ageing=ageing)
    row = (await change.connection.execute(statement)).mappings().one_or_none()
    return None if row is None else (record_from(Job, row), row["clock"])


@functools.cache
def _next_job(*, on_sqlite: bool, ageing: timedelta) -> Select[Any]:
    """Build the statement for the next job; building it takes longer than running it."""

    def now(offset: timedelta = timedelta()) -> ColumnElement[datetime]:
        if on_sqlite:
            return bindparam(None, callable_=lambda: datetime.now(UTC) + offset, type_=UtcDateTime)
        return func.clock_timestamp() + offset  # hosts' clocks differ

    not_before = jobs.c.not_before
    is_due = or_(not_before.is_(None), not_before <= now(), not_before > now(LONGEST_DELAY))
    to_resume = (
        select(jobs.c.number)
        .where(IS_QUEUED, jobs.c.started_at.is_not(None), is_due)
        .order_by(jobs.c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    waiting = jobs.alias("waiting")
    next_guild = (
        select(guild_turns.c.guild_key)
        .where(
            exists().where(
                waiting.c.state == literal_column("'queued'"),
                waiting.c.guild_key == guild_turns.c.guild_key,
                waiting.c.started_at.is_(None),
            )
        )
        .order_by(guild_turns.c.ticket, guild_turns.c.guild_key)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    has_priority = or_(jobs.c.priority > 0, jobs.c.created_at < now(-ageing))
    of_guild = (
        select(jobs.c.number)
        .outerjoin(member_turns, _is_requester)
        .where(IS_QUEUED, jobs.c.guild_key == next_guild, jobs.c.started_at.is_(None), is_due)
        .order_by(case((has_priority, 0), else_=1), member_turns.c.ticket, jobs.c.number)
        .limit(1)
        .with_for_update(of=jobs, skip_locked=True)
        .scalar_subquery()
    )
    chosen = jobs.alias("chosen")
    is_open = _mode() != literal(QueueMode.PAUSED.value)
    clock = now().label("clock")
    return select(chosen, clock).where(
        is_open, chosen.c.number == func.coalesce(to_resume, of_guild)
    )


_is_requester = (member_turns.c.guild_key == jobs.c.guild_key) & (
    member_turns.c.requester_id == jobs.c.requester_id
)


def _mode() -> ColumnElement[Any]:
    of_queue = select(switches.c.value).where(switches.c.name == _MODE).scalar_subquery()
    return func.coalesce(of_queue, literal(QueueMode.OPEN.value))


@functools.cache
def _queue_state() -> Select[Any]:
    """Build the statement for `join_queue`; building it takes longer than running it."""
    of_guild = jobs.c.guild_key == bindparam("guild")
    of_member = jobs.c.requester_id == bindparam("requester")
    return select(
        _mode(),
        _count_up_to("per_member", of_member),
        _count_up_to("per_guild", of_guild),
        _count_up_to("in_all"),
        exists().where(IS_QUEUED, of_guild),
        exists().where(IS_QUEUED, of_guild, of_member),
    )


def _count_up_to(limit: str, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """Count active jobs, but no further than a limit: a long queue is not counted in full.

    Args:
        limit: the name of the parameter with the limit.
        conditions: which jobs.
    """
    most = bindparam(limit, type_=BigInteger)
    counted = select(jobs.c.number).where(IS_ACTIVE, *conditions).limit(most).subquery()
    return select(func.count()).select_from(counted).scalar_subquery()


def _entry(row: Any, *, aged_before: datetime) -> QueueEntry:  # noqa: ANN401 - a row of the page
    return QueueEntry(
        turn=Turn(
            job_id=row.job_id,
            number=row.number,
            guild_key=row.guild_key,
            requester_id=row.requester_id,
            guild_ticket=row.guild_ticket,
            member_ticket=row.member_ticket,
            has_priority=row.priority > 0 or row.created_at < aged_before,
            was_started=row.started_at is not None,
        ),
        recipe=row.recipe_json,
        content_size=(
            None if row.content_width is None else (row.content_width, row.content_height)
        ),
        styles=len(row.style_keys),
        has_start=row.start_key is not None,
        step=row.step,
        total=row.total,
    )


def _renew_guild_ticket(key: int, *, on_postgres: bool) -> Step:
    return _renew_ticket(guild_turns, on_postgres=on_postgres), {"turn_of_guild_key": key}


def _renew_member_ticket(key: int, requester_id: int, *, on_postgres: bool) -> Step:
    return _renew_ticket(member_turns, on_postgres=on_postgres), {
        "turn_of_guild_key": key,
        "turn_of_requester_id": requester_id,
    }


@functools.cache
def _renew_ticket(turns: Table, *, on_postgres: bool) -> Insert:
    """Build the statement that gives a guild or a member the number above every ticket."""
    values: dict[str, ColumnElement[Any]] = {
        column.key: bindparam(f"turn_of_{column.key}") for column in turns.primary_key
    }
    values["ticket"] = select(func.coalesce(func.max(turns.c.ticket), 0) + 1).scalar_subquery()
    return upsert_into(turns, values, on_postgres=on_postgres)
