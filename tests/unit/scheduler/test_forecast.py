"""Forecasts of the queue: right for every job, and shared by all who ask."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace

import pytest

from bot.jobs.models import JobState
from bot.jobs.turns import Turn
from bot.scheduler import cost_fit, estimates, forecast
from bot.scheduler.forecast import Capacity, JobEstimate, finish_times


@pytest.fixture
def _always_new(monkeypatch):
    """Make a forecast for each question, so that each sees the latest change."""
    monkeypatch.setattr(forecast, "REUSE_FACTOR", 0)


async def _seconds(bench, job):
    return (await bench.scheduler.estimate(job)).seconds_left


@pytest.mark.usefixtures("_always_new")
async def test_estimates_include_the_time_in_the_queue(bench):
    bench.executor.script = bench.executor.wait_for_stop
    first, second, third = [await bench.accept() for _ in range(3)]
    for _ in range(9):  # a measured painting of the same kind took 50 s
        await bench.scheduler._estimator.learn(first, device="cpu", seconds=50)

    estimates = [await bench.scheduler.estimate(job) for job in (first, second, third)]
    assert [each.place for each in estimates] == [1, 2, 3]
    assert [each.seconds_left for each in estimates] == pytest.approx([50, 100, 150], rel=0.06)

    claimed = await bench.store.claims.claim("process")
    await bench.store.claims.record_progress(claimed, step=5, total=20, losses={}, paint_seconds=10)
    running = await bench.store.get(first.job_id)
    left = await _seconds(bench, running)
    assert 25 < left < 35
    assert (await bench.scheduler.estimate(running)).place is None
    each = await _seconds(bench, second) - left  # at the pace of the one that is painted
    assert 40 < each < 60
    assert await _seconds(bench, third) == pytest.approx(left + 2 * each)
    bench.executor.slots = 2
    assert await _seconds(bench, second) == pytest.approx(each)
    assert await _seconds(bench, third) == pytest.approx(left + each)
    assert await _seconds(bench, await bench.store.cancel(third.job_id)) is None


@pytest.mark.usefixtures("_always_new")
@pytest.mark.parametrize("first", ["entries", "running"])
async def test_a_job_claimed_while_the_queue_is_read_has_an_estimate(bench, monkeypatch, first):
    job = await bench.accept()
    where, name = {
        "entries": (bench.store.queue, "list_entries"),
        "running": (bench.store, "list_running"),
    }[first]
    really_read = getattr(where, name)

    async def read():
        found = await really_read()
        await bench.store.claims.claim("process")
        return found

    monkeypatch.setattr(where, name, read)
    assert await _seconds(bench, job) > 0
    is_queued = job.job_id in bench.scheduler._forecaster._newest.places
    assert is_queued == (first == "running")  # read before the claim, and not found twice


@pytest.fixture
def readings(bench, monkeypatch):
    """Count how often the queue is read."""
    count = []
    really_read = bench.store.queue.list_entries

    async def read():
        count.append(1)
        return await really_read()

    monkeypatch.setattr(bench.store.queue, "list_entries", read)
    monkeypatch.setattr(forecast, "REUSE_FACTOR", 10_000)
    return count


async def test_one_reading_of_the_queue_serves_all_cards_and_commands(bench, readings):
    jobs = [await bench.accept() for _ in range(20)]
    estimates = await asyncio.gather(*(bench.scheduler.estimate(job) for job in jobs))
    assert [each.place for each in estimates] == list(range(1, 21))
    for job in jobs:
        await bench.scheduler.estimate(job)
    await bench.scheduler.forecast()
    assert len(readings) == 1


async def test_a_job_enqueued_later_is_in_the_next_forecast(bench, readings, monkeypatch):
    await bench.scheduler.estimate(await bench.accept())
    monkeypatch.setattr(bench.scheduler._forecaster, "_reusable_until", time.monotonic() + 0.05)
    later = await bench.accept()
    assert (await bench.scheduler.estimate(later)).place == 2
    assert len(readings) == 2


async def test_a_job_that_left_the_queue_costs_one_reading(bench, readings):
    job = await bench.accept()
    await bench.store.cancel(job.job_id)
    assert (await bench.scheduler.estimate(job)).place is None
    assert len(readings) == 1


async def test_all_who_ask_for_jobs_that_left_the_queue_wait_for_one_reading(
    bench, readings, monkeypatch
):
    monkeypatch.setattr(forecast, "REUSE_FACTOR", 0)
    jobs = [await bench.accept() for _ in range(5)]
    for job in jobs:
        await bench.store.cancel(job.job_id)
    get = bench.scheduler._forecaster.get
    await asyncio.gather(*(get(including=job.job_id) for job in jobs))
    assert len(readings) == 1


def test_each_job_waits_for_those_whose_turn_comes_first():
    def entry(number, guild, seconds):
        turn = Turn(
            job_id=f"job-{number}",
            number=number,
            guild_key=guild,
            requester_id=guild,
            guild_ticket=guild,
        )
        return SimpleNamespace(turn=turn, seconds=seconds)

    def all_left(running, queued, *, device):
        return [], [each.seconds for each in queued]

    made = forecast._forecast(
        [entry(3, guild=2, seconds=1), entry(2, guild=1, seconds=10), entry(1, guild=1, seconds=5)],
        [],
        estimator=SimpleNamespace(all_left=all_left),
        capacity=Capacity(device="cpu", slots=1),
    )
    assert made.places == {"job-1": 1, "job-3": 2, "job-2": 3}
    assert made.seconds_left == {"job-1": 5, "job-3": 6, "job-2": 16}


async def test_costs_are_fitted_once_per_measurement(bench, monkeypatch):
    fits = []
    monkeypatch.setattr(
        estimates, "fit_costs", lambda *a, **k: fits.append(1) or cost_fit.fit_costs(*a, **k)
    )
    jobs = [await bench.accept() for _ in range(30)]
    await bench.scheduler._estimator.learn(jobs[0], device="cpu", seconds=50)
    for job in jobs:
        await bench.scheduler.estimate(job)
    assert len(fits) <= 4  # for all recipes and for this one, before and after the measurement


@pytest.mark.parametrize(
    ("running", "queued", "slots", "warmup", "finished"),
    [
        ([], [5, 5], 1, 0, [5, 10]),
        ([3], [5, 5], 1, 0, [8, 13]),
        ([3], [5, 5, 1], 2, 2, [7, 8, 8]),
        ([9, 3, 4], [5], 2, 0, [9]),  # slots that are gone free nothing
        ([], [], 1, 0, []),
    ],
)
def test_each_job_takes_the_slot_that_is_free_first(running, queued, slots, warmup, finished):
    assert finish_times(running, queued, slots=slots, warmup=warmup) == finished


async def test_counts_by_guild_and_running_jobs(bench):
    job, _ = await bench.accept(), await bench.accept()
    await bench.store.claims.claim("process")
    made = await bench.scheduler.forecast()
    assert made.queued_by_guild == {1: 1}
    assert [each.job_id for each in made.running] == [job.job_id]
    assert made.running[0].state is JobState.RUNNING


def test_an_estimate_moves_on_until_the_step_should_have_ended():
    estimate = JobEstimate(seconds_left=60.0, done=0.4, done_next=0.5)
    assert estimate.after(0) == estimate
    assert estimate.after(5) == JobEstimate(seconds_left=55.0, done=0.45, done_next=0.5)
    late = estimate.after(500)
    assert (late.seconds_left, late.done) == pytest.approx((50, 0.5))
    unknown = JobEstimate(done=0.4, done_next=0.5)
    assert unknown.after(5) == unknown
