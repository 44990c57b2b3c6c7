"""The frequent queries, on databases with many rows: none reads a whole table.

``pytest -s`` shows the plans.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, insert, text

from bot.jobs.db.rows import new_job_row
from bot.jobs.db.schema import guild_turns, jobs, member_turns, outbox
from bot.jobs.models import Announcement, JobState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.jobs.store import JobStore

FINISHED = 6000
WAITING = 120
DAY = timedelta(days=1)

# A table whose every row is read: SQLite says SCAN without an index, PostgreSQL Seq Scan.
WHOLE_TABLE = re.compile(
    r"SCAN (jobs|outbox|earlier|retractions)(?! USING)|Seq Scan on (jobs|outbox)"
)


async def test_hot_queries_are_answered_by_indexes(store, new_job, many):
    await _fill(store, new_job)
    job = await store.enqueue(new_job(), limits=many)
    hot: dict[str, Any] = {
        "accept a job (caps)": lambda: store.enqueue(new_job(request_key="one"), limits=many),
        "claim": lambda: store.claims.claim(store.process_id),
        "heartbeat": lambda: store.claims.heartbeat([job]),
        "the queue": store.queue.list_entries,
        "unfinished jobs of a member": lambda: store.list_unfinished(requester_id=10),
        "unfinished jobs in a channel": lambda: store.list_unfinished(channel_id=5),
        "unfinished ids": store.list_unfinished_ids,
        "running": store.list_running,
        "due outbox": store.outbox.list_due,
        "next due": store.outbox.get_next_due,
        "card of a message": lambda: store.find_by_card(5),
        "a member's jobs": lambda: store.list_for_member(10),
        "stalled jobs": lambda: store.claims.requeue_stalled(older_than=DAY, max_attempts=5),
        "adopt": lambda: store.processes.adopt_jobs(gone_after=DAY),
        "retention sweep": lambda: store.retention.delete_finished(
            before=datetime.now(UTC) - 400 * DAY
        ),
        "unused inputs": lambda: store.retention.delete_unused_inputs(before=datetime.now(UTC)),
        "stored bytes": lambda: store.stored_bytes.measure(100, 0),
        "due deletions": store.pending_deletions.list_due,
        "orphans": lambda: store.retention.find_unknown_jobs({job.job_id, "nowhere"}),
    }
    whole = []
    for name, call in hot.items():
        with _heard(store) as statements:
            await call()
        for statement, values in statements:
            plan = await _plan(store, statement, values)
            print(f"\n-- {name}\n{plan}")
            if WHOLE_TABLE.search(plan):
                whole.append(f"{name}: {statement}\n{plan}")
    assert not whole, "\n\n".join(whole)


async def test_statements_do_not_grow_with_the_queue(store, new_job, many):
    async def count(call) -> int:
        with _heard(store) as statements:
            await call()
        return len(statements)

    async def enqueue() -> None:
        await store.enqueue(new_job(guild=99, member=7), limits=many)

    async def claim() -> None:
        assert await store.claims.claim(store.process_id)

    await enqueue()
    few = await count(enqueue), await count(claim)
    await _fill(store, new_job)
    assert (await count(enqueue), await count(claim)) == few
    # PostgreSQL: lock the queue, check the caps, write; find the job, write. SQLite takes its lock
    # when it begins, and writes the job, its card and the tickets one after another.
    assert few == ((3, 2) if store.is_shared else (3, 4))


async def _fill(store: JobStore, new_job: Any) -> None:
    now = datetime.now(UTC)
    rows, announcements = [], []
    for number in range(FINISHED + WAITING):
        new = new_job(guild=number % 40, member=100 + number % 300)
        row = new_job_row(new, created_at=now - DAY, delivered_by=store.process_id)
        row |= {"finished_at": None, "card_message_id": None}
        if number < FINISHED:
            ended = now - DAY * (1 + number % 300)
            row |= {"state": JobState.SUCCEEDED, "finished_at": ended, "card_message_id": number}
        rows.append(row)
        announcements += [
            {
                "job_id": new.job_id,
                "announcement": announcement,
                "nonce": f"{new.job_id}-{announcement}",
                "created_at": now,
                "attempts": 1,
                "message_id": number if number < FINISHED else None,
            }
            for announcement in Announcement
            if number < FINISHED or announcement is Announcement.CARD
        ]
    async with store._database.write() as change:
        await change.connection.execute(insert(jobs), rows)
        await change.connection.execute(insert(outbox), announcements)
        guilds = [{"guild_key": key, "ticket": key + 1} for key in range(40)]
        await change.connection.execute(insert(guild_turns), guilds)
        members = {(row["guild_key"], row["requester_id"]) for row in rows[FINISHED:]}
        await change.connection.execute(
            insert(member_turns),
            [{"guild_key": key, "requester_id": who, "ticket": who} for key, who in members],
        )
    async with store._database.write() as change:
        await change.connection.execute(text("ANALYZE"))


@contextmanager
def _heard(store: JobStore) -> Iterator[list[tuple[str, Any]]]:
    """Record the statements that the store sends while the block runs, with their values."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection, _cursor, statement, values, _context, is_many) -> None:
        if not is_many and re.match(r"SELECT|INSERT|UPDATE|DELETE|WITH", statement):
            heard.append((statement, values))

    engine = store._database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(engine, "before_cursor_execute", hear)


async def _plan(store: JobStore, statement: str, values: Any) -> str:
    explain = "EXPLAIN" if store.is_shared else "EXPLAIN QUERY PLAN"
    async with store._database.read() as connection:
        rows = await connection.exec_driver_sql(f"{explain} {statement}", values)
        return "\n".join(str(row[-1]) for row in rows)
