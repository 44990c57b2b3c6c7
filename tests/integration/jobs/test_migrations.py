"""Databases of earlier versions are migrated with their rows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Column, Connection, MetaData, Table, types

from bot.errors import ConfigurationError
from bot.jobs.change_feed import JobFeed
from bot.jobs.db import migrations
from bot.jobs.db.connections import create_engine
from bot.jobs.db.engine import _parse_url
from bot.jobs.db.schema import HEAD, metadata
from bot.jobs.models import GuildSettings, JobState
from bot.jobs.store import JobStore
from stylenet.recipe import Recipe

from .conftest import order_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncConnection

FOLDER = Path(migrations.__file__).parent
REVISIONS = [path.name[1:5] for path in sorted((FOLDER / "versions").glob("v*.py"))]

KNOWN = {
    "job_id": "feedfeedfeed",
    "state": "queued",
    "announcement": "card",
    "recipe": Recipe(name="fine", passes=7).to_json(),
    "style_keys": ["jobs/feedfeedfeed/style-0"],
    "title": "before",
    "losses": {},
    "settings": {},
    "report": {},
}
"""What a row must hold to be one; anything else that may not be empty is made up."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def bare_url(request, tmp_path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.sqlite3'}"
    return await request.getfixturevalue("new_postgres")(bare=True)


def test_the_revisions_are_linear_and_the_schema_names_the_last():
    script = ScriptDirectory.from_config(_config())
    assert script.get_heads() == [HEAD], "two branches: renumber the newer one"
    assert [each.revision for each in script.walk_revisions()][::-1] == REVISIONS
    assert [f"{number:04}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS


@pytest.mark.parametrize("revision", REVISIONS[:-1])
async def test_every_released_database_is_migrated_with_its_rows(bare_url, revision, new_job, many):
    async with _connected(bare_url) as connection:
        await connection.run_sync(_upgrade, revision)
        filled = await connection.run_sync(_fill)
    assert {"jobs", "outbox", "pickers"} <= filled

    async with JobStore(bare_url, feed=JobFeed()) as store:
        job = await store.get("feedfeedfeed")
        assert (job.title, job.state, job.recipe.passes) == ("before", JobState.QUEUED, 7)
        assert len(await store.outbox.list_for_job(job.job_id)) == 1
        assert len(await store.pickers.list_for_member(job.origin.requester_id)) == 1
        if store.is_shared:
            await store.processes.adopt_jobs(gone_after=timedelta(seconds=30))
        assert [each.job_id for each in await store.outbox.list_due()] == [job.job_id]
        if revision < "0012":  # of three costs, which say nothing of the five
            assert await store.timings.get_all() == {}
        assert await order_of(store) == [job.job_id]
        assert (await store.claims.claim(store.process_id)).job_id == job.job_id
        await store.enqueue(new_job(), limits=many)
        await store.retention.delete_member_data(job.origin.requester_id, delete_messages=True)
        assert [each.message_id for each in await store.pending_deletions.list_due()] == [
            7
        ]  # the picker's


async def test_a_guilds_settings_move_to_one_column(bare_url):
    async with _connected(bare_url) as connection:
        await connection.run_sync(_upgrade, "0013")
        for guild_id, channels, role in ((7, "[1, 9007199254740993]", "3"), (8, "[]", "NULL")):
            await connection.exec_driver_sql(
                "INSERT INTO guilds (guild_id, channel_ids, manager_role_id) "
                f"VALUES ({guild_id}, '{channels}', {role})"
            )
    async with JobStore(bare_url, feed=JobFeed()) as store:
        assert await store.guilds.get_settings(7) == GuildSettings(
            channel_ids=(1, 9007199254740993), manager_role_id=3
        )
        assert await store.guilds.get_settings(8) == GuildSettings()


async def test_the_migrations_make_what_the_schema_describes(bare_url):
    async with _connected(bare_url) as connection:
        await connection.run_sync(_upgrade, "head")
        differences = await connection.run_sync(_differences)
    assert differences == []


async def test_a_database_of_a_newer_version_is_not_changed(bare_url):
    async with JobStore(bare_url, feed=JobFeed()):
        pass
    async with _connected(bare_url) as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="cannot be brought up to date"):
        await JobStore(bare_url, feed=JobFeed()).open()


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_engine(_parse_url(url))
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def _differences(connection: Connection) -> list[Any]:
    # PostgreSQL cannot compare what JSON columns default to.
    is_sqlite = connection.dialect.name == "sqlite"
    options = {"compare_type": True, "compare_server_default": is_sqlite}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def _fill(connection: Connection) -> set[str]:
    """Put a row into every table, as it is at this revision."""
    found = MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if table.name != "alembic_version":
            row = {
                column.name: _value(column)
                for column in table.columns
                if not column.nullable and not _is_numbered(table, column)
            }
            connection.execute(table.insert().values(row))
    return {table.name for table in found.sorted_tables}


def _is_numbered(table: Table, column: Column[Any]) -> bool:
    return (table.name, column.name) in {("jobs", "number"), ("outbox", "delivery_id")}


def _value(column: Column[Any]) -> Any:
    known = KNOWN.get(column.name)
    if known is not None and (column.table.name, column.name) != ("rates", "recipe"):
        return known
    if isinstance(column.type, JSON):
        return []
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, types.DateTime):
        now = datetime.now(UTC)
        return now if column.type.timezone else now.replace(tzinfo=None)
    return 7 if issubclass(column.type.python_type, int | float) else "x"
