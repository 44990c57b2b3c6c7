"""PostgreSQL is restarted while it is in use."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection

from bot.errors import StoreUnavailableError
from bot.jobs.change_feed import JobFeed
from bot.jobs.store import JobStore

pytestmark = pytest.mark.postgres


async def test_every_operation_fails_as_unavailable_until_it_is_back(
    restartable_postgres, new_job, many, monkeypatch
):
    """Readers, writers and the listener run through two restarts."""
    monkeypatch.setattr("bot.jobs.change_feed.RECONNECT_SECONDS", 0.1)
    outcomes: Counter[str] = Counter()
    is_over = asyncio.Event()

    async def repeat(name, action):
        while not is_over.is_set():
            try:
                await action()
            except StoreUnavailableError:
                outcomes[f"{name} unavailable"] += 1
                await asyncio.sleep(0.01)
            else:
                outcomes[name] += 1

    async def reach(name):
        before = outcomes[name]
        async with asyncio.timeout(60):
            while outcomes[name] == before:
                await asyncio.sleep(0.01)

    url = restartable_postgres.url("postgres")
    async with (
        JobStore(url, feed=JobFeed()) as here,
        JobStore(url, feed=JobFeed()) as there,
        asyncio.TaskGroup() as group,
    ):
        job = await here.enqueue(new_job(), limits=many)
        for name, action in {
            "read": lambda: here.get(job.job_id),
            "write": lambda: there.enqueue(new_job(), limits=many),
            "heartbeat": lambda: here.processes.heartbeat(slots=1),
        }.items():
            for _ in range(3):
                group.create_task(repeat(name, action))
        for _ in range(2):
            for name in ("read", "write", "heartbeat"):
                await reach(name)
            await asyncio.to_thread(restartable_postgres.kill)
            for name in ("read", "write", "heartbeat"):
                await reach(f"{name} unavailable")
            await asyncio.to_thread(restartable_postgres.start)
        for name in ("read", "write", "heartbeat"):
            await reach(name)
        is_over.set()
        with here.feed.subscribe() as changes:  # and changes are heard again
            async with asyncio.timeout(60):
                other = await there.enqueue(new_job(), limits=many)
                while await changes.next(60) != other.job_id:
                    pass
        assert here._listener._tasks.is_running("listening for changed jobs")


async def test_a_store_can_be_opened_once_the_database_is_back(restartable_postgres):
    await asyncio.to_thread(restartable_postgres.kill)
    store = JobStore(restartable_postgres.url("postgres"), feed=JobFeed())
    with pytest.raises(StoreUnavailableError):
        await store.open()
    await asyncio.to_thread(restartable_postgres.start)
    await store.open()
    await store.ping()
    await store.close()


async def test_a_connection_that_broke_while_idle_is_replaced_before_it_is_used(postgres_url):
    async with JobStore(postgres_url, feed=JobFeed()) as store, _other(postgres_url) as other:
        async with store._database.read() as connection:
            idle = (await connection.get_raw_connection()).driver_connection
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        await other.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        )
        async with asyncio.timeout(60):
            while not idle.is_closed():
                await asyncio.sleep(0.01)
        await store.ping()


async def test_a_connection_that_was_idle_for_long_is_tested(postgres_url, monkeypatch):
    tested = []

    def ping(connection):
        tested.append(connection)
        msg = "the network lost it"
        raise OSError(msg)

    async with JobStore(postgres_url, feed=JobFeed()) as store:
        await store.ping()
        monkeypatch.setattr(AsyncAdapt_asyncpg_connection, "ping", ping)
        await store.ping()
        assert not tested
        monkeypatch.setattr("bot.jobs.db.connections.PING_AFTER_SECONDS", -1.0)
        await store.ping()
        assert len(tested) == 1


@asynccontextmanager
async def _other(url):
    """Another connection to the database."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()
