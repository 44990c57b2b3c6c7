"""The database under the store: engine, migrations, transactions, and the errors they meet.

SQLite is opened for durability: write-ahead log, and ``synchronous=FULL``, because NORMAL may
forget the last commits when the power fails, and a job that was accepted must not be forgotten.
A commit costs one fsync; the busiest writer, progress, commits about once a second per job.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, func, make_url, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import ConfigurationError, StoreUnavailableError
from bot.jobs.db.schema import HEAD
from bot.ops.lock import FolderLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy import URL, ColumnElement, Connection, Table
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from bot.jobs.change_feed import JobFeed

__all__ = ["CHANNEL", "Change", "Database"]

CHANNEL = "stylebot_jobs"
"""PostgreSQL's NOTIFY channel; the payload is the id of a job that changed."""

BUSY_SECONDS = 10
COMMAND_SECONDS = 30
LONGEST_DELAY = timedelta(hours=1)
"""Nothing is ever postponed further than this; what is, was postponed before the clock jumped."""

_MIGRATION_LOCK = 0x5359_4C45_0001  # any number nobody else uses in that database
_QUEUE_LOCK = 0x5359_4C45_0002


class Change:
    """A write transaction, and the jobs it touches."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.touched: dict[str, None] = {}

    def touch(self, job_id: str) -> None:
        """Tell the feed of this job once the transaction is committed."""
        self.touched[job_id] = None

    async def upsert(self, table: Table, values: dict[str, Any]) -> None:
        """Insert a row, or update the one with the same primary key."""
        key = [column.name for column in table.primary_key]
        rest = {name: value for name, value in values.items() if name not in key}
        if self.connection.dialect.name == "postgresql":
            await self.connection.execute(
                postgresql.insert(table)
                .values(values)
                .on_conflict_do_update(index_elements=key, set_=rest)
            )
        else:
            await self.connection.execute(
                sqlite.insert(table)
                .values(values)
                .on_conflict_do_update(index_elements=key, set_=rest)
            )


class Database:
    """One database, opened once per process.

    Args:
        url: SQLAlchemy's address, ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``
            (``sqlite:`` and ``postgresql:`` alone are understood).
        feed: told of every job a committed change touched.

    Raises:
        ConfigurationError: the address is not one, its database is not supported, or its
            driver is not installed.
    """

    def __init__(self, url: str, *, feed: JobFeed) -> None:
        self.url = _understood(url)
        self.feed = feed
        self._engine: AsyncEngine | None = None
        self._lock: FolderLock | None = None
        self._writing = asyncio.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database, used by one process alone."""
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

    async def open(self, *, beside: bool = False) -> None:
        """Connect and bring the tables up to date.

        Args:
            beside: connect beside a process that may be at work: nothing is locked, and the
                tables must be up to date already.

        Raises:
            ConfigurationError: another process uses the same SQLite file, the driver is
                missing, or the database is newer than this program; or there is none yet,
                with `beside`.
            StoreUnavailableError: the database cannot be reached.
        """
        if beside:
            await self._open_beside()
            return
        if self.is_sqlite:
            await asyncio.to_thread(self._take_folder)
        try:
            self._engine = _engine(self.url)
            await self._migrate()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Drop every connection and the lock."""
        if self._engine is not None:
            await self._engine.dispose()
            self._engine = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        with _translated():
            async with self.engine.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[Change]:
        """One transaction; the feed hears of the touched jobs after the commit.

        Raises:
            StoreUnavailableError: the database cannot be reached, or stayed locked.
        """
        with _translated():
            # SQLite has one writer at a time anyway: queue for it here, in order, instead of
            # polling for its lock. PostgreSQL needs no such queue.
            turn = self._writing if self.is_sqlite else contextlib.nullcontext()
            async with turn, self.engine.connect() as connection:
                await connection.execution_options(stylebot_writes=True)
                async with connection.begin():
                    change = Change(connection)
                    yield change
                    if not self.is_sqlite:
                        for job_id in change.touched:
                            await connection.execute(select(func.pg_notify(CHANNEL, job_id)))
        for job_id in change.touched:
            self.feed.publish(job_id)

    async def lock_queue(self, change: Change) -> None:
        """Hold everyone else who wants to change the queue's order or count it.

        SQLite's write transactions exclude each other already.
        """
        if not self.is_sqlite:
            await change.connection.execute(select(func.pg_advisory_xact_lock(_QUEUE_LOCK)))

    def now(self) -> datetime | ColumnElement[datetime]:
        """The time that rows are compared by: PostgreSQL's own, since hosts' clocks differ."""
        return datetime.now(UTC) if self.is_sqlite else func.clock_timestamp()

    def is_due(self, not_before: ColumnElement[datetime | None]) -> ColumnElement[bool]:
        """Whether what waits until `not_before` has waited enough."""
        now = self.now()
        return or_(not_before.is_(None), not_before <= now, not_before > now + LONGEST_DELAY)

    async def _open_beside(self) -> None:
        file = self.url.database if self.is_sqlite else None
        if file is not None and not await asyncio.to_thread(Path(file).is_file):
            msg = f"there is no database at {file}: has the bot been started with these settings?"
            raise ConfigurationError(msg)
        self._engine = _engine(self.url)
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

    def _take_folder(self) -> None:
        if self.url.database is None or self.url.database == ":memory:":
            return
        path = Path(self.url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FolderLock(path.with_name(path.name + ".lock"))
            lock.acquire()
        except OSError as error:
            msg = f"the folder {path.parent} cannot be used for the database: {error}"
            raise ConfigurationError(msg) from error
        self._lock = lock

    async def _migrate(self) -> None:
        async with self.read() as connection:
            if await connection.run_sync(_version) == HEAD:
                return  # saves loading Alembic at every start
        await asyncio.to_thread(importlib.import_module, "alembic.command")  # slow to load
        async with self.write() as change:
            if not self.is_sqlite:  # several processes may start at once
                await change.connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            await change.connection.run_sync(_upgrade)


def _understood(url: str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        msg = f"STYLEBOT_DATABASE_URL is not a database's address: {error}"
        raise ConfigurationError(msg) from error
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg")
    msg = f"STYLEBOT_DATABASE_URL names {backend}; SQLite and PostgreSQL are supported"
    raise ConfigurationError(msg)


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_async_engine(
            url,
            pool_pre_ping=True,  # a connection that died while idle is replaced, not reported
            pool_timeout=COMMAND_SECONDS,
            connect_args={"timeout": BUSY_SECONDS, "command_timeout": COMMAND_SECONDS},
        )
    except ModuleNotFoundError as error:
        msg = "STYLEBOT_DATABASE_URL names PostgreSQL: install stylebot[postgres] for its driver"
        raise ConfigurationError(msg) from error


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # Transactions are begun by us, below, not by the driver.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another wrote in
    # between, whatever the busy timeout; one that announces its writing waits for its turn.
    writes = connection.get_execution_options().get("stylebot_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


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


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """The drivers' ways of saying "unreachable" or "locked", as our one."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError, TimeoutError, OSError) as error:
        raise StoreUnavailableError(str(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailableError(str(error)) from error
        raise
