"""What the service costs when many jobs wait: ``python benchmarks/service.py --waiting 10000``.

The real store, scheduler, card updater and queue command, with a worker that only sleeps. Jobs of
many members in many guilds wait; then cards are refreshed, jobs are enqueued and claimed, and the
queue command is answered, a number of times each. It prints CPU time, because wall time is
unreliable on a shared machine: that of the event loop's thread for everything, and that of the
whole process for a claim and an enqueue, which also use the database's threads.

``longest_step_ms`` is the longest single callback on the event loop during all of that.

With ``--jobs N``, it prints the bot's memory over N jobs instead; see `benchmarks/memory.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import statistics
import tempfile
import time
from asyncio import events
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from bot_process import StandInExecutor
from memory import measure_memory
from sqlalchemy import insert, select

from bot.artefacts import open_artefacts
from bot.delivery.card_updater import CardUpdater
from bot.executors.protocol import Cancelled
from bot.exts.jobs.cog import JobCommands
from bot.jobs.change_feed import JobFeed
from bot.jobs.db.schema import jobs
from bot.jobs.models import Job, JobLimits, JobState, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.ops.garbage_collection import exempt_loaded_objects
from bot.scheduler.scheduler import Scheduler
from bot.settings import Settings
from bot.views.card import render_card
from bot.views.queue import queue_embed
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from bot.artefacts.base import Artefacts
    from bot.executors.protocol import Event, Work

NO_LIMITS = JobLimits(per_member=10**9, per_guild=10**9, total=10**9)
GUILDS, MEMBERS_PER_GUILD = 50, 10
BATCH = 500
RECIPES = (Recipe.named("default"), Recipe.named("fast"), Recipe.named("fine"))


class SleepingExecutor(StandInExecutor):
    """Takes a job and never finishes it."""

    async def run(
        self, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        await (stop or asyncio.Event()).wait()
        yield Cancelled()


@dataclass
class Steps:
    """CPU time of the event loop's callbacks, while they are watched."""

    longest: float = 0.0
    spent: list[float] = field(default_factory=list)

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        run = events.Handle._run

        def timed(handle: events.Handle) -> None:
            began = time.thread_time()
            run(handle)
            self.longest = max(self.longest, time.thread_time() - began)

        events.Handle._run = timed  # type: ignore[method-assign]
        try:
            yield
        finally:
            events.Handle._run = run  # type: ignore[method-assign]


def new_job(number: int) -> NewJob:
    guild = 1 + number % GUILDS
    member = 1 + number // GUILDS % MEMBERS_PER_GUILD
    job_id = new_job_id()
    return NewJob(
        job_id=job_id,
        origin=Origin(
            guild_id=guild,
            channel_id=guild,
            message_id=number + 1,
            requester_id=guild * 1000 + member,
        ),
        content_key=f"jobs/{job_id}/content",
        style_keys=(f"jobs/{job_id}/style-0",),
        recipe=RECIPES[number % len(RECIPES)],
        title=f"picture-{number}.jpg × Starlight",
        content_size=(640 + number % 400, 480),
    )


async def seed(store: JobStore, artefacts: Artefacts, *, waiting: int, finished: int) -> None:
    """Enqueue one job of every member; clone rows for the rest, which is quicker."""
    own = min(waiting, GUILDS * MEMBERS_PER_GUILD)
    for number in range(own):
        job = await store.enqueue(new_job(number), limits=NO_LIMITS)
        for key in (job.content_key, *job.style_keys):  # so that the one that is claimed runs
            await artefacts.put(key, b"-")
    ended = {"state": JobState.SUCCEEDED, "finished_at": datetime.now(UTC)}
    async with store._database.write() as change:
        rows = (await change.connection.execute(select(jobs))).mappings().all()
        templates = [
            {name: value for name, value in row.items() if name != "number"} for row in rows
        ]
        for count, values in ((waiting - own, {}), (finished, ended)):
            for begin in range(0, count, BATCH):
                batch = [
                    {
                        **templates[number % len(templates)],
                        **values,
                        "job_id": new_job_id(),
                        "request_key": None,
                    }
                    for number in range(begin, min(begin + BATCH, count))
                ]
                await change.connection.execute(insert(jobs), batch)


