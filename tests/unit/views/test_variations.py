"""What each variation changes, and where it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.intake.repeats import RepeatMode
from bot.views.components.routes import JobAction, Strength
from bot.views.variations import (
    QUICK_PASSES,
    STRONGER,
    STRONGEST,
    offered_strengths,
    variation,
)


def vary(job, action, *, largest_size=2048):
    return variation(job, action, largest_size=largest_size, seed=7)


def with_recipe(job, **changes):
    return replace(job, recipe=job.recipe.evolve(**changes))


def test_again_changes_the_seed_and_starts_anew(make_job):
    made = vary(make_job(), JobAction.AGAIN)
    assert (made.changes, made.start_from) == ({"seed": 7}, RepeatMode.RECIPE)


@pytest.mark.parametrize(
    ("choice", "factor"),
    [
        (JobAction.STYLE, STRONGER),
        (JobAction.CONTENT, 1 / STRONGER),
        (Strength.LIGHTEST, STRONGER**-2),
        (Strength.LIGHTER, 1 / STRONGER),
        (Strength.STRONGER, STRONGER),
        (Strength.STRONGEST, STRONGER**2),
    ],
)
def test_a_strength_shifts_the_weight(make_job, choice, factor):
    job = make_job()
    weight = job.recipe.style_weight
    assert vary(job, choice).changes == {"style_weight": pytest.approx(weight * factor)}


def test_the_same_strength_is_no_variation(make_job):
    assert vary(make_job(), Strength.SAME).refusal is not None


@pytest.mark.parametrize("choice", [Strength.STRONGER, Strength.LIGHTER])
def test_the_weight_is_limited(make_job, choice):
    job = make_job()
    start = job.recipe.style_weight
    presses = 0
    while (made := vary(job, choice)).refusal is None:
        assert choice in offered_strengths(job)
        job = with_recipe(job, **made.changes)
        presses += 1
        assert presses < 20
    assert choice not in offered_strengths(job)
    ratio = job.recipe.style_weight / start
    assert 1 / STRONGEST / 1.01 <= ratio <= STRONGEST * 1.01
    assert presses == 3
    assert made.changes == {}


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


def test_twice_is_quick_and_starts_from_the_result(make_job):
    made = vary(with_recipe(make_job(), size=512, passes=40.0), JobAction.TWICE)
    assert made.changes == {"size": 1024, "passes": QUICK_PASSES}
    assert made.start_from is RepeatMode.RESULT
    few = vary(with_recipe(make_job(), size=512, passes=3.0), JobAction.TWICE)
    assert few.changes["passes"] == 3


@pytest.mark.parametrize(("size", "words"), [(1500, "3000 pixels"), (2048, "as large as I paint")])
def test_twice_says_what_the_largest_is(make_job, size, words):
    made = vary(with_recipe(make_job(), size=size), JobAction.TWICE)
    assert words in made.refusal
    assert "2048" in made.refusal


def test_variations_of_a_quick_enlargement_get_all_passes_again(make_job):
    job = make_job()
    usual = job.recipe.passes
    quick = replace(with_recipe(job, size=512, passes=QUICK_PASSES), start_key="jobs/x/start")
    assert vary(quick, JobAction.AGAIN).changes == {"seed": 7, "passes": usual}
    assert vary(quick, Strength.STRONGER).changes["passes"] == usual
    assert vary(quick, JobAction.TWICE).changes["passes"] == QUICK_PASSES


def test_a_job_with_as_few_passes_is_no_quick_enlargement(make_job):
    chosen = with_recipe(make_job(), passes=QUICK_PASSES)
    assert vary(chosen, JobAction.AGAIN).changes == {"seed": 7}


@pytest.mark.parametrize(("size", "smaller"), [(512, 256), (200, 128), (128, None), (64, None)])
def test_smaller_halves_the_size_down_to_the_smallest(make_job, size, smaller):
    made = vary(with_recipe(make_job(), size=size), JobAction.SMALLER)
    assert made.changes == ({} if smaller is None else {"size": smaller})
    assert (made.refusal is not None) == (smaller is None)


@pytest.mark.parametrize("action", [JobAction.CANCEL, JobAction.DETAILS, JobAction.DELETE])
def test_other_actions_make_no_variation(make_job, action):
    with pytest.raises(ValueError, match="no variation"):
        vary(make_job(), action)
