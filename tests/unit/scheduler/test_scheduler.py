"""The scheduler with a real store and real files: slots, stopping, queue modes, lost claims."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import RequestRefused
from bot.executors.protocol import Finished
from bot.jobs.models import JobState, QueueMode


async def test_a_queued_job_is_painted_and_timed(bench):
    await bench.scheduler.start()
    job = await bench.accept()

    done = await bench.until(job.job_id, JobState.SUCCEEDED)

    assert await bench.artefacts.get(done.result_key) == b"picture"
    assert (done.step, done.total, done.paint_seconds) == (3, 3, 3.0)
    assert done.report == {"seconds": 3.0}
    (work,) = bench.executor.works
    assert (work.content, work.styles) == (b"content", (b"style",))
    assert (work.masks, work.start, work.checkpoint) == ((), None, None)
    async with asyncio.timeout(60):
        while set(await bench.store.timings.get_all()) != {("cpu", "default"), ("cpu", "*")}:
            await asyncio.sleep(0.01)


async def test_jobs_wait_for_a_slot(bench):
    bench.executor.script = bench.executor.wait_for_stop
    await bench.scheduler.start()
    first, second = await bench.accept(), await bench.accept()
    await bench.until(first.job_id, JobState.RUNNING)
    await asyncio.sleep(0.2)
    assert (await bench.store.get(second.job_id)).state is JobState.QUEUED
    assert bench.scheduler.running == (first.job_id,)

    await bench.store.cancel(first.job_id)

    await bench.until(second.job_id, JobState.RUNNING)


async def test_a_cancelled_job_stops(bench):
    bench.executor.script = bench.executor.wait_for_stop
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, JobState.RUNNING)

    await bench.store.cancel(job.job_id)

    cancelled = await bench.until(job.job_id, JobState.CANCELLED)
    assert cancelled.finished_at is not None
    assert bench.executor.closed == 1


async def test_stop_requeues_running_jobs_with_a_last_checkpoint(bench):
    bench.executor.script = bench.executor.wait_for_stop
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, lambda job: job.step == 1)
    assert bench.scheduler.accepting

    await bench.scheduler.stop()

    assert not bench.scheduler.accepting
    queued = await bench.store.get(job.job_id)
    assert (queued.state, queued.attempts, queued.checkpoint_step) == (JobState.QUEUED, 0, 2)
    assert await bench.artefacts.get(queued.checkpoint_key) == b"state"

    bench.executor.script = bench.executor.paint
    bench.scheduler = bench.new_scheduler()
    await bench.scheduler.start()
    await bench.until(job.job_id, JobState.SUCCEEDED)
    assert bench.executor.works[-1].checkpoint == b"state"


async def test_stop_gives_up_on_a_job_that_does_not_stop(bench):
    async def script(work, stop):
        await asyncio.sleep(60)
        yield Finished(image=b"", report={})

    bench.settings = bench.settings.model_copy(update={"shutdown_seconds": 0.3})
    bench.scheduler = bench.new_scheduler()
    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, JobState.RUNNING)

    async with asyncio.timeout(60):
        await bench.scheduler.stop()

    assert (await bench.store.get(job.job_id)).state is JobState.RUNNING  # recovered at the start
    bench.executor.script = bench.executor.paint
    bench.scheduler = bench.new_scheduler()
    await bench.scheduler.start()
    assert (await bench.until(job.job_id, JobState.SUCCEEDED)).attempts == 2


async def test_a_paused_queue_stays_paused_after_a_restart(bench):
    await bench.scheduler.start()
    await bench.scheduler.set_mode(QueueMode.PAUSED)
    job = await bench.accept()
    assert bench.scheduler.accepting
    await bench.scheduler.stop()
    bench.scheduler = bench.new_scheduler()
    await bench.scheduler.start()
    assert bench.scheduler.mode is QueueMode.PAUSED
    await asyncio.sleep(0.3)
    assert (await bench.store.get(job.job_id)).state is JobState.QUEUED
    estimate = await bench.scheduler.estimate(job)
    assert (estimate.place, estimate.seconds_left) == (1, None)  # nobody knows until when

    await bench.scheduler.set_mode(QueueMode.OPEN)
    assert (await bench.scheduler.estimate(job)).seconds_left > 0

    await bench.until(job.job_id, JobState.SUCCEEDED)


async def test_a_draining_queue_finishes_its_jobs_and_accepts_no_others(bench):
    first, second = await bench.accept(), await bench.accept()
    await bench.store.queue.set_mode(QueueMode.DRAINING)  # as another process does
    with pytest.raises(RequestRefused):
        await bench.accept()
    await bench.scheduler.start()
    assert not bench.scheduler.accepting
    for job in (first, second):
        await bench.until(job.job_id, JobState.SUCCEEDED)

    await bench.store.queue.set_mode(QueueMode.OPEN)

    async with asyncio.timeout(60):
        while not bench.scheduler.accepting:
            await asyncio.sleep(0.02)
    await bench.until((await bench.accept()).job_id, JobState.SUCCEEDED)


async def test_a_job_stops_when_its_claim_is_lost(bench):
    bench.executor.script = bench.executor.wait_for_stop
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, JobState.RUNNING)
    bench.executor.slots = 0  # it is not to claim the job again at once
    await bench.store.claims.requeue_stalled(older_than=None, max_attempts=9)
    taken = await bench.store.claims.claim("another process")

    async with asyncio.timeout(60):
        while bench.scheduler.running:
            await asyncio.sleep(0.02)

    now = await bench.store.get(job.job_id)
    assert (now.state, now.claimed_by, now.claims) == (
        JobState.RUNNING,
        "another process",
        taken.claims,
    )
