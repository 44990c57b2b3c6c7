from __future__ import annotations

import dataclasses
import json
import math

import pytest

from stylenet.errors import RecipeError
from stylenet.recipe import LAYERS, RECIPES, Optimizer, Recipe, Start


def test_the_cookbook_is_the_cookbook():
    recipe = Recipe.named("cookbook")
    assert recipe.content_weight == 5
    assert recipe.content_layers == (("relu4_2", 0.5), ("relu5_2", 0.5))
    assert recipe.style_weight == 500
    assert recipe.style_layers == tuple((f"relu{block}_1", 0.2) for block in range(1, 6))
    assert recipe.tv_weight == 100
    assert recipe.gamut_weight == 0
    assert (recipe.start, recipe.start_noise) == (Start.NOISE, 0.256)
    assert (recipe.optimizer, recipe.learning_rate) == (Optimizer.ADAM, 10)
    assert recipe.spectrum == 0
    assert recipe.passes == 101
    assert recipe.snapshot_every == 25
    assert recipe.deepest is None
    assert not recipe.whitening
    assert recipe.draft == 0


def test_cookbook_fast_minimises_the_cookbooks_loss():
    cookbook, fast = Recipe.named("cookbook"), Recipe.named("cookbook-fast")
    for field in ("content", "style"):
        assert getattr(cookbook, f"{field}_layers") == getattr(fast, f"{field}_layers")
        assert getattr(cookbook, f"{field}_weight") == getattr(fast, f"{field}_weight")
    assert cookbook.tv_weight == fast.tv_weight
    assert cookbook.style_fit == fast.style_fit
    assert cookbook.style_scale == fast.style_scale


def test_built_in_recipes_are_listed_by_their_names():
    assert {"default", "cookbook", "cookbook-fast", "fast", "fine"} <= set(RECIPES)
    for name, recipe in RECIPES.items():
        assert recipe.name == name
        assert Recipe.named(name) is recipe


def test_an_unknown_name_error_lists_the_known_ones():
    with pytest.raises(RecipeError, match="default") as caught:
        Recipe.named("nonsense")
    assert caught.value.got == "nonsense"


@pytest.mark.parametrize("name", RECIPES)
def test_json_round_trip(name):
    recipe = Recipe.named(name).evolve(size=384, seed=7, blend=(1, 2))
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert json.loads(recipe.to_json())["size"] == 384


def test_recipes_are_frozen_and_hashable():
    recipe = Recipe()
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.seed = 1
    assert hash(recipe) == hash(Recipe())
    assert recipe.evolve(seed=1) != recipe


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a b"),
        ("name", "x" * 65),
        ("name", 3),
        ("size", 8),
        ("size", 5000),
        ("size", 384.0),
        ("size", True),
        ("seed", -1),
        ("seed", 2**63),
        ("passes", 0),
        ("passes", math.inf),
        ("passes", "many"),
        ("keep_colors", 1),
        ("content_weight", -1),
        ("style_weight", math.nan),
        ("tv_weight", 1e10),
        ("contrast_power", 5),
        ("tv_energy_power", -1),
        ("palette", -0.1),
        ("gamut_weight", None),
        ("content_layers", (("relu9_9", 1),)),
        ("content_layers", (("relu4_2", 1), ("relu4_2", 1))),
        ("style_layers", (("relu1_1", -1),)),
        ("style_layers", "relu1_1"),
        ("style_layers", 5),
        ("style_layers", ((["relu1_1"], 1),)),
        ("start", "middle"),
        ("start", []),
        ("style_fit", "tile"),
        ("style_scale", 0),
        ("style_trim", 0.5),
        ("least_variation", -1),
        ("blend", (-1,)),
        ("blend", (0, 0)),
        ("blend", (1,) * 17),
        ("blend", 1),
        ("optimizer", "sgd"),
        ("learning_rate", 0),
        ("spectrum", 3),
        ("first_step", 0),
        ("history", 0),
        ("hessian_scale", 0),
        ("deepest", "conv4_2"),
        ("deepest", ["relu4_2"]),
        ("whitening", "yes"),
        ("draft", -0.1),
        ("draft", 1.1),
        ("snapshot_every", 0),
        ("nonsense", 1),
    ],
)
def test_invalid_fields_are_refused_by_name(field, value):
    with pytest.raises(RecipeError) as caught:
        Recipe().evolve(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"default"', "[" * 100_000, '{"x": 1}'])
def test_other_json_is_refused(text):
    with pytest.raises(RecipeError):
        Recipe.from_json(text)


def test_numbers_are_kept_as_floats_and_lists_as_tuples():
    recipe = Recipe.from_json('{"passes": 3, "blend": [1, 2], "style_layers": [["relu1_1", 1]]}')
    assert recipe == Recipe(passes=3.0, blend=(1.0, 2.0), style_layers=(("relu1_1", 1.0),))
    assert isinstance(recipe.passes, float)


def test_layers_are_those_with_weight():
    recipe = Recipe(content_layers=(("relu4_2", 0), ("relu5_2", 1)), style_layers=())
    assert recipe.layers == {"relu5_2"}
    assert len(LAYERS) == 16
    assert LAYERS[0] == "relu1_1"
    assert LAYERS[-1] == "relu5_4"
