"""A job whose pictures are swapped while it runs: its runner stops and it starts over."""

from __future__ import annotations

import asyncio

import pytest

from bot.artefacts.keys import content_key, style_key
from bot.executors.protocol import Finished
from bot.jobs.job_inputs import InputImage, InputSource, Interpretation, RoleAssignment
from bot.jobs.models import JobState, NewJob, Origin, new_job_id
from stylenet.recipe import Recipe

from .conftest import LIMITS, progress


async def _accept(bench):
    job_id = new_job_id()
    await bench.artefacts.put(content_key(job_id), b"harbour")
    await bench.artefacts.put(style_key(job_id, 0), b"brushes")
    understood = Interpretation(
        content=InputImage(name="harbour.png", place=InputSource.REPLIED_TO),
        styles=(InputImage(name="brushes.png", place=InputSource.ATTACHED),),
        order=RoleAssignment.GUESSED,
    )
    new = NewJob(
        job_id=job_id,
        origin=Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4),
        content_key=content_key(job_id),
        style_keys=(style_key(job_id, 0),),
        recipe=Recipe(size=100, passes=10),
        interpretation=understood,
    )
    return await bench.store.enqueue(new, limits=LIMITS)


@pytest.mark.parametrize("slots", [1, 2])
async def test_a_swapped_job_is_painted_once_with_the_swapped_pictures(bench, slots):
    executor = bench.executor
    executor.slots = slots

    async def wait_then_paint(work, stop):
        if len(executor.works) > 1:
            yield progress(3)
            yield Finished(image=work.content, report={})
            return
        async for event in executor.wait_for_stop(work, stop):
            yield event

    executor.script = wait_then_paint
    job = await _accept(bench)
    await bench.scheduler.start()
    await bench.until(job.job_id, lambda each: each.step == 1)
    await bench.store.swap_inputs(job.job_id)

    done = await bench.until(job.job_id, JobState.SUCCEEDED)
    assert [(work.content, work.styles) for work in executor.works] == [
        (b"harbour", (b"brushes",)),
        (b"brushes", (b"harbour",)),
    ]
    assert executor.works[1].checkpoint is None
    assert await bench.artefacts.get(done.result_key) == b"brushes"
    assert executor.closed == 2
    async with asyncio.timeout(60):
        while bench.scheduler.running:
            await asyncio.sleep(0.02)
