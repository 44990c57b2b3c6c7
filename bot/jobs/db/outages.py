"""Outages of the database: which errors are some, and for how long it is away."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import (
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import ConfigurationError, StoreUnavailableError, StyleBotError
from bot.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Availability", "translate_errors"]

logger = logging.getLogger(__name__)

_OUTAGES = (
    OperationalError,
    InterfaceError,
    DisconnectionError,
    PendingRollbackError,  # the connection broke earlier in the same transaction
    PoolTimeoutError,
    OSError,  # includes TimeoutError and ConnectionRefusedError
)

_DRIVER_OUTAGES = {"InterfaceError", "InternalClientError"}
"""Classes of asyncpg, an optional dependency, for broken connections."""

_OUTAGE_STATES = (
    "08",  # connection exception
    "25006",  # read-only transaction: connected to a standby, during a failover
    "40",  # transaction rollback: deadlock, serialization failure
    "53",  # insufficient resources: too many connections, disk full
    "57",  # operator intervention: shutting down, starting up, crash of another backend
    "58",  # system error: I/O error
)
"""Beginnings of the SQLSTATE codes of outages."""

_REFUSED_STATES = ("28", "3D000")  # invalid user or password; no such database


class Availability:
    """Whether the last operation reached the database; counts and logs its outages."""

    def __init__(self) -> None:
        self._away_since: float | None = None

    @contextlib.contextmanager
    def track(self) -> Iterator[None]:
        """Track one operation, and translate its errors.

        Raises:
            StoreUnavailableError: the database is unreachable, restarting, overloaded or locked.
            ConfigurationError: it refuses the user, the password or the database's name.
        """
        try:
            with translate_errors():
                yield
        except StoreUnavailableError as error:
            if self._away_since is None:
                self._away_since = time.monotonic()
                metrics.DATABASE_OUTAGES.inc()
                logger.warning("the database is away: %s", error)
            raise
        if self._away_since is not None:
            seconds = time.monotonic() - self._away_since
            logger.info("the database is available again after %.1f s", seconds)
            self._away_since = None


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Translate the drivers' errors in the block; other errors pass unchanged.

    Raises:
        StoreUnavailableError: the database is unreachable, restarting, overloaded or locked.
        ConfigurationError: it refuses the user, the password or the database's name.
    """
    try:
        yield
    except StyleBotError:
        raise
    except Exception as error:
        causes = list(_causes(error))
        # Many network errors have no text of their own.
        if any(_is_outage(cause) for cause in causes):
            raise StoreUnavailableError(str(error) or repr(error)) from error
        if any(_sqlstate(cause).startswith(_REFUSED_STATES) for cause in causes):
            msg = f"STYLEBOT_DATABASE_URL is refused by the database: {error}"
            raise ConfigurationError(msg) from error
        raise


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that it wraps, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = getattr(current, "orig", None) or current.__cause__


def _is_outage(error: BaseException) -> bool:
    """Return whether an error means that the database cannot be used at the moment.

    SQLAlchemy wraps the errors of asyncpg only while a statement runs: connecting, rolling back
    and listening raise asyncpg's own.
    """
    if isinstance(error, ValueError):  # asyncpg's InterfaceError for an unsuitable argument
        return False
    if isinstance(error, _OUTAGES):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if _sqlstate(error).startswith(_OUTAGE_STATES):
        return True
    is_driver_error = type(error).__module__.startswith("asyncpg.")
    return is_driver_error and any(kind.__name__ in _DRIVER_OUTAGES for kind in type(error).__mro__)


def _sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's code of an error, or an empty string."""
    return getattr(error, "sqlstate", None) or ""
