"""Tiled and untiled, the loss and its gradient are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import stylenet
from stylenet.engine import memory
from stylenet.engine.objective import Objective
from stylenet.features.vgg import VGG19
from stylenet.losses.measurement import Guides
from stylenet.losses.targets import measure_targets
from stylenet.losses.tiling import TiledMeasurer, margin_of, stitch_features, tiles_of
from stylenet.recipe import LAYERS, Padding, Recipe


@pytest.mark.parametrize(
    ("layers", "margin"),
    [({"relu1_1"}, 16), ({"relu3_1"}, 16), ({"relu4_2", "relu1_1"}, 48), ({"relu5_2"}, 96)],
)
def test_margins_cover_the_receptive_field(layers, margin):
    # 1, 10, 38 and 86 pixels: rounded up to the pools' grid
    assert margin_of(layers) == margin


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (17, 70), (33, 129), (64, 48)])
@pytest.mark.parametrize("side", [16, 32, 96])
def test_tiles_cover_the_picture_once(size, side):
    height, width = size
    counts = np.zeros(size, dtype=int)
    for tile in tiles_of(height, width, side=side, margin=16):
        top, bottom, left, right = tile.core
        counts[top:bottom, left:right] += 1
        assert 0 < bottom - top <= side
        assert 0 < right - left <= side
        assert top % 16 == left % 16 == 0
        above, below, before, after = tile.window
        assert (above, before) == (max(top - 16, 0), max(left - 16, 0))
        assert (below, after) == (min(bottom + 16, height), min(right + 16, width))
    assert (counts == 1).all()


@pytest.mark.parametrize(("side", "margin"), [(0, 16), (20, 16), (16, 8)])
def test_unaligned_tiles_are_refused(side, margin):
    with pytest.raises(ValueError, match="multiples of 16"):
        tiles_of(64, 64, side=side, margin=margin)


SHALLOW = Recipe(
    gamut_weight=6.5,
    content_layers=(("relu2_2", 0.5), ("relu3_2", 0.5)),
    style_layers=(("relu1_1", 0.3), ("relu2_1", 0.3), ("relu3_1", 0.4)),
)
"""Layers that see no further than 16 pixels: a small picture has many whole tiles."""


def made(make_scene, make_strokes, to_tensor, width, height):
    """Content, style and a picture under way, in float64."""
    noise = np.random.default_rng(0).normal(0, 12, (1, 3, height, width))
    content = to_tensor(make_scene(width, height), torch.float64)
    style = to_tensor(make_strokes(width + 5, height - 2), torch.float64)
    return content, style, content + torch.from_numpy(noise)


@pytest.fixture(scope="module")
def square(make_scene, make_strokes, to_tensor):
    return made(make_scene, make_strokes, to_tensor, 85, 67)


@pytest.fixture(scope="module")
def strip(make_scene, make_strokes, to_tensor):
    """Longer than a tile with the margins that all the layers together need."""
    return made(make_scene, make_strokes, to_tensor, 243, 18)


@pytest.mark.parametrize("padding", Padding)
def test_stitched_features_are_those_of_the_whole_picture(weights, strip, padding):
    exact_network = VGG19(weights, padding=padding).double()
    with torch.no_grad():
        expected = exact_network(strip[0], LAYERS)
    stitched = stitch_features(exact_network, strip[0], LAYERS, side=96)
    assert stitched.keys() == expected.keys()
    for name, features in expected.items():
        torch.testing.assert_close(stitched[name], features, rtol=0, atol=1e-9)


def compare(network, pictures, recipe, *, side, guides=None, mixes=()):
    content, style, picture = pictures
    seen = []
    for each in (None, side):
        styles = [style, style.flip(3)][: len(mixes) or 1]
        targets = measure_targets(network, content, styles, recipe, mixes=mixes, side=each)
        objective = Objective(network, targets, recipe, damping=0.1, guides=guides, side=each)
        seen.append((objective.evaluate(picture), objective.measure(picture)))
    (whole, whole_losses), (tiled, tiled_losses) = seen
    assert tiled.loss == pytest.approx(whole.loss, rel=1e-10)
    for name in ("content", "style", "total_variation"):
        assert tiled.losses[name] == pytest.approx(whole.losses[name], rel=1e-10)
    assert tiled_losses.total == pytest.approx(whole_losses.total, rel=1e-10)
    scale = float(whole.gradient.abs().max())
    torch.testing.assert_close(tiled.gradient, whole.gradient, rtol=0, atol=1e-10 * scale)


def test_tiled_loss_and_gradient_equal_the_untiled_ones(exact_network, strip):
    """To ten digits: every layer, content, variation, guard rail and whitening."""
    compare(exact_network, strip, Recipe(gamut_weight=6.5), side=96)


@pytest.mark.parametrize("side", [16, 48])
def test_tiled_loss_and_gradient_with_regions(exact_network, square, side):
    shares = np.random.default_rng(1).dirichlet((1, 1, 1), size=(67, 85)).transpose(2, 0, 1)
    guides = Guides(torch.from_numpy(shares[:2].copy()))
    mixes = ((1.0, 0.0), (1.0, 2.0))
    compare(exact_network, square, SHALLOW, side=side, guides=guides, mixes=mixes)


def test_tiled_loss_in_single_precision_differs_by_rounding(network, square):
    content, style, picture = (values.float() for values in square)
    recipe = Recipe(deepest="relu4_2")
    evaluations = []
    for side in (None, 32):
        targets = measure_targets(network, content, [style], recipe, side=side)
        objective = Objective(network, targets, recipe, deepest="relu4_2", side=side)
        evaluations.append(objective.evaluate(picture))
    whole, tiled = evaluations
    assert tiled.loss == pytest.approx(whole.loss, rel=1e-4)
    cosine = torch.nn.functional.cosine_similarity(
        tiled.gradient.flatten(), whole.gradient.flatten(), dim=0
    )
    assert float(cosine) > 0.9999


def test_without_layers_there_is_nothing_to_tile(exact_network, square):
    recipe = Recipe(style_layers=(), content_layers=())
    targets = measure_targets(exact_network, square[0], [square[1]], recipe, side=32)
    objective = Objective(exact_network, targets, recipe, side=32)
    assert objective.evaluate(square[2]).losses.total > 0


def test_a_painting_in_tiles_is_the_same_painting(make_scene, style, monkeypatch):
    """And it is the memory limit that has it painted so."""
    content = make_scene(120, 90)
    recipe = SHALLOW.evolve(passes=4)
    tiled = []
    tiles = TiledMeasurer.tiles

    def counted(self, picture, layers):
        divided = tiles(self, picture, layers)
        tiled.append(len(divided))
        return divided

    monkeypatch.setattr(TiledMeasurer, "tiles", counted)
    monkeypatch.setattr(memory, "_MIN_TILE_SIDE", 16)
    *_, whole = stylenet.paint(content, [style], recipe, device="cpu")
    assert not tiled
    held = memory.FIXED_BYTES + content.width * content.height * 1200
    limit = held + memory.BYTES_PER_PIXEL * 65**2  # a tile of 32 pixels and two margins of 16
    *_, painting = stylenet.paint(content, [style], recipe, device="cpu", memory_limit=limit)
    assert set(tiled) == {12}
    assert painting.passes == pytest.approx(whole.passes)
    assert painting.losses.total == pytest.approx(whole.losses.total, rel=1e-3)
    assert np.abs(painting.pixels.astype(int) - whole.pixels).mean() < 1