async def measure(
    repeats: int, work: Callable[[int], Awaitable[Any]], steps: Steps
) -> tuple[float, float]:
    """Median milliseconds of CPU: of this thread, and of the process."""
    own, whole = [], []
    with steps.watched():
        for number in range(repeats):
            thread, process = time.thread_time(), time.process_time()
            await work(number)
            own.append(time.thread_time() - thread)
            whole.append(time.process_time() - process)
    return 1000 * statistics.median(own), 1000 * statistics.median(whole)


async def main(options: argparse.Namespace) -> None:
    exempt_loaded_objects()  # as the bot does before it connects
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(_env_file=None, data_dir=Path(folder), paint_samples=False)
        url = options.database or f"sqlite:///{folder}/stylebot.sqlite3"
        artefacts = open_artefacts(settings.resolved_artefacts_url)
        async with JobStore(url, feed=JobFeed()) as store:
            await seed(store, artefacts, waiting=options.waiting, finished=options.finished)
            scheduler = Scheduler(
                store=store,
                artefacts=artefacts,
                executor=SleepingExecutor(),  # type: ignore[arg-type]
                settings=settings,
            )
            print(json.dumps(await figures(store, scheduler, settings, options)))


async def figures(
    store: JobStore, scheduler: Scheduler, settings: Settings, options: argparse.Namespace
) -> dict[str, float]:
    steps = Steps()
    await scheduler.start()
    while not scheduler.running:  # noqa: ASYNC110 - until the one slot is taken
        await asyncio.sleep(0.05)
    waiting = await store.list_unfinished(limit=1000)
    for job in waiting[:8]:  # estimates from measurements cost more time than the defaults
        await scheduler._estimator.learn(job, device="cpu", seconds=30.0)
    cards = CardUpdater(
        None,  # type: ignore[arg-type]
        store,
        None,  # type: ignore[arg-type]
        estimate=scheduler.estimate,
        interval=3.0,
        process_id=store.process_id,
    )
    commands = JobCommands(
        SimpleNamespace(store=store, settings=settings, scheduler=scheduler, prefixes=None),  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
    )

    async def refresh_card(number: int) -> None:
        job = await store.get(waiting[number * 37 % len(waiting)].job_id)
        render_card(job, await cards.text_facts(job))

    async def answer_queue(number: int) -> None:
        job: Job = waiting[number * 37 % len(waiting)]
        view = await commands._summary(job.origin.requester_id, job.origin.guild_id)
        queue_embed(view, prefix="!")

    async def collect_garbage(_: int) -> None:
        gc.collect()

    await measure(3, collect_garbage, steps)  # a full collection may fall into any step
    card = await measure(options.repeats, refresh_card, steps)
    queue = await measure(options.repeats, answer_queue, steps)
    enqueue = await measure(
        options.repeats, lambda number: store.enqueue(new_job(number), limits=NO_LIMITS), steps
    )
    claim = await measure(options.repeats, lambda _: store.claims.claim("benchmark"), steps)
    await scheduler.stop()
    return {
        "waiting": options.waiting,
        "finished": options.finished,
        "card_refresh_ms": round(card[0], 2),
        "card_refresh_process_ms": round(card[1], 2),
        "enqueue_ms": round(enqueue[0], 2),
        "enqueue_process_ms": round(enqueue[1], 2),
        "claim_ms": round(claim[0], 2),
        "claim_process_ms": round(claim[1], 2),
        "queue_command_ms": round(queue[0], 2),
        "queue_command_process_ms": round(queue[1], 2),
        "longest_step_ms": round(1000 * steps.longest, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=200, help="jobs in the queue (default 200)")
    parser.add_argument("--finished", type=int, default=0, help="jobs that have ended (default 0)")
    parser.add_argument(
        "--database", help="an empty PostgreSQL; SQLite in a new folder if left out"
    )
    parser.add_argument("--repeats", type=int, default=20, help="of each operation (default 20)")
    parser.add_argument("--jobs", type=int, help="measure the memory over so many jobs instead")
    chosen = parser.parse_args()
    if chosen.jobs:
        asyncio.run(measure_memory(chosen.jobs))
    else:
        asyncio.run(main(chosen))
