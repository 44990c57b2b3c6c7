"""Connections to either database, and what is set on them.

SQLite runs with a write-ahead log and ``synchronous=FULL``, since NORMAL can lose the last commits
in a power failure, and an accepted job must not be lost. A commit costs one fsync; the most
frequent writer, progress, commits about once a second per job.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.pool import ConnectionPoolEntry

__all__ = ["create_engine"]

BUSY_SECONDS = 10
COMMAND_SECONDS = 30
PING_AFTER_SECONDS = 30.0
"""Idle time after which a connection is tested before it is used: the network may have lost it."""


def create_engine(url: URL) -> AsyncEngine:
    """Create the engine; it connects when it is used.

    Raises:
        ConfigurationError: the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    try:
        engine = create_async_engine(
            url,
            pool_timeout=COMMAND_SECONDS,
            connect_args={"timeout": BUSY_SECONDS, "command_timeout": COMMAND_SECONDS},
        )
    except ModuleNotFoundError as error:
        msg = "STYLEBOT_DATABASE_URL names PostgreSQL: install stylebot[postgres] for its driver"
        raise ConfigurationError(msg) from error
    event.listen(engine.sync_engine, "checkin", _note_idle)
    event.listen(engine.sync_engine, "checkout", _replace_if_broken)
    return engine


def _note_idle(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = time.monotonic()


def _replace_if_broken(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401 - the adapter has no public type
    """Have the pool replace a connection that broke while it was idle.

    SQLAlchemy's ``pool_pre_ping`` does so too, with three round trips before every transaction. A
    connection that the server or the kernel has closed is known to the driver.

    Raises:
        InvalidatePoolError: it is broken; the others are replaced too.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    idle_since = record.info.get("idle_since", float("inf"))
    if time.monotonic() - idle_since > PING_AFTER_SECONDS:
        try:
            connection.ping()
        except Exception as error:
            raise InvalidatePoolError from error


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # `_begin_sqlite` begins the transactions, not the driver.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads before it writes fails at once if another one wrote in
    # between, whatever the busy timeout. BEGIN IMMEDIATE waits for the write lock instead.
    writes = connection.get_execution_options().get("stylebot_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
