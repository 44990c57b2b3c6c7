"""Pulling the plug: the whole engine as a process of its own, really killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from bot.artefacts import open_artefacts
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import Announcement, JobState
from bot.jobs.store import JobStore
from stylenet import images

ENGINE = Path(__file__).with_name("engine_process.py")
WAIT_SECONDS = 120


class Engine:
    """An engine process and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.reports: list[dict[str, object]] = []

    async def until(self, wanted) -> dict[str, object]:
        """Read on until it says what is wanted."""
        async with asyncio.timeout(WAIT_SECONDS):
            while line := await self.process.stdout.readline():
                self.reports.append(json.loads(line))
                if wanted(self.reports[-1]):
                    return self.reports[-1]
        raise AssertionError(f"it ended before that; it said {self.reports[-3:]}")

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@pytest.fixture
async def start(tmp_path):
    engines = []

    async def start(*arguments: object) -> Engine:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(ENGINE),
            str(tmp_path / "data"),
            *map(str, arguments),
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        engines.append(Engine(process))
        return engines[-1]

    yield start
    for engine in engines:
        with contextlib.suppress(ProcessLookupError):
            await engine.kill()
        engine.process._transport.close()


async def _gone(pid: int) -> bool:
    for _ in range(10 * WAIT_SECONDS):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_a_killed_worker_and_a_killed_bot_lose_no_checkpoint(start, tmp_path):
    engine = await start(40)
    seen = await engine.until(lambda report: (report.get("checkpoint") or 0) >= 3)
    (worker,) = seen["worker"]
    os.kill(worker, signal.SIGKILL)

    again = await engine.until(
        lambda report: report.get("claims") == 2 and report["checkpoint"] > seen["checkpoint"]
    )
    assert _never_goes_back(engine.reports), "it started over"
    assert again["worker"] != [worker]
    await engine.kill()
    assert await _gone(*again["worker"])

    engine = await start()
    last = await engine.until(lambda report: report.get("state") == JobState.SUCCEEDED)
    assert last["claims"] == last["attempts"] == 3
    assert _never_goes_back([again, *engine.reports]), "it started over"
    assert (await engine.until(lambda report: "torch" in report))["torch"] is False
    assert await asyncio.wait_for(engine.process.wait(), 60) == 0

    database = f"sqlite:///{tmp_path / 'data' / 'stylebot.sqlite3'}"
    artefacts = open_artefacts(str(tmp_path / "data" / "artefacts"))
    async with JobStore(database, feed=JobFeed()) as store:
        job = await store.get(seen["job_id"])
        rows = await store.outbox.list_for_job(job.job_id)
        assert [row.announcement for row in rows] == [Announcement.CARD, Announcement.OUTCOME]
        assert images.decode(await artefacts.get(job.result_key)).size == (64, 48)
        assert images.decode(await artefacts.get(job.snapshot_key)).size == (64, 48)
        assert job.step == job.total > 0
        # Only a painting that one attempt saw whole says how long one takes.
        assert not await store.timings.get_all()
    kept = [info.key async for info in artefacts.list()]
    assert not [key for key in kept if "checkpoint" in key]


def _never_goes_back(reports: list[dict[str, object]]) -> bool:
    checkpoints = [one["checkpoint"] for one in reports if one.get("checkpoint") is not None]
    return checkpoints == sorted(checkpoints)


async def test_a_terminated_bot_requeues_its_job(start, tmp_path):
    engine = await start(400)
    await engine.until(lambda report: (report.get("checkpoint") or 0) >= 2)
    engine.process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(engine.process.wait(), 60) == 0

    database = f"sqlite:///{tmp_path / 'data' / 'stylebot.sqlite3'}"
    async with JobStore(database, feed=JobFeed()) as store:
        (job,) = await store.list_unfinished()
        assert (job.state, job.attempts, job.setbacks) == (JobState.QUEUED, 0, 0)
        assert job.checkpoint_step >= 2
        artefacts = open_artefacts(str(tmp_path / "data" / "artefacts"))
        assert await artefacts.get(job.checkpoint_key)
