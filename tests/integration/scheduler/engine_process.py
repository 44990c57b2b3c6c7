"""A bot without Discord, to be killed: store, scheduler and executor, one job if asked.

Usage: python engine_process.py DATA_DIR [PASSES]. Prints what happens, one JSON per line.
"""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
from pathlib import Path

from PIL import Image

from bot.artefacts import open_artefacts
from bot.artefacts.keys import content_key, style_key
from bot.executors.process import create_executor
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import JobLimits, NewJob, Origin, new_job_id
from bot.jobs.store import JobStore
from bot.scheduler.scheduler import Scheduler
from bot.settings import Settings
from stylenet.recipe import Recipe


def picture(angle: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).rotate(angle).convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def report(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


async def main(data_dir: Path, passes: int | None) -> None:
    settings = Settings(
        _env_file=None, data_dir=data_dir, checkpoint_seconds=0, shutdown_seconds=40
    )
    store = JobStore(settings.resolved_database_url, feed=JobFeed())
    await store.open()
    artefacts = open_artefacts(settings.resolved_artefacts_url)
    executor = create_executor(settings)
    await executor.start()
    scheduler = Scheduler(store=store, artefacts=artefacts, executor=executor, settings=settings)
    closing = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, closing.set)

    with store.feed.subscribe() as changes:
        if passes is not None:
            job_id = new_job_id()
            await artefacts.put(content_key(job_id), picture(0))
            await artefacts.put(style_key(job_id, 0), picture(90))
            await store.enqueue(
                NewJob(
                    job_id=job_id,
                    origin=Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4),
                    content_key=content_key(job_id),
                    style_keys=(style_key(job_id, 0),),
                    recipe=Recipe(size=64, passes=passes),
                    content_size=(64, 48),
                ),
                limits=JobLimits.of(settings),
            )
        await scheduler.start()
        while not closing.is_set():
            job_id = await changes.next(0.1)
            if job_id is None:
                continue
            job = await store.get(job_id)
            report(
                job_id=job_id,
                state=job.state,
                step=job.step,
                checkpoint=job.checkpoint_step,
                attempts=job.attempts,
                claims=job.claims,
                worker=list(executor.workers),
            )
            if job.state.is_final:
                closing.set()
    await scheduler.stop()
    await executor.close()
    await store.close()
    report(torch="torch" in sys.modules)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
