"""The database of the store: migrations and transactions."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, make_url, or_, select, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from bot.errors import ConfigurationError
from bot.jobs.db.change import Change
from bot.jobs.db.connections import create_engine
from bot.jobs.db.outages import Availability
from bot.jobs.db.schema import HEAD
from bot.ops.lock import FolderLock
from bot.ops.private_files import make_private_file, make_private_folder, protect_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import URL, ColumnElement, Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.jobs.change_feed import JobFeed

__all__ = ["LONGEST_DELAY", "Database"]

LONGEST_DELAY = timedelta(hours=1)
"""The longest postponement. A row postponed further was written before the clock was set back."""

_MIGRATION_LOCK = 0x5359_4C45_0001  # arbitrary; unique among the database's advisory locks
_QUEUE_LOCK = 0x5359_4C45_0002

_LOCK_QUEUE = select(func.pg_advisory_xact_lock(_QUEUE_LOCK), func.clock_timestamp())


class Database:
    """One database, opened once per process.

    Args:
        url: SQLAlchemy's URL, ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``. The driver
            may be left out: ``sqlite:///…``, ``postgresql://…``.
        feed: notified of the jobs that a committed transaction changed.

    Raises:
        ConfigurationError: the URL is invalid, its database is not supported, or the driver is
            not installed.
    """

    def __init__(self, url: str, *, feed: JobFeed) -> None:
        self.url = _parse_url(url)
        self.feed = feed
        self._engine: AsyncEngine | None = None
        self._lock: FolderLock | None = None
        self._write_lock = asyncio.Lock()
        self._availability = Availability()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, which is used by one process only."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def is_open(self) -> bool:
        """Whether it is connected."""
        return self._engine is not None

    @property
    def engine(self) -> AsyncEngine:
        """The engine, once opened."""
        if self._engine is None:
            msg = "the store is not open"
            raise RuntimeError(msg)
        return self._engine

    async def open(self, *, exclusive: bool = True) -> None:
        """Connect and run the migrations.

        Args:
            exclusive: False for an operator's command while the bot may be running: take no lock on
                SQLite, run no migration, and start no background work.

        Raises:
            ConfigurationError: another process uses the same SQLite file, the driver is
                missing, or the database is newer than this program; without `exclusive`, it does
                not exist or is not up to date.
            StoreUnavailableError: the database cannot be reached.
        """
        if not exclusive:
            await self._attach()
            return
        if self.is_sqlite:
            await asyncio.to_thread(self._lock_folder)
        try:
            self._engine = create_engine(self.url)
            await self._migrate()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection and release the lock."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Provide a connection for reading.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        with self._availability.track():
            async with self.engine.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[Change]:
        """Provide a write transaction; its jobs are published after the commit.

        Raises:
            StoreUnavailableError: the database cannot be reached, or stayed locked.
        """
        with self._availability.track():
            # SQLite allows one writer at a time: queue for it here, in order, instead of polling
            # for its lock. PostgreSQL needs no such queue.
            lock = self._write_lock if self.is_sqlite else contextlib.nullcontext()
            async with lock, self.engine.connect() as connection:
                await connection.execution_options(stylebot_writes=True)
                async with connection.begin():
                    change = Change(connection)
                    yield change
                    await change.notify()
        for job_id in change.touched:
            self.feed.publish(job_id)

    async def lock_queue(self, change: Change) -> datetime:
        """Lock out other transactions that change the queue's order or count its jobs.

        SQLite's write transactions exclude each other already.

        Returns:
            The current time, as `now`.
        """
        if self.is_sqlite:
            return datetime.now(UTC)
        _, now = (await change.connection.execute(_LOCK_QUEUE)).one()
        locked_at: datetime = now
        return locked_at

    def now(self) -> datetime | ColumnElement[datetime]:
        """Return the current time; PostgreSQL's own there, since hosts' clocks differ."""
        return datetime.now(UTC) if self.is_sqlite else func.clock_timestamp()

    def is_due(self, not_before: ColumnElement[datetime | None]) -> ColumnElement[bool]:
        """Build the condition that a postponed row is due."""
        now = self.now()
        return or_(not_before.is_(None), not_before <= now, not_before > now + LONGEST_DELAY)

    async def _attach(self) -> None:
        file = self.url.database if self.is_sqlite else None
        if file is not None and not await asyncio.to_thread(Path(file).is_file):
            msg = f"there is no database at {file}: has the bot been started with these settings?"
            raise ConfigurationError(msg)
        self._engine = create_engine(self.url)
        try:
            async with self.read() as connection:
                version = await connection.run_sync(_version)
        except BaseException:
            await self.close()
            raise
        if version != HEAD:
            await self.close()
            msg = "the database is not up to date: start the bot first, or `migrate`"
            raise ConfigurationError(msg)

    def _lock_folder(self) -> None:
        if self.url.database is None or self.url.database == ":memory:":
            return
        path = Path(self.url.database)
        try:
            make_private_folder(path.parent)
            lock = FolderLock(path.with_name(path.name + ".lock"))
            lock.acquire()
            make_private_file(path)  # SQLite gives its other files the same mode
            for suffix in ("-wal", "-shm"):
                protect_file(path.with_name(path.name + suffix))
        except OSError as error:
            msg = f"the folder {path.parent} cannot be used for the database: {error}"
            raise ConfigurationError(msg) from error
        self._lock = lock

    async def _migrate(self) -> None:
        async with self.read() as connection:
            if await connection.run_sync(_version) == HEAD:
                return  # without importing Alembic, which is slow
        await asyncio.to_thread(importlib.import_module, "alembic.command")  # slow
        async with self.write() as change:
            if not self.is_sqlite:  # several processes may start at once
                await change.connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            await change.connection.run_sync(_upgrade)


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        msg = f"STYLEBOT_DATABASE_URL is not a database URL: {error}"
        raise ConfigurationError(msg) from error
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg")
    msg = f"STYLEBOT_DATABASE_URL names {backend}; SQLite and PostgreSQL are supported"
    raise ConfigurationError(msg)


def _version(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - only a database that is not up to date needs it
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        msg = f"the database cannot be brought up to date by this version of the bot: {error}"
        raise ConfigurationError(msg) from error
