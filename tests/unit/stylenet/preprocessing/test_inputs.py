"""What a painting starts from and what its content term is measured against."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import stylenet
from stylenet.preprocessing import colors
from stylenet.preprocessing.inputs import prepare_inputs
from stylenet.recipe import Recipe

DEFAULT = Recipe.named("default")


def test_content_target_is_recolored_by_default(content, style):
    pictures = prepare_inputs(content, [style], DEFAULT)
    expected = colors.match_colors(pictures.content, pictures.styles)
    np.testing.assert_allclose(pictures.target, expected)
    np.testing.assert_array_equal(pictures.start, pictures.target)


def test_seed_and_start_do_not_change_the_content_target(content, style):
    expected = prepare_inputs(content, [style], DEFAULT).target
    clouded = prepare_inputs(content, [style], DEFAULT.evolve(seed=3))
    assert np.abs(clouded.start - expected).mean() > 5
    np.testing.assert_array_equal(clouded.target, expected)
    given = prepare_inputs(content, [style], DEFAULT, start=content)
    np.testing.assert_array_equal(given.target, expected)


@pytest.mark.parametrize(
    "recipe", [Recipe.named("cookbook-fast"), DEFAULT.evolve(keep_colors=True)], ids=str
)
def test_content_target_is_the_content_without_recolor_content(content, style, recipe):
    pictures = prepare_inputs(content, [style], recipe)
    np.testing.assert_array_equal(pictures.target, pictures.content)


def test_uncovered_pixels_of_the_target_are_the_content(content, style):
    half = content.width // 2
    left = Image.new("L", content.size)
    left.paste(255, (0, 0, half, content.height))
    pictures = prepare_inputs(content, [style], DEFAULT.evolve(mask_softness=0), masks=[left])
    np.testing.assert_array_equal(pictures.target[:, half:], pictures.content[:, half:])
    assert np.abs(pictures.target - pictures.content)[:, :half].mean() > 5


@pytest.mark.parametrize("recolored", [True, False])
def test_with_a_tiny_style_weight_the_painting_ends_at_the_content_target(
    content, style, recolored
):
    recipe = DEFAULT.evolve(style_weight=1e-3, tv_weight=0, recolor_content=recolored)
    painting = stylenet.stylize(content, style, recipe, device="cpu")
    pictures = prepare_inputs(content, [style], recipe)
    away = [np.abs(painting.pixels - to).mean() for to in (pictures.content, pictures.start)]
    assert (away[0] > away[1]) == recolored
