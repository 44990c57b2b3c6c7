"""Opening, migrating and sharing a database, and lost connections."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import bot.jobs.db
from bot.errors import ConfigurationError, StoreUnavailableError
from bot.jobs.change_feed import JobFeed
from bot.jobs.db import connections
from bot.jobs.db.engine import Database
from bot.jobs.db.schema import HEAD, metadata
from bot.jobs.store import JobStore


async def test_the_migrations_make_what_the_schema_says(store):
    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with store._database.read() as connection:
        assert await connection.run_sync(differences) == []


def test_the_schema_names_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(Path(bot.jobs.db.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_a_database_of_a_newer_version_is_refused(url):
    async with JobStore(url, feed=JobFeed()) as store, store._database.write() as change:
        await change.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(ConfigurationError, match="9999"):
        await JobStore(url, feed=JobFeed()).open()


async def test_jobs_survive_closing(url, new_job, many):
    async with JobStore(url, feed=JobFeed()) as store:
        job = await store.enqueue(new_job(), limits=many)
    async with JobStore(url, feed=JobFeed()) as store:
        found = await store.get(job.job_id)
        assert replace(found, delivered_by=job.delivered_by) == job
        await store.ping()


async def test_other_users_cannot_read_the_database(tmp_path):
    path = tmp_path / "data" / "stylebot.sqlite3"
    mask = os.umask(0)
    try:
        async with JobStore(f"sqlite:///{path}", feed=JobFeed()):
            files = set(path.parent.iterdir())
            assert {each.name for each in files} == {
                f"stylebot.sqlite3{suffix}" for suffix in ("", "-wal", "-shm", ".lock")
            }
            assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
            assert path.parent.stat().st_mode & 0o777 == 0o700
        path.chmod(0o644)  # as an earlier version made it
        async with JobStore(f"sqlite:///{path}", feed=JobFeed()):
            assert path.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(mask)


async def test_a_second_process_on_the_same_file_is_refused(sqlite_url):
    script = (
        "import asyncio, sys\n"
        "from bot.jobs.change_feed import JobFeed\n"
        "from bot.jobs.store import JobStore\n"
        "from bot.errors import ConfigurationError\n"
        "try:\n"
        "    asyncio.run(JobStore(sys.argv[1], feed=JobFeed()).open())\n"
        "except ConfigurationError as error:\n"
        "    print(error)\n"
    )
    async with JobStore(sqlite_url, feed=JobFeed()):
        second = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", script, sqlite_url],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        with pytest.raises(ConfigurationError):
            await JobStore(sqlite_url, feed=JobFeed()).open()

    assert "already uses" in second.stdout
    assert "STYLEBOT_DATABASE_URL" in second.stdout
    async with JobStore(sqlite_url, feed=JobFeed()):
        pass  # free again


async def test_sqlite_is_opened_for_durability(sqlite_url):
    async with (
        JobStore(sqlite_url, feed=JobFeed()) as store,
        store._database.read() as connection,
    ):

        async def pragma(name: str) -> object:
            return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()

        assert await pragma("journal_mode") == "wal"
        assert await pragma("synchronous") == 2  # FULL
        assert await pragma("foreign_keys") == 1
        assert await pragma("busy_timeout") == connections.BUSY_SECONDS * 1000


@pytest.mark.parametrize(
    "address", ["mysql://root@localhost/x", "nonsense", "postgresql+nonsense//", "redis://x"]
)
def test_addresses_that_cannot_work_are_refused(address):
    with pytest.raises(ConfigurationError, match="STYLEBOT_DATABASE_URL"):
        Database(address, feed=JobFeed())


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    store = JobStore(f"sqlite:///{tmp_path}/file/x.sqlite3", feed=JobFeed())
    with pytest.raises(ConfigurationError, match="cannot be used"):
        await store.open()


async def test_an_unreachable_server_is_an_outage(tmp_path):
    store = JobStore(f"postgresql://postgres@/x?host={tmp_path}", feed=JobFeed())
    with pytest.raises(StoreUnavailableError):
        await store.open()


async def test_a_locked_file_is_an_outage(sqlite_url, monkeypatch, new_job, many):
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0)
    async with JobStore(sqlite_url, feed=JobFeed()) as store:
        import sqlite3

        path = sqlite_url.removeprefix("sqlite:///")
        intruder = sqlite3.connect(path, isolation_level=None)
        try:
            intruder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError):
                await store.enqueue(new_job(), limits=many)
            intruder.execute("ROLLBACK")
        finally:
            intruder.close()
        await store.enqueue(new_job(), limits=many)


@pytest.mark.postgres
async def test_connections_that_were_cut_are_replaced(postgres_url, new_job, many):
    async with JobStore(postgres_url, feed=JobFeed()) as store:
        job = await store.enqueue(new_job(), limits=many)
        await _cut_connections(store)
        async with asyncio.timeout(60):
            while True:
                try:
                    assert await store.get(job.job_id) == job
                    break
                except StoreUnavailableError:
                    await asyncio.sleep(0.1)


@pytest.mark.postgres
async def test_changes_by_another_process_are_received(postgres_url, new_job, many):
    async with (
        JobStore(postgres_url, feed=JobFeed()) as here,
        JobStore(postgres_url, feed=JobFeed()) as there,
    ):
        with here.feed.subscribe() as changes:
            changes.drain()
            job = await there.enqueue(new_job(), limits=many)
            assert await changes.next(60) == job.job_id


@pytest.mark.postgres
async def test_changes_are_received_after_a_reconnection(postgres_url, new_job, many, monkeypatch):
    monkeypatch.setattr("bot.jobs.change_feed.RECONNECT_SECONDS", 0.1)
    async with (
        JobStore(postgres_url, feed=JobFeed()) as here,
        JobStore(postgres_url, feed=JobFeed()) as there,
    ):
        missed = await there.enqueue(new_job(), limits=many)
        with here.feed.subscribe() as changes:
            await _cut_connections(there)
            async with asyncio.timeout(60):  # received again once it listens
                while await changes.next(60) != missed.job_id:
                    pass
            job = None
            while job is None:
                try:
                    job = await there.enqueue(new_job(), limits=many)
                except StoreUnavailableError:
                    await asyncio.sleep(0.1)
            async with asyncio.timeout(60):
                while await changes.next(60) != job.job_id:
                    pass


async def _cut_connections(store: JobStore) -> None:
    """Cut the store's connections, as a restart of the database or a firewall does."""
    async with store._database.read() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
