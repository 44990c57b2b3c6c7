"""The run of one job: retries, checkpoints, failures, and what is recorded."""

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock

import pytest

from bot.executors.protocol import Cancelled, EncodedSnapshot, Failed, Finished
from bot.jobs.models import JobState
from bot.scheduler import job_runner
from stylenet.events import Checkpoint


def _script(*events):
    """Return a script that yields these events."""

    async def script(work, stop):
        for event in events:
            yield event

    return script


async def test_every_attempt_gets_the_start_picture_and_the_masks(bench):
    async def script(work, stop):
        if len(bench.executor.works) == 1:
            yield Failed(code="worker_died", message="killed", retryable=True)
        else:
            yield Finished(image=b"picture")

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept(extras=True)

    await bench.until(job.job_id, JobState.SUCCEEDED)
    assert [work.start for work in bench.executor.works] == [b"start", b"start"]
    assert [work.masks for work in bench.executor.works] == [(b"mask", None)] * 2


async def test_a_retry_resumes_from_the_checkpoint_and_the_last_one_is_deleted(bench):
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


async def test_a_job_fails_after_max_attempts(bench):
    async def script(work, stop):
        yield Failed(code="worker_died", message="again", retryable=True)

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    failed = await bench.until(job.job_id, JobState.FAILED)

    assert failed.attempts == bench.settings.max_attempts
    assert (failed.error_code, failed.error_message) == ("worker_died", "again")


async def test_progress_resets_the_limit_on_attempts(bench):
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


async def test_a_permanent_failure_is_not_retried(bench):
    async def script(work, stop):
        yield Failed(code="unreadable_picture", message="", retryable=False)

    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()

    failed = await bench.until(job.job_id, JobState.FAILED)
    assert (failed.attempts, failed.error_code) == (1, "unreadable_picture")


async def test_an_executor_that_raises_or_yields_no_outcome_is_retried(bench):
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


async def test_a_missing_input_fails_the_job(bench):
    await bench.scheduler.start()
    job = await bench.accept(inputs=False)

    failed = await bench.until(job.job_id, JobState.FAILED)
    assert failed.job_id in failed.error_message


async def test_a_missing_checkpoint_starts_the_job_over(bench):
    job = await bench.accept()
    claimed = await bench.store.claims.claim("another process")
    await bench.store.claims.record_checkpoint(claimed, key="jobs/x/checkpoint-1-2", step=2)
    await bench.scheduler.start()

    await bench.until(job.job_id, JobState.SUCCEEDED)
    assert bench.executor.works[0].checkpoint is None


async def test_a_job_that_exceeds_the_time_limit_fails(bench):
    bench.settings = bench.settings.model_copy(update={"job_timeout_seconds": 0.2})
    bench.scheduler = bench.new_scheduler()
    bench.executor.script = bench.executor.wait_for_stop
    await bench.scheduler.start()
    job = await bench.accept()

    failed = await bench.until(job.job_id, JobState.FAILED)
    assert failed.error_code == "timed_out"
    assert bench.executor.closed == 1


@pytest.mark.parametrize(("setbacks", "delay"), [(0, 2), (1, 4), (3, 16), (7, 256), (8, 300)])
async def test_retries_are_delayed_exponentially_up_to_the_longest(
    bench, monkeypatch, setbacks, delay
):
    monkeypatch.setattr(job_runner, "RETRY_SECONDS", 2.0)
    bench.settings = bench.settings.model_copy(update={"max_attempts": 10})
    bench.executor.script = _script(Failed(code="worker_died", message="", retryable=True))
    runner = await bench.claim_runner(await bench.accept())
    requeue = AsyncMock()
    monkeypatch.setattr(bench.store.claims, "requeue", requeue)
    monkeypatch.setattr(bench.store.claims, "get_setbacks", AsyncMock(return_value=setbacks))

    await runner.run()

    requeue.assert_awaited_once_with(runner.job, counted=True, delay_seconds=delay)
    assert runner.ended_job is None


async def test_progress_is_recorded_once_per_interval_and_at_the_end(bench, monkeypatch):
    records = []
    monkeypatch.setattr(
        bench.store.claims,
        "record_progress",
        AsyncMock(side_effect=lambda _job, **fields: records.append(fields["step"])),
    )
    runner = await bench.claim_runner(await bench.accept())
    await runner.run()
    assert records == [1, 3]  # the first, and the last with the result

    records.clear()
    monkeypatch.setattr(job_runner, "PROGRESS_SECONDS", 0.0)
    runner = await bench.claim_runner(await bench.accept())
    await runner.run()
    assert records == [1, 2, 3, 3]


