"""The components of a result: which there are, and which are at a limit."""

from __future__ import annotations

import discord
import pytest

from bot.jobs.models import JobState
from bot.views.result_view import result_view
from stylenet.recipe import Recipe


def _labels(job, largest_size=2048):
    view = result_view(job, largest_size=largest_size)
    return [(each.label, each.disabled) for each in view.children if hasattr(each, "label")]


def _strengths(job):
    view = result_view(job, largest_size=2048)
    [menu] = [each for each in view.children if isinstance(each, discord.ui.Select)]
    return [(option.value, option.default) for option in menu.options]


def test_the_buttons_of_a_result(make_job):
    recipe = Recipe.named("default").evolve(size=384)
    job = make_job(state=JobState.SUCCEEDED, recipe=recipe)
    assert [label for label, _ in _labels(job)] == [
        "Again",
        "Another style",
        "Keep colours",
        "Larger (768 px)",
        "Quick 2×",
        "Favourite",
        "Time-lapse",
        "Details",
        "Delete",
    ]
    assert not any(disabled for _, disabled in _labels(job))
    kept = make_job(state=JobState.SUCCEEDED, recipe=recipe.evolve(keep_colors=True))
    assert ("Style's colours", False) in _labels(kept)


def test_a_button_at_its_limit_is_disabled_with_the_reason(make_job):
    recipe = Recipe.named("default").evolve(size=512)
    job = make_job(state=JobState.SUCCEEDED, recipe=recipe)
    assert ("Largest (512 px)", True) in _labels(job, largest_size=512)
    assert ("Larger (600 px)", False) in _labels(job, largest_size=600)
    assert ("Quick 2×", False) in _labels(job, largest_size=512)  # a press is answered with why


def test_the_menu_offers_the_strengths_within_the_limits(make_job):
    recipe = Recipe.named("default")
    job = make_job(state=JobState.SUCCEEDED, recipe=recipe)
    assert _strengths(job) == [
        ("lightest", False), ("lighter", False), ("same", True), ("stronger", False),
        ("strongest", False),
    ]  # fmt: skip
    strong = recipe.evolve(style_weight=recipe.style_weight * 15)
    assert [value for value, _ in _strengths(make_job(state=job.state, recipe=strong))] == [
        "lightest", "lighter", "same"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "label"), [("out_of_memory", "Smaller (192 px)"), ("diverged", "Again")]
)
def test_a_failure_comes_with_the_button_that_helps(make_job, code, label):
    recipe = Recipe.named("default").evolve(size=384)
    job = make_job(state=JobState.FAILED, error_code=code, recipe=recipe)
    assert [each for each, _ in _labels(job)] == [label, "Details", "Delete"]


@pytest.mark.parametrize("size", [128, 96])
def test_a_failure_of_the_smallest_offers_no_larger_one_as_smaller(make_job, size):
    recipe = Recipe.named("default").evolve(size=size)
    job = make_job(state=JobState.FAILED, error_code="out_of_memory", recipe=recipe)
    assert _labels(job)[0] == (f"Smallest ({size} px)", True)
