"""What the scheduler makes of what the executor says, with a real store and real files."""

from __future__ import annotations

import asyncio
import os

import pytest
from sqlalchemy import text

from bot.artefacts import open_artefacts
from bot.artefacts.folder import FolderArtefacts
from bot.errors import RequestRefused, StoreUnavailableError
from bot.executors.protocol import EncodedSnapshot, Failed, Finished
from bot.jobs.models import JobState, QueueMode
from bot.ops import retry
from bot.scheduler import job_runner, scheduler
from stylenet.events import Checkpoint


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(retry, "STORAGE_BACKOFF", retry.Backoff(first=0.02))
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(scheduler, "LOOP_BACKOFF", retry.Backoff(first=0.1, longest=0.2))


async def test_a_job_from_the_queue_to_its_picture(bench):
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


async def test_every_attempt_has_the_picture_it_begins_from_and_the_masks(bench):
    async def script(work, stop):
        if len(bench.executor.works) == 1:
            yield Failed(code="worker_died", message="killed", retryable=True)
        else:
            yield Finished(image=b"picture")

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept(aided=True)

    await bench.until(job.job_id, JobState.SUCCEEDED)
    assert [work.start for work in bench.executor.works] == [b"start", b"start"]
    assert [work.masks for work in bench.executor.works] == [(b"mask", None)] * 2


async def test_jobs_wait_for_a_slot(bench):
    bench.executor.script = bench.executor.linger
    await bench.scheduler.start()
    first, second = await bench.accept(), await bench.accept()
    await bench.until(first.job_id, JobState.RUNNING)
    await asyncio.sleep(0.2)
    assert (await bench.store.get(second.job_id)).state is JobState.QUEUED
    assert bench.scheduler.running == (first.job_id,)

    await bench.store.cancel(first.job_id)

    await bench.until(second.job_id, JobState.RUNNING)


async def test_a_failure_that_may_pass_is_tried_again_from_the_checkpoint(bench):
    async def script(work, stop):
        if work.checkpoint is None:
            yield Checkpoint(step=2, state=b"state")
            yield Failed(code="worker_died", message="", retryable=True)
        else:
            yield Finished(image=work.checkpoint, report={})

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    done = await bench.until(job.job_id, JobState.SUCCEEDED)

    assert done.attempts == 2
    assert await bench.artefacts.get(done.result_key) == b"state"
    async with asyncio.timeout(60):
        while any("checkpoint" in info.key for info in [i async for i in bench.artefacts.list()]):
            await asyncio.sleep(0.01)


async def test_a_job_that_kills_its_worker_every_time_fails(bench):
    async def script(work, stop):
        yield Failed(code="worker_died", message="again", retryable=True)

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    failed = await bench.until(job.job_id, JobState.FAILED)

    assert failed.attempts == bench.settings.max_attempts
    assert (failed.error_code, failed.error_message) == ("worker_died", "again")


async def test_a_job_that_gets_further_each_time_does_not(bench):
    async def script(work, stop):
        step = 1 + int(work.checkpoint or b"0")
        yield Checkpoint(step=step, state=str(step).encode())
        if step < 6:
            yield Failed(code="worker_died", message="", retryable=True)
        else:
            yield Finished(image=b"picture", report={})

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    assert (await bench.until(job.job_id, JobState.SUCCEEDED)).attempts == 6


async def test_a_failure_for_good_is_not_tried_again(bench):
    async def script(work, stop):
        yield Failed(code="unreadable_picture", message="", retryable=False)

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    failed = await bench.until(job.job_id, JobState.FAILED)
    assert (failed.attempts, failed.error_code) == (1, "unreadable_picture")


async def test_an_executor_that_breaks_its_promises(bench):
    async def script(work, stop):
        if len(bench.executor.works) == 1:
            raise RuntimeError("a bug")
        if len(bench.executor.works) == 2:
            return  # no outcome at all
        yield Finished(image=b"picture", report={})

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    assert (await bench.until(job.job_id, JobState.SUCCEEDED)).attempts == 3


async def test_inputs_that_are_gone(bench):
    await bench.scheduler.start()
    job = await bench.accept(inputs=False)

    failed = await bench.until(job.job_id, JobState.FAILED)
    assert failed.job_id in failed.error_message


async def test_a_checkpoint_that_is_gone_costs_only_time(bench):
    job = await bench.accept()
    claimed = await bench.store.claims.claim("another process")
    await bench.store.claims.record_checkpoint(claimed, key="jobs/x/checkpoint-1-2", step=2)
    await bench.scheduler.start()

    await bench.until(job.job_id, JobState.SUCCEEDED)
    assert bench.executor.works[0].checkpoint is None


