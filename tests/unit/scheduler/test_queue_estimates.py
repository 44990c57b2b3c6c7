"""Estimates of the time until a queued job is done."""

from __future__ import annotations

import pytest


async def test_estimates_include_the_time_in_the_queue(bench):
    bench.executor.script = bench.executor.wait_for_stop
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
async def test_a_job_claimed_while_the_queue_is_read_has_an_estimate(bench, monkeypatch, first):
    job = await bench.accept()
    really_read = getattr(bench.store, first)

    async def read():
        found = await really_read()
        await bench.store.claims.claim("process")
        return found

    monkeypatch.setattr(bench.store, first, read)
    assert await bench.scheduler.estimate(job) > 0
