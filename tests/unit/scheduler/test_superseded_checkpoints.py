"""A job keeps its newest checkpoint only, and none once it has ended."""

from __future__ import annotations

import asyncio

from bot.executors.protocol import Checkpoint, Failed, Finished
from bot.jobs.models import JobState


async def checkpoints(bench) -> set[bytes]:
    keys = [info.key async for info in bench.artefacts.list() if "checkpoint" in info.key]
    return {await bench.artefacts.get(key) for key in keys}


async def test_a_newer_checkpoint_replaces_the_older_one(bench):
    stored = []

    async def script(work, stop):
        for step in (2, 4, 6):
            yield Checkpoint(step=step, state=f"state {step}".encode())
            stored.append(await checkpoints(bench))
        yield Finished(image=b"picture", report={})

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, JobState.SUCCEEDED)

    assert stored == [{b"state 2"}, {b"state 4"}, {b"state 6"}]
    async with asyncio.timeout(60):  # deleted after the end was recorded
        while await checkpoints(bench):
            await asyncio.sleep(0.01)


async def test_the_next_attempt_replaces_the_checkpoint_it_resumed_from(bench):
    stored = []

    async def script(work, stop):
        if work.checkpoint is None:
            yield Checkpoint(step=2, state=b"first attempt")
            yield Failed(code="worker_died", message="", retryable=True)
            return
        stored.append(await checkpoints(bench))
        yield Checkpoint(step=2, state=b"second attempt")  # the same step, another claim
        stored.append(await checkpoints(bench))
        yield Finished(image=work.checkpoint, report={})

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, JobState.SUCCEEDED)

    assert stored == [{b"first attempt"}, {b"second attempt"}]
