"""A scheduler with a real store, real files and a scripted executor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.artefacts.folder import FolderArtefacts
from bot.artefacts.keys import content_key, mask_key, start_key, style_key
from bot.executors.protocol import Cancelled, Event, Finished, Work
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import Job, JobLimits, JobState, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.ops import retry
from bot.scheduler import job_runner, scheduler
from bot.scheduler.job_runner import JobRunner
from bot.scheduler.scheduler import Scheduler
from bot.settings import Settings
from stylenet.events import Checkpoint, Losses, Progress
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable
    from pathlib import Path

    Script = Callable[[Work, asyncio.Event], AsyncGenerator[Event, None]]

LIMITS = JobLimits(per_member=99, per_guild=99, total=99)


class ScriptedExecutor:
    """An executor that yields the events that a test scripts."""

    slots = 1
    devices = ("cpu",)
    warmup_seconds = 0.0

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.closed = 0
        self.script: Script = self.paint

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def run(
        self, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        self.works.append(work)
        try:
            async for event in self.script(work, stop or asyncio.Event()):
                yield event
        finally:
            self.closed += 1

    async def paint(self, work: Work, stop: asyncio.Event) -> AsyncGenerator[Event, None]:
        """Yield three steps and the result."""
        for step in (1, 2, 3):
            yield progress(step)
        yield Finished(image=b"picture", report={"seconds": 3.0})

    async def wait_for_stop(self, work: Work, stop: asyncio.Event) -> AsyncGenerator[Event, None]:
        """Run until stopped; then yield a last checkpoint."""
        yield progress(1)
        await stop.wait()
        yield Checkpoint(step=2, state=b"state")
        yield Cancelled()


def progress(step: int) -> Progress:
    return Progress(
        step=step,
        total=3,
        scale=0,
        losses=Losses({"content": 1.0}),
        passes=float(step),
        seconds=float(step),
    )


class Bench:
    """A store, artefacts, a scripted executor and a scheduler."""

    def __init__(self, store: JobStore, artefacts: FolderArtefacts, settings: Settings) -> None:
        self.store, self.artefacts, self.settings = store, artefacts, settings
        self.executor = ScriptedExecutor()
        self.scheduler = self.new_scheduler()

    def new_scheduler(self) -> Scheduler:
        return Scheduler(
            store=self.store,
            artefacts=self.artefacts,
            executor=self.executor,
            settings=self.settings,
        )

    async def claim_runner(self, job: Job) -> JobRunner:
        """Claim a job, as another process would, and return a runner for it."""
        claimed = await self.store.claims.claim("process")
        assert claimed.job_id == job.job_id
        return JobRunner(
            claimed,
            store=self.store,
            artefacts=self.artefacts,
            executor=self.executor,
            settings=self.settings,
        )

    async def accept(self, *, member: int = 10, inputs: bool = True, extras: bool = False) -> Job:
        job_id = new_job_id()
        if inputs:
            await self.artefacts.put(content_key(job_id), b"content")
            await self.artefacts.put(style_key(job_id, 0), b"style")
            await self.artefacts.put(start_key(job_id), b"start")
            await self.artefacts.put(mask_key(job_id, 0), b"mask")
        new = NewJob(
            job_id=job_id,
            origin=Origin(guild_id=1, channel_id=2, message_id=3, requester_id=member),
            content_key=content_key(job_id),
            style_keys=(style_key(job_id, 0),),
            recipe=Recipe(size=100, passes=10),
            content_size=(200, 100),
            start_key=start_key(job_id) if extras else None,
            mask_keys=(mask_key(job_id, 0), None) if extras else (),
        )
        return await self.store.enqueue(new, limits=LIMITS)

    async def until(self, job_id: str, wanted: Callable[[Job], bool] | JobState) -> Job:
        """Wait until a job has a state or meets a condition."""
        async with asyncio.timeout(60):
            while True:
                job = await self.store.get(job_id)
                if job.state is wanted if isinstance(wanted, JobState) else wanted(job):
                    return job
                await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch):
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(retry, "STORAGE_BACKOFF", retry.Backoff(first=0.02))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(scheduler, "LOOP_BACKOFF", retry.Backoff(first=0.1, longest=0.2))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        heartbeat_seconds=0.05,
        stalled_after_seconds=60,
        shutdown_seconds=30,
        max_attempts=3,
    )
    async with JobStore(settings.resolved_database_url, feed=JobFeed()) as store:
        opened = Bench(store, FolderArtefacts(tmp_path / "artefacts"), settings)
        yield opened
        await opened.scheduler.stop()
