"""Costs that are fitted to what was measured."""

from __future__ import annotations

import random

import pytest

from bot.jobs.feed import JobFeed
from bot.jobs.store import JobStore
from bot.scheduler.estimates import CPU_COSTS, Estimator, effort
from stylenet.recipe import Recipe

TRUE_COSTS = (3.0, 0.2, 40.0)


@pytest.fixture
async def store(tmp_path):
    async with JobStore(f"sqlite:///{tmp_path}/x.sqlite3", feed=JobFeed()) as opened:
        yield opened


@pytest.fixture
def job(make_job):
    def make(size, passes, name="default"):
        recipe = Recipe(name=name, size=size, passes=passes)
        return make_job(recipe=recipe, content_size=(4 * size, 3 * size))

    return make


def truth(job, costs=TRUE_COSTS):
    return float(effort(job) @ costs)


def test_efforts_follow_the_painted_size(job):
    assert effort(job(200, 10)).tolist() == [1, 10, pytest.approx(10 * 200 * 150 / 1e6)]


async def test_before_anything_was_measured(store, job):
    estimator = Estimator(store.rates)
    await estimator.load()
    assert estimator.paint_seconds(job(256, 20), device="cpu") == pytest.approx(
        truth(job(256, 20), CPU_COSTS)
    )
    fast = estimator.paint_seconds(job(256, 20), device="cuda")
    assert fast < truth(job(256, 20), CPU_COSTS) / 5


async def test_a_few_paintings_tell_of_others(store, job):
    dice = random.Random(5)
    estimator = Estimator(store.rates)
    for size, passes in [(64, 8), (128, 30), (256, 12), (384, 20), (96, 60), (320, 8)]:
        one = job(size, passes)
        noise = dice.uniform(0.95, 1.05)
        await estimator.learn(one, device="cpu", seconds=truth(one) * noise)

    again = Estimator(store.rates)  # after a restart
    await again.load()
    for size, passes in [(80, 40), (200, 15), (512, 20), (64, 100)]:
        one = job(size, passes)
        assert again.paint_seconds(one, device="cpu") == pytest.approx(truth(one), rel=0.3)
        other = job(size, passes, "fine")  # nothing else is known of it
        assert again.paint_seconds(other, device="cpu") == pytest.approx(truth(other), rel=0.3)
    assert again.paint_seconds(job(200, 15), device="cuda") < truth(job(200, 15)) / 5


async def test_recipes_have_costs_of_their_own(store, job):
    estimator = Estimator(store.rates)
    for size in (100, 200, 300, 400):
        for name, factor in (("default", 1), ("fine", 4)):
            one = job(size, 10, name)
            await estimator.learn(one, device="cpu", seconds=factor * truth(one))
    for name, factor in (("default", 1), ("fine", 4)):
        one = job(250, 12, name)
        expected = factor * truth(one)
        assert estimator.paint_seconds(one, device="cpu") == pytest.approx(expected, rel=0.1)


async def test_a_machine_that_became_slower_is_believed(store, job):
    estimator = Estimator(store.rates)
    for factor in (1, 3):
        for round_ in range(25):
            one = job((100, 200, 300)[round_ % 3], 10 + round_)
            await estimator.learn(one, device="cpu", seconds=factor * truth(one))
    one = job(256, 15)
    assert estimator.paint_seconds(one, device="cpu") == pytest.approx(3 * truth(one), rel=0.3)


async def test_nothing_is_foretold_to_take_less_than_nothing(store, job):
    estimator = Estimator(store.rates)
    for size, seconds in ((64, 50.0), (400, 1.0), (300, 2.0), (80, 40.0)):  # makes no sense
        await estimator.learn(job(size, 20), device="cpu", seconds=seconds)
    assert all(estimator.paint_seconds(job(size, 1), device="cpu") >= 0 for size in (64, 512, 4096))
