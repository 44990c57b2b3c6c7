"""A store on a real SQLite file and on a real PostgreSQL, and jobs to put into it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from bot.jobs.change_feed import JobFeed
from bot.jobs.models import JobLimits, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.jobs.turns import sort_by_turn
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


async def order_of(store: JobStore) -> list[str]:
    """Return the ids of the queued jobs in the order in which they will be claimed."""
    return sort_by_turn(entry.turn for entry in await store.queue.list_entries())


MANY = JobLimits(per_member=1000, per_guild=1000, total=1000)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a SQLite file that is migrated once and then copied."""
    return tmp_path_factory.mktemp("template") / "stylebot.sqlite3"


async def _new_sqlite(template: Path, folder: Path) -> str:
    """A copy of the migrated file."""
    if template.name not in os.listdir(template.parent):  # noqa: PTH208 - no async twin
        async with JobStore(f"sqlite:///{template}", feed=JobFeed()):
            pass
    copied = shutil.copytree(template.parent, folder)
    return f"sqlite:///{copied / template.name}"


@pytest.fixture
async def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An empty SQLite database."""
    return await _new_sqlite(sqlite_template, tmp_path / "data")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return await _new_sqlite(sqlite_template, tmp_path / "data")
    return await request.getfixturevalue("new_postgres")()


@pytest.fixture
async def store(url: str) -> AsyncIterator[JobStore]:
    """An open, empty store on either database."""
    async with JobStore(url, feed=JobFeed()) as opened:
        yield opened


@pytest.fixture
def new_job() -> Callable[..., NewJob]:
    """Makes a request that has passed intake."""

    def make(*, guild: int | None = 1, member: int = 10, **changes: object) -> NewJob:
        job_id = new_job_id()
        values: dict[str, object] = {
            "job_id": job_id,
            "origin": Origin(guild_id=guild, channel_id=5, message_id=6, requester_id=member),
            "content_key": f"jobs/{job_id}/content",
            "style_keys": (f"jobs/{job_id}/style-0",),
            "recipe": Recipe(size=64, passes=8),
        }
        return NewJob(**{**values, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def many() -> JobLimits:
    """Limits that no test reaches."""
    return MANY