async def test_a_cancelled_job_stops(bench):
    bench.executor.script = bench.executor.linger
    await bench.scheduler.start()
    job = await bench.accept()
    await bench.until(job.job_id, JobState.RUNNING)

    await bench.store.cancel(job.job_id)

    cancelled = await bench.until(job.job_id, JobState.CANCELLED)
    assert cancelled.finished_at is not None
    assert bench.executor.closed == 1


async def test_a_job_that_takes_too_long_fails(bench):
    bench.settings = bench.settings.model_copy(update={"job_timeout_seconds": 0.2})
    bench.scheduler = bench.new_scheduler()
    bench.executor.script = bench.executor.linger
    await bench.scheduler.start()
    job = await bench.accept()

    failed = await bench.until(job.job_id, JobState.FAILED)
    assert failed.error_code == "timed_out"
    assert bench.executor.closed == 1


async def test_stopping_hands_jobs_back_with_a_last_checkpoint(bench):
    bench.executor.script = bench.executor.linger
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


async def test_stopping_does_not_wait_for_ever(bench):
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


async def test_a_paused_queue_waits_over_a_restart(bench):
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
    assert await bench.scheduler.estimate(job) is None  # nobody knows until when

    await bench.scheduler.set_mode(QueueMode.OPEN)
    assert await bench.scheduler.estimate(job) > 0

    await bench.until(job.job_id, JobState.SUCCEEDED)


async def test_a_draining_queue_finishes_what_it_has_and_takes_nothing_new(bench):
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


async def test_a_database_that_is_away_for_a_while_loses_nothing(bench, monkeypatch):
    away = asyncio.Event()

    async def script(work, stop):
        yield EncodedSnapshot(step=1, image=b"snapshot")
        if len(bench.executor.works) == 1:
            away.set()
        yield Checkpoint(step=1, state=b"state")  # not recorded
        yield Finished(image=b"picture", report={})

    database = bench.store._database
    really_write = database.write

    def write():
        if away.is_set():
            raise StoreUnavailableError("locked")
        return really_write()

    monkeypatch.setattr(database, "write", write)
    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()
    await away.wait()
    await asyncio.sleep(0.5)
    assert (await bench.store.get(job.job_id)).state is JobState.RUNNING

    away.clear()

    done = await bench.until(job.job_id, JobState.SUCCEEDED)
    assert done.attempts == 1
    assert await bench.artefacts.get(done.snapshot_key) == b"snapshot"
    await bench.until((await bench.accept()).job_id, JobState.SUCCEEDED)  # and it goes on


async def test_a_disk_that_fills_up_keeps_the_picture_until_there_is_room(bench, monkeypatch):
    room = asyncio.Event()
    really_put = FolderArtefacts.put

    async def put(self, key, data):
        if not room.is_set() and "result" in key:
            raise OSError(28, "No space left on device")
        await really_put(self, key, data)

    monkeypatch.setattr(FolderArtefacts, "put", put)
    await bench.scheduler.start()
    job = await bench.accept()
    await asyncio.sleep(0.3)
    assert (await bench.store.get(job.job_id)).state is JobState.RUNNING

    room.set()

    await bench.until(job.job_id, JobState.SUCCEEDED)


async def test_a_claim_that_was_lost_is_let_go(bench):
    bench.executor.script = bench.executor.linger
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


async def test_estimates_add_up(bench):
    bench.executor.script = bench.executor.linger
    first, second, third = [await bench.accept() for _ in range(3)]
    for _ in range(9):  # a measured painting of the same kind took 50 s
        await bench.scheduler._estimator.learn(first, device="cpu", seconds=50)

    estimates = [await bench.scheduler.estimate(job) for job in (first, second, third)]
    assert estimates == pytest.approx([50, 100, 150], rel=0.06)

    claimed = await bench.store.claims.claim("process")
    await bench.store.claims.record_progress(claimed, step=5, total=20, losses={}, paint_seconds=10)
    running = await bench.store.get(first.job_id)
    left = await bench.scheduler.estimate(running)
    assert 25 < left < 35
    each = await bench.scheduler.estimate(second) - left  # at the pace of the one that is painted
    assert 40 < each < 60
    assert await bench.scheduler.estimate(third) == pytest.approx(left + 2 * each)
    bench.executor.slots = 2
    assert await bench.scheduler.estimate(second) == pytest.approx(each)
    assert await bench.scheduler.estimate(third) == pytest.approx(left + each)
    assert await bench.scheduler.estimate(await bench.store.cancel(third.job_id)) is None


@pytest.mark.parametrize("first", ["list_queued", "list_running"])
async def test_a_job_that_is_claimed_while_the_queue_is_read_is_still_foretold(
    bench, monkeypatch, first
):
    job = await bench.accept()
    really_read = getattr(bench.store, first)

    async def read():
        found = await really_read()
        await bench.store.claims.claim("process")
        return found

    monkeypatch.setattr(bench.store, first, read)
    assert await bench.scheduler.estimate(job) > 0