async def test_a_replaced_checkpoint_is_deleted(bench):
    keys = []

    async def script(work, stop):
        for step in (1, 2, 3):
            yield Checkpoint(step=step, state=b"state")
            keys.append([i.key async for i in bench.artefacts.list() if "checkpoint" in i.key])
        yield Failed(code="worker_died", message="", retryable=True)

    bench.executor.script = script
    job = await bench.accept()
    await (await bench.claim_runner(job)).run()
    (kept,) = keys[-1]
    assert [len(found) for found in keys] == [1, 1, 1]
    assert (await bench.store.get(job.job_id)).checkpoint_key == kept


async def test_a_checkpoint_that_cannot_be_deleted_does_not_keep_the_job_from_ending(
    bench, monkeypatch, caplog
):
    bench.executor.script = _script(Checkpoint(step=1, state=b"state"), Finished(image=b"picture"))
    runner = await bench.claim_runner(await bench.accept())
    monkeypatch.setattr(bench.artefacts, "delete", AsyncMock(side_effect=OSError(5, "away")))
    await runner.run()
    assert runner.ended_job.state is JobState.SUCCEEDED
    assert "was not deleted" in caplog.text


async def test_events_that_cannot_be_recorded_do_not_stop_the_painting(bench, monkeypatch, caplog):
    bench.executor.script = _script(
        EncodedSnapshot(step=1, image=b"snapshot"),
        Checkpoint(step=1, state=b"state"),
        Finished(image=b"picture"),
    )
    runner = await bench.claim_runner(await bench.accept())
    really_put = bench.artefacts.put

    async def put(key, data):
        if "result" not in key:
            raise OSError(28, "No space left on device")
        await really_put(key, data)

    monkeypatch.setattr(bench.artefacts, "put", put)
    await runner.run()
    ended = runner.ended_job
    assert ended.state is JobState.SUCCEEDED
    assert ended.snapshot_key is None
    assert "EncodedSnapshot was not recorded" in caplog.text
    assert "Checkpoint was not recorded" in caplog.text


async def test_the_result_of_a_lost_claim_is_not_recorded(bench):
    job = await bench.accept()
    runner = await bench.claim_runner(job)
    await bench.store.claims.requeue_stalled(older_than=None, max_attempts=9)
    await runner.run()
    assert runner.lost_claim
    assert runner.ended_job is None
    assert (await bench.store.get(job.job_id)).state is JobState.QUEUED


async def test_a_lost_claim_cannot_overwrite_the_result(bench):
    job = await bench.accept()
    stale = await bench.claim_runner(job)
    await bench.store.claims.requeue_stalled(older_than=None, max_attempts=9)
    current = await bench.claim_runner(job)
    for runner, image in ((current, b"right"), (stale, b"stale")):
        bench.executor.script = _script(Finished(image=image, report={}))
        await runner.run()
    ended = await bench.store.get(job.job_id)
    assert await bench.artefacts.get(ended.result_key) == b"right"

    await bench.scheduler._cleanup.delete_leftovers(stale.job)
    results = [info.key async for info in bench.artefacts.list() if "/result" in info.key]
    assert results == [ended.result_key]


@pytest.mark.parametrize("releases", [False, True])
async def test_a_cancelled_job_ends_and_a_released_one_is_requeued(bench, releases):
    bench.executor.script = _script(Cancelled())
    job = await bench.accept()
    runner = await bench.claim_runner(job)
    if releases:
        runner.release()
    else:
        runner.cancel()
    await runner.run()
    now = await bench.store.get(job.job_id)
    if releases:
        assert (now.state, now.attempts, runner.ended_job) == (JobState.QUEUED, 0, None)
    else:
        assert now.state is runner.ended_job.state is JobState.CANCELLED


@pytest.mark.parametrize(
    ("warmup", "attempt", "is_timed"), [(0.0, 1, True), (5.0, 1, False), (0.0, 2, False)]
)
async def test_only_whole_paintings_on_a_ready_worker_are_timed(bench, warmup, attempt, is_timed):
    bench.executor.warmup_seconds = warmup
    job = await bench.accept()
    for _ in range(attempt - 1):
        claimed = await bench.store.claims.claim("process")
        await bench.store.claims.requeue(claimed, counted=True)
    runner = await bench.claim_runner(job)
    assert runner.job.attempts == attempt
    await runner.run()
    assert (runner.seconds is not None) is is_timed
