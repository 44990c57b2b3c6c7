"""What each variation changes, and where it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.intake.repeats import RepeatMode
from bot.views.components.routes import JobAction
from bot.views.variations import STRONGER, STRONGEST, variation


def vary(job, action, *, largest_size=2048):
    return variation(job, action, largest_size=largest_size, seed=7)


def with_recipe(job, **changes):
    return replace(job, recipe=job.recipe.evolve(**changes))


def test_again_changes_the_seed_and_starts_anew(make_job):
    made = vary(make_job(), JobAction.AGAIN)
    assert (made.changes, made.start_from) == ({"seed": 7}, RepeatMode.RECIPE)


@pytest.mark.parametrize(
    ("action", "factor"), [(JobAction.STYLE, STRONGER), (JobAction.CONTENT, 1 / STRONGER)]
)
def test_more_style_and_more_content_shift_the_weight(make_job, action, factor):
    job = make_job()
    weight = job.recipe.style_weight
    assert vary(job, action).changes == {"style_weight": pytest.approx(weight * factor)}


@pytest.mark.parametrize("action", [JobAction.STYLE, JobAction.CONTENT])
def test_the_weight_is_limited(make_job, action):
    job = make_job()
    start = job.recipe.style_weight
    presses = 0
    while (made := vary(job, action)).refusal is None:
        job = with_recipe(job, **made.changes)
        presses += 1
        assert presses < 20
    ratio = job.recipe.style_weight / start
    assert 1 / STRONGEST / 1.01 <= ratio <= STRONGEST * 1.01
    assert presses == 3
    assert made.changes == {}
    assert "strongest" in made.label


def test_colours_are_kept_or_taken(make_job):
    assert vary(make_job(), JobAction.KEEP).changes == {"keep_colors": True}
    assert vary(make_job(), JobAction.RECOLOUR).changes == {"keep_colors": False}


@pytest.mark.parametrize(
    ("size", "larger"), [(512, 1024), (1500, 2048), (2048, None), (3000, None)]
)
def test_larger_doubles_the_size_up_to_the_largest(make_job, size, larger):
    made = vary(with_recipe(make_job(), size=size), JobAction.LARGER)
    if larger is None:
        assert made.refusal is not None
        assert "2048" in made.label
    else:
        assert made.changes == {"size": larger}
        assert str(larger) in made.label
        assert made.start_from is RepeatMode.RESULT


def test_larger_starts_from_the_pictures_own_size_where_none_was_chosen(make_job):
    job = with_recipe(make_job(content_size=(300, 400)), size=None)
    assert vary(job, JobAction.LARGER).changes == {"size": 800}


@pytest.mark.parametrize(("size", "smaller"), [(512, 256), (200, 128), (128, None), (64, None)])
def test_smaller_halves_the_size_down_to_the_smallest(make_job, size, smaller):
    made = vary(with_recipe(make_job(), size=size), JobAction.SMALLER)
    assert made.changes == ({} if smaller is None else {"size": smaller})
    assert (made.refusal is not None) == (smaller is None)


@pytest.mark.parametrize("action", [JobAction.CANCEL, JobAction.DETAILS, JobAction.DELETE])
def test_other_actions_make_no_variation(make_job, action):
    with pytest.raises(ValueError, match="no variation"):
        vary(make_job(), action)
