"""The schedule of a budget, alone and against what paintings really spend."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from stylenet import Painting, Progress, paint
from stylenet.architecture import REDUCED_LAYERS, exact_cost, reduced_cost
from stylenet.budget import NetworkKind, Schedule, Stage
from stylenet.engine.objective import Objective
from stylenet.features.vgg import VGG19
from stylenet.recipe import Recipe
from stylenet.scales import scales_of


def test_a_plain_recipe_has_one_stage():
    (stage,) = Schedule.of(Recipe(), styles=1).stages
    assert stage == Stage(network=NetworkKind.EXACT, cost=1.0)


def test_a_draft_comes_first_and_pays_for_its_targets():
    recipe = Recipe.named("default").evolve(passes=20, style_scale=2)
    draft, *exact = Schedule.of(recipe, styles=3).stages
    cost = reduced_cost({REDUCED_LAYERS[-1]})
    assert draft.network is NetworkKind.REDUCED
    assert draft.until == pytest.approx(0.6 * 20)
    assert draft.setup == pytest.approx(cost / 2 * (1 + 3 * 2**2))
    assert [stage.damping for stage in (draft, *exact)] == [0.1, 0.5, None]
    assert {stage.cost for stage in exact} == {exact_cost({"relu4_2"})}


def test_dampings_that_end_within_the_draft_are_left_out():
    recipe = Recipe.named("default").evolve(passes=30)
    assert [stage.damping for stage in Schedule.of(recipe, styles=1).stages] == [0.1, None]


def test_without_the_whitened_layer_there_is_no_draft():
    recipe = Recipe(style_layers=(("relu1_1", 1.0),), draft=0.5)
    assert [s.network for s in Schedule.of(recipe, styles=1).stages] == [NetworkKind.EXACT]


def test_a_loss_without_layers_has_a_budget_of_steps():
    recipe = Recipe(style_layers=(), content_layers=(), passes=5)
    schedule = Schedule.of(recipe, styles=1)
    assert schedule.evaluations() == (5,)
    assert schedule.report_cost == 0


def two_stages(passes, until=3.0):
    first = Stage(network=NetworkKind.REDUCED, cost=0.25, setup=0.5, until=until)
    return Schedule(stages=(first, Stage(network=NetworkKind.EXACT, cost=1.0)), passes=passes)


def test_evaluations_and_steps():
    schedule = two_stages(8)
    # 0.5 for the targets, ten evaluations up to 3.0, and five of the exact network.
    assert schedule.evaluations() == (10, 5)
    assert schedule.steps() == 9 + 4
    assert schedule.steps_left(1, 4.0) == 4


def test_a_stage_with_few_affordable_steps_is_not_entered():
    schedule = two_stages(7.2)
    assert schedule.end_of(0) == math.inf
    assert schedule.evaluations() == (26, 0)
    assert schedule.steps() == 25


@pytest.mark.parametrize("name", ["default", "cookbook-fast"])
def test_a_draft_is_followed_by_no_exact_steps_or_enough(name):
    """A pass more never ends worse because it replaced the draft's end with a step or two."""
    for passes in range(1, 30):
        schedule = Schedule.of(Recipe.named(name).evolve(passes=passes), styles=1)
        draft, *exact = schedule.evaluations()
        assert draft > 0
        assert sum(exact) == 0 or sum(exact) >= 4


def test_the_start_is_evaluated_however_small_the_budget():
    assert two_stages(0.6).evaluations() == (1, 0)
    assert two_stages(0.6).steps() == 0


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("cookbook", {"passes": 6}),
        ("cookbook-fast", {"draft": 0.3}),
        ("default", {"coarsest": 32}),
        ("fast", {"coarsest": 32}),
        ("fine", {"passes": 7, "draft": 0.3}),
    ],
)
def test_a_painting_evaluates_as_often_as_scheduled(content, style, monkeypatch, name, changes):
    recipe = Recipe.named(name).evolve(**changes)
    evaluated = Counter()
    evaluate = Objective.evaluate

    def counting(self, picture):
        kind = NetworkKind.EXACT if isinstance(self.network, VGG19) else NetworkKind.REDUCED
        evaluated[kind] += 1
        return evaluate(self, picture)

    monkeypatch.setattr(Objective, "evaluate", counting)
    events = list(paint(content, [style], recipe, device="cpu"))

    scheduled, steps = Counter(), 0
    for scale in scales_of(recipe, *content.size):
        schedule = Schedule.of(scale.recipe, styles=1)
        steps += schedule.steps()
        for stage, count in zip(schedule.stages, schedule.evaluations(), strict=True):
            scheduled[stage.network] += count
    assert evaluated == +scheduled
    # A refused trial of L-BFGS costs an evaluation without a step.
    refused = steps - events[-1].steps
    assert 0 <= refused <= 0.15 * steps
    assert isinstance(events[-1], Painting)
    first = next(event for event in events if isinstance(event, Progress))
    assert first.total == pytest.approx(steps, abs=1)
