"""Estimates that are fitted to measured paintings."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest
from PIL import Image

from bot.jobs.change_feed import JobFeed
from bot.jobs.models import JobState
from bot.jobs.queue import QueueEntry
from bot.jobs.store import JobStore
from bot.jobs.turns import Turn
from bot.scheduler.cost_fit import CPU_COSTS
from bot.scheduler.effort import Workload, total_effort
from bot.scheduler.estimates import Estimator
from stylenet import stylize
from stylenet.architecture import REDUCED_LAYERS, reduced_cost
from stylenet.engine.objective import Objective
from stylenet.recipe import Recipe

DRAFT_STEP = reduced_cost({REDUCED_LAYERS[-1]})
TRUE_COSTS = (1.5, 0.03, 60.0, 70.0, 50.0)


@pytest.fixture
async def store(tmp_path):
    async with JobStore(f"sqlite:///{tmp_path}/x.sqlite3", feed=JobFeed()) as opened:
        yield opened


@pytest.fixture
def job(make_job):
    def make(size, passes, name="default", **changes):
        recipe = Recipe(name=name, size=size, passes=passes, draft=min(4 / passes, 1))
        return make_job(recipe=recipe, content_size=(4 * size, 3 * size), **changes)

    return make


def actual(job, costs=TRUE_COSTS):
    return float(total_effort(Workload.of_job(job)) @ costs)


def test_effort_depends_on_the_painted_size_and_both_networks(job):
    area = 200 * 150 / 1e6
    costs = [1, 20 + 5, area, 20 * DRAFT_STEP * area, 5 * area]
    assert total_effort(Workload.of_job(job(200, 10))).tolist() == pytest.approx(costs)
    blend = job(200, 10, style_keys=("a", "b", "c"))
    assert total_effort(Workload.of_job(blend))[2] == pytest.approx(
        2 * area
    )  # of four pictures, not two


def test_a_multiscale_painting_takes_more_evaluations_and_as_many_passes(make_job):
    recipe = Recipe.named("default")
    at_once = recipe.evolve(coarsest=0)

    def of(recipe, **more):
        return total_effort(
            Workload.of_job(make_job(recipe=recipe, content_size=(1024, 768), **more))
        )

    assert of(recipe)[1] > 2 * of(at_once)[1]
    for kind in (3, 4):
        assert of(recipe)[kind] == pytest.approx(of(at_once)[kind], rel=0.15)
    pixels = 1 + 1 / 4 + 1 / 16 + 1 / 64
    assert of(recipe)[2] == pytest.approx(pixels * of(at_once)[2])
    assert (of(recipe, start_key="s") == of(at_once)).all()


@pytest.mark.parametrize("name", ["default", "fast"])
def test_evaluations_are_those_of_a_real_painting(make_job, monkeypatch, name):
    recipe = Recipe.named(name).evolve(passes=5, coarsest=32)
    job = make_job(recipe=recipe, content_size=(64, 48))
    evaluate, count = Objective.evaluate, 0

    def counting(self, picture):
        nonlocal count
        count += 1
        return evaluate(self, picture)

    monkeypatch.setattr(Objective, "evaluate", counting)
    content, style = (Image.effect_noise((64, 48), sigma).convert("RGB") for sigma in (90, 40))
    stylize(content, style, recipe, device="cpu")
    assert total_effort(Workload.of_job(job))[1] == count


async def test_default_costs_before_any_measurement(store, job):
    estimator = Estimator(store.timings)
    await estimator.load()
    assert estimator.paint_seconds(job(256, 20), device="cpu") == pytest.approx(
        actual(job(256, 20), CPU_COSTS)
    )
    fast = estimator.paint_seconds(job(256, 20), device="cuda")
    assert fast < actual(job(256, 20), CPU_COSTS) / 5


async def test_a_few_measurements_predict_other_sizes_and_recipes(store, job):
    rng = random.Random(5)
    estimator = Estimator(store.timings)
    for size, passes in [(64, 8), (128, 30), (256, 12), (384, 20), (96, 60), (320, 8)]:
        one = job(size, passes)
        noise = rng.uniform(0.95, 1.05)
        await estimator.learn(one, device="cpu", seconds=actual(one) * noise)

    again = Estimator(store.timings)  # after a restart
    await again.load()
    for size, passes in [(80, 40), (200, 15), (512, 20), (64, 100)]:
        one = job(size, passes)
        assert again.paint_seconds(one, device="cpu") == pytest.approx(actual(one), rel=0.3)
        other = job(size, passes, "fine")  # not measured
        assert again.paint_seconds(other, device="cpu") == pytest.approx(actual(other), rel=0.3)
    assert again.paint_seconds(job(200, 15), device="cuda") < actual(job(200, 15)) / 5


async def test_one_measurement_scales_every_cost(store, job):
    estimator = Estimator(store.timings)
    slow = [5 * cost for cost in CPU_COSTS]
    await estimator.learn(job(64, 5), device="cpu", seconds=actual(job(64, 5), slow))
    for size, passes in [(64, 20), (384, 14)]:
        one = job(size, passes)
        assert estimator.paint_seconds(one, device="cpu") == pytest.approx(actual(one, slow))


async def test_a_running_job_continues_at_its_own_speed_and_slows_the_queue(store, job):
    estimator = Estimator(store.timings)
    for size, passes in [(64, 8), (128, 30), (256, 12), (384, 20), (96, 60), (320, 8)]:
        one = job(size, passes)
        await estimator.learn(one, device="cpu", seconds=actual(one, CPU_COSTS))
    waiting = job(200, 10, job_id="another")
    entry = QueueEntry(
        turn=Turn(job_id="another", number=1, guild_key=1, requester_id=1),
        recipe=waiting.recipe.to_json(),
        content_size=waiting.content_size,
        styles=1,
        has_start=False,
        step=0,
        total=0,
    )
    undisturbed = estimator.seconds_left(waiting, device="cpu")
    assert undisturbed == pytest.approx(actual(waiting, CPU_COSTS), rel=0.1)

    whole = job(256, 24, total=40)
    begun = job(256, 24, total=40, step=30, state=JobState.RUNNING)
    area = total_effort(Workload.of_job(begun))[2]
    half = total_effort(Workload.of_job(begun))[1] * 3 / 4 - 20  # of three quarters of the steps
    spent = np.array([0, 20 + half, area / 2, area * 20 * DRAFT_STEP, area * half]) @ CPU_COSTS
    for factor in (1, 3):
        slow = dataclasses.replace(begun, paint_seconds=factor * spent)
        left = estimator.seconds_left(slow, device="cpu")
        rest = actual(whole, CPU_COSTS) - spent - CPU_COSTS[0] / 2
        assert left == pytest.approx(factor * rest, rel=0.15)
        running_left, queued_left = estimator.all_left([slow], [entry], device="cpu")
        assert running_left == [left]
        assert queued_left == pytest.approx([undisturbed * factor**0.5], rel=0.1)
        early = dataclasses.replace(slow, step=3, paint_seconds=factor * spent / 6)
        assert estimator.seconds_left(early, device="cpu") < 1.6 * actual(whole, CPU_COSTS)


async def test_the_share_done_is_one_of_time_not_of_steps(store, job):
    estimator = Estimator(store.timings)
    begun = job(256, 24, total=40, state=JobState.RUNNING)  # a draft of 20 steps, then 20 others
    shares = [
        estimator.share_done(dataclasses.replace(begun, step=step), device="cpu")
        for step in range(41)
    ]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[20] < 0.4, "the steps of the draft are the cheap ones"
    assert 0.9 < shares[40] <= 1
    seventh = dataclasses.replace(begun, step=6)
    assert estimator.share_done(seventh, device="cpu", more_steps=1) == shares[7]


async def test_queued_jobs_follow_the_latest_slowdown(store, job):
    estimator = Estimator(store.timings)
    one = job(200, 10)
    for factor in (1, 1, 1, 1, 1, 1, 3, 3):
        await estimator.learn(one, device="cpu", seconds=factor * actual(one))
    assert estimator.seconds_left(one, device="cpu") > 2.2 * actual(one)
    for _ in range(4):
        await estimator.learn(one, device="cpu", seconds=actual(one))
    assert estimator.seconds_left(one, device="cpu") == pytest.approx(actual(one), rel=0.25)


async def test_costs_are_fitted_per_recipe(store, job):
    estimator = Estimator(store.timings)
    for size in (100, 200, 300, 400):
        for name, factor in (("default", 1), ("fine", 4)):
            one = job(size, 10, name)
            await estimator.learn(one, device="cpu", seconds=factor * actual(one))
    for name, factor in (("default", 1), ("fine", 4)):
        one = job(250, 12, name)
        expected = factor * actual(one)
        assert estimator.paint_seconds(one, device="cpu") == pytest.approx(expected, rel=0.1)


async def test_costs_adapt_to_a_machine_that_became_slower(store, job):
    estimator = Estimator(store.timings)
    for factor in (1, 3):
        for round_ in range(25):
            one = job((100, 200, 300)[round_ % 3], 10 + round_)
            await estimator.learn(one, device="cpu", seconds=factor * actual(one))
    one = job(256, 15)
    assert estimator.paint_seconds(one, device="cpu") == pytest.approx(3 * actual(one), rel=0.3)


async def test_estimates_are_never_negative(store, job):
    estimator = Estimator(store.timings)
    for size, seconds in ((64, 50.0), (400, 1.0), (300, 2.0), (80, 40.0)):  # contradictory
        await estimator.learn(job(size, 20), device="cpu", seconds=seconds)
    assert all(estimator.paint_seconds(job(size, 1), device="cpu") >= 0 for size in (64, 512, 4096))
