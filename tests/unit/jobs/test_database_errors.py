"""Which errors of a database are outages."""

from __future__ import annotations

import logging

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from bot.errors import ConfigurationError, StoreUnavailableError, UnknownJobError
from bot.jobs.db.outages import Availability, translate_errors
from bot.ops.metrics import DATABASE_OUTAGES


def _wrapped(error):
    """Wrap an error of asyncpg as SQLAlchemy does while a statement runs."""
    adapted = AsyncAdapt_asyncpg_dbapi.Error(str(error), error)
    adapted.__cause__ = error
    wrapped = DBAPIError("SELECT 1", None, adapted)
    wrapped.__cause__ = adapted
    return wrapped


OUTAGES = [
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection due to administrator command"),
    asyncpg.CrashShutdownError("terminating connection because of crash of another process"),
    asyncpg.TooManyConnectionsError("sorry, too many clients already"),
    asyncpg.DiskFullError("no space left"),
    asyncpg.PostgresIOError("could not read block"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    asyncpg.ReadOnlySQLTransactionError("cannot execute UPDATE in a read-only transaction"),
    asyncpg.InterfaceError("cannot perform operation: connection is closed"),
    asyncpg.InternalClientError("got result for unknown protocol state 3"),
    ConnectionRefusedError(111, "refused"),
    ConnectionResetError(),
    TimeoutError(),
]


@pytest.mark.parametrize("wrap", [lambda error: error, _wrapped], ids=["raw", "wrapped"])
@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_an_outage_becomes_unavailable(error, wrap):
    with pytest.raises(StoreUnavailableError, match=r"\S"), translate_errors():
        raise wrap(error)


def test_a_transaction_that_broke_earlier_is_an_outage():
    with pytest.raises(StoreUnavailableError), translate_errors():
        raise PendingRollbackError("invalid transaction")


@pytest.mark.parametrize(
    "error",
    [asyncpg.InvalidPasswordError("wrong"), asyncpg.InvalidCatalogNameError("no such database")],
)
def test_a_refused_address_names_the_setting(error):
    with pytest.raises(ConfigurationError, match="STYLEBOT_DATABASE_URL"), translate_errors():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        _wrapped(asyncpg.UniqueViolationError("duplicate key")),
        _wrapped(asyncpg.UndefinedTableError("no such table")),
        asyncpg.DataError("invalid input for query argument"),
        UnknownJobError("1"),
        KeyError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_bug_is_not_an_outage(error):
    with pytest.raises(type(error)) as raised, translate_errors():
        raise error
    assert raised.value is error


def test_an_outage_is_counted_once_and_ends_with_the_next_success(caplog):
    caplog.set_level(logging.INFO)
    availability, before = Availability(), DATABASE_OUTAGES._value.get()
    for _ in range(3):
        with pytest.raises(StoreUnavailableError), availability.track():
            raise TimeoutError
    with pytest.raises(UnknownJobError), availability.track():
        raise UnknownJobError("0123456789ab")
    assert DATABASE_OUTAGES._value.get() == before + 1
    for _ in range(2):
        with availability.track():
            pass
    with pytest.raises(StoreUnavailableError), availability.track():
        raise TimeoutError
    assert DATABASE_OUTAGES._value.get() == before + 2
    said = [record.getMessage().split(":")[0] for record in caplog.records]
    assert [each.split(" after")[0] for each in said] == [
        "the database is away",
        "the database is available again",
        "the database is away",
    ]