async def test_sweeping(bench):
    old, young, pending = [await bench.accept() for _ in range(3)]
    for job in (old, young, pending):
        await bench.store.cancel(job.job_id)
        if job is not pending:
            for _ in range(2):
                row = next(r for r in await bench.store.outbox.list_due() if r.job_id == job.job_id)
                await bench.store.outbox.mark_sent(row, channel_id=5, message_id=1)
    async with bench.store._database.write() as change:
        await change.connection.execute(
            text(
                "UPDATE jobs SET finished_at = '2020-01-01 00:00:00.000000' WHERE job_id <> :young"
            ),
            {"young": young.job_id},
        )
    await bench.artefacts.put("jobs/orphan/content", b"")
    await bench.artefacts.put("pickers/orphan/content", b"")
    await bench.artefacts.put("jobs/fresh/content", b"")

    for key in ("jobs/orphan/content", "pickers/orphan/content"):
        os.utime(bench.artefacts._path(key), (0, 0))

    assert await bench.scheduler._sweeper.sweep() == 3

    kept = {info.key.split("/")[1] async for info in bench.artefacts.list()}
    assert kept == {young.job_id, pending.job_id, "fresh"}
    jobs = {old.job_id, young.job_id, pending.job_id}
    assert await bench.store.retention.find_unknown_jobs(jobs) == {old.job_id}
    assert await bench.scheduler._sweeper.sweep() == 0


async def test_what_is_old_is_swept_by_itself(bench, monkeypatch):
    monkeypatch.setattr("bot.scheduler.scheduler.SWEEP_SECONDS", 0.05)
    await bench.artefacts.put("jobs/early/content", b"")
    os.utime(bench.artefacts._path("jobs/early/content"), (0, 0))
    await bench.scheduler.start()

    async def is_empty() -> bool:
        return not [info async for info in bench.artefacts.list()]

    async with asyncio.timeout(60):
        while not await is_empty():
            await asyncio.sleep(0.02)
        await bench.artefacts.put("jobs/late/content", b"")  # and again, by schedule
        os.utime(bench.artefacts._path("jobs/late/content"), (0, 0))
        while not await is_empty():
            await asyncio.sleep(0.02)


async def test_a_forgotten_job_stops_and_leaves_no_picture(bench):
    bench.executor.script = bench.executor.linger  # puts a last checkpoint when told to stop
    await bench.scheduler.start()
    running, queued = await bench.accept(), await bench.accept()
    await bench.until(running.job_id, lambda job: job.step == 1)

    await bench.store.retention.delete_member_data(10, delete_messages=False)

    async with asyncio.timeout(60):
        while bench.scheduler.running or [info async for info in bench.artefacts.list()]:
            await asyncio.sleep(0.02)
    assert await bench.store.list_for_member(10) == []
    assert bench.executor.closed == 1
    assert len(bench.executor.works) == 1, queued.job_id


async def test_what_was_forgotten_is_deleted_once_the_storage_is_back(bench, monkeypatch):
    away = True
    really_delete = FolderArtefacts.delete_prefix

    async def delete_prefix(self, prefix):
        if away:
            raise OSError(5, "away")
        return await really_delete(self, prefix)

    monkeypatch.setattr(FolderArtefacts, "delete_prefix", delete_prefix)
    job = await bench.accept()
    await bench.store.retention.delete_job(job.job_id, delete_messages=False)
    await bench.scheduler.start()
    await asyncio.sleep(0.1)
    assert await bench.store.retention.list_discarded() == [f"jobs/{job.job_id}/"]

    away = False

    async with asyncio.timeout(60):
        while await bench.store.retention.list_discarded():
            await asyncio.sleep(0.02)
    assert [info async for info in bench.artefacts.list()] == []


async def test_object_storage_that_is_away_for_a_while_loses_nothing(
    bench, objects_url, object_door
):
    """Away when the job begins, and again when its picture is done."""
    painted = asyncio.Event()

    async def script(work, stop):
        await object_door.shut()
        painted.set()
        yield EncodedSnapshot(step=1, image=b"snapshot")  # not kept
        yield Finished(image=b"picture", report={})

    bench.artefacts = open_artefacts(objects_url)
    bench.scheduler = bench.new_scheduler()
    bench.executor.script = script
    job = await bench.accept()
    await object_door.shut()
    await bench.scheduler.start()
    await bench.until(job.job_id, JobState.RUNNING)
    assert not painted.is_set()

    await object_door.open()
    async with asyncio.timeout(60):
        await painted.wait()
    await asyncio.sleep(0.1)
    await object_door.open()

    done = await bench.until(job.job_id, JobState.SUCCEEDED)
    assert done.attempts == 1
    assert await bench.artefacts.get(done.result_key) == b"picture"
