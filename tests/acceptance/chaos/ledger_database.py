"""The bot's database, read by somebody else."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg

from ...postgres_server import PostgresServer, postgres_server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AsyncExitStack

__all__ = ["LedgerDatabase", "PostgresLedger", "SqliteLedger", "UnreadableError"]

TIMEOUT_SECONDS = 5.0
NAME = "chaos"


class UnreadableError(Exception):
    """The database does not exist yet, is away, or is being written at this moment."""


class LedgerDatabase(Protocol):
    """Either kind of database."""

    @property
    def url(self) -> str | None:
        """The address for the bots; None for the default, SQLite."""
        ...

    async def fetch(self, query: str) -> list[Mapping[str, Any]]:
        """Return the rows that a query finds.

        Raises:
            UnreadableError: not at the moment.
        """
        ...

    async def fetch_after_kill(self, query: str) -> list[Mapping[str, Any]]:
        """Return what a query finds, and leave the files as the killed bot has left them.

        Raises:
            UnreadableError: not at the moment.
        """
        ...

    async def restart(self, *, down_seconds: float) -> None:
        """Stop the server at once, cutting every connection, and start it after a while."""
        ...


class SqliteLedger:
    """A SQLite file."""

    url = None

    def __init__(self, path: Path) -> None:
        self._path = path

    async def fetch(self, query: str) -> list[Mapping[str, Any]]:
        """Return the rows that a query finds."""
        return await asyncio.to_thread(_query_file, self._path, query)

    async def fetch_after_kill(self, query: str) -> list[Mapping[str, Any]]:
        """Query a copy: opening a file after a crash repairs it, which the bot must do itself."""
        return await asyncio.to_thread(self._query_copy, query)

    async def restart(self, *, down_seconds: float) -> None:
        """Nothing runs here that could be restarted."""
        raise NotImplementedError

    def _query_copy(self, query: str) -> list[Mapping[str, Any]]:
        with tempfile.TemporaryDirectory() as folder:
            for file in self._path.parent.glob(f"{self._path.name}*"):
                shutil.copy(file, folder)
            return _query_file(Path(folder, self._path.name), query)


class PostgresLedger:
    """A PostgreSQL server of its own, read through one connection."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._connection: asyncpg.Connection | None = None
        self.url = server.url(NAME)

    @classmethod
    async def start(cls, stack: AsyncExitStack) -> PostgresLedger:
        """Start a server whose commits survive `restart`; the stack ends it."""
        server = await asyncio.to_thread(stack.enter_context, postgres_server(durable=True))
        await asyncio.to_thread(server.run, f"CREATE DATABASE {NAME};")
        ledger = cls(server)
        stack.push_async_callback(ledger.close)
        return ledger

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close(timeout=TIMEOUT_SECONDS)

    async def fetch(self, query: str) -> list[Mapping[str, Any]]:
        """Return the rows that a query finds."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(
                    user="postgres", host=str(self._server.folder), database=NAME,
                    timeout=TIMEOUT_SECONDS, command_timeout=TIMEOUT_SECONDS,
                )  # fmt: skip
            return await self._connection.fetch(query)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise UnreadableError from error

    async def fetch_after_kill(self, query: str) -> list[Mapping[str, Any]]:
        """Return the rows that a query finds: the server is not killed with the bot."""
        return await self.fetch(query)

    async def restart(self, *, down_seconds: float) -> None:
        """Stop the server at once, cutting every connection, and start it after a while."""
        await asyncio.to_thread(self._server.kill)
        await asyncio.sleep(down_seconds)
        await asyncio.to_thread(self._server.start)


def _query_file(path: Path, query: str) -> list[Mapping[str, Any]]:
    try:
        with closing(
            sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=TIMEOUT_SECONDS)
        ) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query)]
    except sqlite3.OperationalError as error:
        raise UnreadableError from error
