"""Coarse to fine: how the budget is divided, and the events of a painting at several scales."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from stylenet import Checkpoint, Painting, Progress, Snapshot, paint, stylize
from stylenet.engine.plan import ComputeConfig, plan_painting
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe
from stylenet.scales import scales_of

RECIPE = Recipe.named("default").evolve(passes=5, draft=0.4, coarsest=32)


@pytest.mark.parametrize(
    ("longest", "sizes"),
    [(191, [191]), (192, [96, 192]), (384, [96, 192, 384]), (1000, [125, 250, 500, 1000])],
)
@pytest.mark.parametrize("name", ["default", "fast", "fine"])
def test_each_scale_is_half_of_the_next(name, longest, sizes):
    recipe = Recipe.named(name)
    scales = scales_of(recipe, longest // 2, longest)
    assert [scale.recipe.size or longest for scale in scales] == sizes


def test_the_budget_is_divided_among_the_scales():
    recipe = Recipe.named("default").evolve(passes=21, coarsest=256)
    scales = scales_of(recipe, 1024, 768)
    assert [scale.share for scale in scales] == [1 / 16, 1 / 4, 1]
    assert sum(s.share * s.recipe.passes for s in scales) == pytest.approx(21)
    assert {scale.recipe.passes for scale in scales} == {16.0}


def test_a_budget_too_small_to_divide_is_spent_at_full_size():
    recipe = Recipe.named("default").evolve(passes=1, draft=0, coarsest=64)
    assert len(scales_of(recipe, 512, 512)) == 1


@pytest.mark.parametrize("coarsest", [-1, 15, 1.5, "64", True])
def test_the_least_size_is_checked(coarsest):
    with pytest.raises(RecipeError, match="coarsest"):
        RECIPE.evolve(coarsest=coarsest)


def test_a_scale_starts_from_its_own_start_and_the_coarser_ones_change(content, style, weights):
    config = ComputeConfig(device=torch.device("cpu"), draft_dtype=torch.float32, memory_limit=None)
    plan = plan_painting(content, [style], RECIPE, masks=(), start=None, config=config)
    coarse, fine = (
        torch.from_numpy(inputs.start).permute(2, 0, 1)[None].float() for inputs in plan.pictures
    )
    problem = plan.problem(1, weights, coarser=coarse + 10, fingerprint="")
    torch.testing.assert_close(problem.start, fine + 10)


def painted(content, style, recipe=RECIPE, **more):
    return list(paint(content, [style], recipe, device="cpu", **more))


@pytest.fixture(scope="module")
def events(content, style):
    return painted(content, style, RECIPE.evolve(snapshot_every=1))


def test_progress_counts_all_scales(events):
    progress = [event for event in events if isinstance(event, Progress)]
    steps = [event.step for event in progress]
    assert steps == sorted(set(steps))
    scales = [event.scale for event in progress]
    assert scales == sorted(scales)
    assert set(scales) == {0, 1}
    passes = [event.passes for event in progress]
    assert passes == sorted(passes)
    seconds = [event.seconds for event in progress]
    assert seconds == sorted(seconds)
    assert passes[-1] <= 5
    final = events[-1]
    assert isinstance(final, Painting)
    assert final.steps == steps[-1]
    assert 4 < final.passes < 6


def test_the_total_of_steps_stays_the_same(events):
    progress = [event for event in events if isinstance(event, Progress)]
    (total,) = {event.total for event in progress}
    assert total - 1 <= progress[-1].step <= total


def test_snapshots_have_the_full_size_at_every_scale(events, content):
    shapes = {event.pixels.shape for event in events if isinstance(event, Snapshot)}
    assert shapes == {(content.height, content.width, 3)}


def test_a_scale_starts_from_the_previous_result(events):
    """The first snapshot at full size resembles the last small one and not the start."""
    progress = iter(event for event in events if isinstance(event, Progress))
    at = [(next(progress).scale, e.pixels) for e in events if isinstance(e, Snapshot) and e.step]
    coarse = [pixels for scale, pixels in at if scale == 0]
    fine = [pixels for scale, pixels in at if scale == 1]
    start = next(event.pixels for event in events if isinstance(event, Snapshot))

    def distance(one, other):
        return np.abs(one.astype(float) - other).mean()

    assert distance(fine[0], coarse[-1]) < 0.5 * distance(fine[0], start)


@pytest.mark.parametrize(("scale", "nth"), [(0, 2), (0, -1), (1, 0), (1, -2)])
def test_a_resumed_painting_continues_bit_by_bit(content, style, events, scale, nth):
    progress = [event for event in events if isinstance(event, Progress)]
    step = [event.step for event in progress if event.scale == scale][nth]
    done = 0

    def should_stop():
        return done >= step

    stopped = []
    for event in paint(content, [style], RECIPE, device="cpu", should_stop=should_stop):
        stopped.append(event)
        if isinstance(event, Progress):
            done = event.step
    assert isinstance(stopped[-1], Checkpoint)
    assert stopped[-1].step == step
    assert not any(isinstance(event, Painting) for event in stopped)
    rest = painted(content, style, resume=stopped[-1].state)
    first = next(event for event in rest if isinstance(event, Progress))
    assert first.step == min(event.step for event in progress if event.step > step)
    np.testing.assert_array_equal(rest[-1].pixels, painted(content, style)[-1].pixels)


def test_a_painting_with_a_given_start_has_one_scale(content, style):
    events = painted(content, style, start=content)
    assert {event.scale for event in events if isinstance(event, Progress)} == {0}


def test_it_keeps_colours_and_follows_masks(content, style):
    left = Image.new("L", content.size)
    left.paste(255, (0, 0, content.width // 2, content.height))
    picture = stylize(content, style, RECIPE.evolve(keep_colors=True), device="cpu", masks=[left])
    right = np.asarray(content)[:, -12:].astype(float)
    assert np.abs(picture.pixels[:, -12:] - right).mean() < 3
    assert np.abs(picture.pixels[:, :12] - np.asarray(content)[:, :12].astype(float)).mean() > 5
