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
    pictures = prepare_inputs(content, [style], DEFAULT.evolve(least_variation=0))
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


def test_the_margins_of_a_style_are_cut_off(content, style):
    framed = Image.new("RGB", style.size, (255, 0, 0))
    margin = round(0.04 * max(style.size))
    framed.paste(style.resize((style.width - 2 * margin, style.height - 2 * margin)), (margin,) * 2)

    def reddest(recipe):
        (fitted,) = prepare_inputs(content, [framed], recipe).styles
        edges = np.concatenate([fitted[0], fitted[-1], fitted[:, 0], fitted[:, -1]])
        return (edges @ [1, -0.5, -0.5]).mean()

    assert reddest(DEFAULT.evolve(style_trim=0)) > 150
    assert reddest(DEFAULT.evolve(style_trim=0.06)) < 50


def test_flat_parts_of_a_start_are_given_variation(style):
    half_flat = np.full((64, 64, 3), 120, np.uint8)
    half_flat[:, 32:] = np.indices((64, 32)).sum(axis=0)[..., None] % 2 * 200
    recipe = DEFAULT.evolve(recolor_content=False, start="content", least_variation=8)

    def change(recipe):
        pictures = prepare_inputs(Image.fromarray(half_flat), [style], recipe)
        return pictures.start - pictures.content

    changed = change(recipe)
    assert 4 < changed[:, :28].std() < 12
    assert (changed[:, 36:] == 0).all()
    assert (change(recipe.evolve(least_variation=0)) == 0).all()
    assert np.abs(change(recipe.evolve(seed=1))).mean() > np.abs(changed).mean()


@pytest.mark.parametrize("size", [(300, 223), (300, 141)])
def test_every_scale_has_the_same_noise(style, size):
    flat = Image.new("RGB", size, (90, 120, 150))
    recipe = DEFAULT.evolve(least_variation=8)
    fine, coarse = (
        prepare_inputs(flat, [style], recipe.evolve(size=side)).start for side in (96, 48)
    )
    halved = [
        np.asarray(Image.fromarray(fine[..., c].astype(np.float32)).resize(coarse.shape[1::-1]))
        for c in range(3)
    ]
    assert np.corrcoef(np.stack(halved, axis=-1).ravel(), coarse.ravel())[0, 1] > 0.98
