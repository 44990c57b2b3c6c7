"""Guides at every layer, and guided Gram matrices against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.engine.objective import Objective
from stylenet.losses.measurement import Guides
from stylenet.losses.targets import measure_targets
from stylenet.recipe import Recipe


def test_guides_keep_a_regions_area_at_every_layer():
    shares = torch.zeros(2, 16, 32, dtype=torch.float64)
    shares[0, :5, :7] = 1
    shares[1, 5:, :] = 0.5
    guides = Guides(shares)
    assert guides.areas == pytest.approx((35 / 512, 352 * 0.5 / 512))
    for layer, side in (("relu1_2", (16, 32)), ("relu3_1", (4, 8)), ("relu5_1", (1, 2))):
        level = guides.at(layer)
        assert level.shape == (2, *side)
        assert level.mean(dim=(1, 2)).tolist() == pytest.approx(guides.areas)
    odd = Guides(torch.ones(1, 5, 7)).at("relu4_1")
    assert odd.shape == (1, 1, 1)
    assert odd.item() == 1


def pooled(share):
    """2 × 2 means, the last odd row or column of what there is of it."""
    height, width = share.shape
    rows = [share[i : i + 2] for i in range(0, height, 2)]
    return np.array([[row[:, j : j + 2].mean() for j in range(0, width, 2)] for row in rows])


@pytest.fixture(scope="module")
def guided(exact_network, make_scene, make_strokes, to_tensor):
    """A guided objective in float64, what it is made of, and a picture."""
    recipe = Recipe(tv_weight=0, content_weight=0)
    content = to_tensor(make_scene(19, 14), torch.float64)
    styles = [
        to_tensor(make_strokes(21, 13), torch.float64),
        to_tensor(make_scene(17, 16).rotate(180), torch.float64),
    ]
    random = np.random.default_rng(3)
    shares = random.dirichlet((1, 1, 1), size=(14, 19)).transpose(2, 0, 1)[:2]
    guides = Guides(torch.from_numpy(shares))
    mixes = ((1.0, 0.0), (1.0, 3.0))
    targets = measure_targets(exact_network, content, styles, recipe, mixes=mixes)
    objective = Objective(exact_network, targets, recipe, guides=guides)
    picture = content + torch.from_numpy(random.normal(0, 12, (1, 3, 14, 19)))
    return objective, recipe, shares, mixes, styles, picture


def test_the_guided_loss_against_numpy(guided, exact_network):
    objective, recipe, shares, mixes, styles, picture = guided
    names = [name for name, _ in recipe.style_layers]

    def rows(x):
        features = exact_network(x, names)
        return {name: f[0].numpy().reshape(f.shape[1], -1).T for name, f in features.items()}

    ours = rows(picture)
    theirs = [rows(style) for style in styles]
    expected = 0.0
    for share, mix in zip(shares, mixes, strict=True):
        guide = share
        for block, name in enumerate(names):
            guide = pooled(guide) if block else guide
            f, w = ours[name], guide.reshape(-1, 1)
            gram = (f * w).T @ f / (f.shape[1] * w.sum())
            target = sum(
                m / sum(mix) * (s[name].T @ s[name]) / s[name].size
                for m, s in zip(mix, theirs, strict=True)
            )
            expected += share.mean() * 500 * 0.2 * ((gram - target) ** 2).mean()
    evaluation = objective.evaluate(picture)
    assert evaluation.loss == pytest.approx(expected, rel=1e-10)
    assert evaluation.losses["style"] == pytest.approx(expected, rel=1e-10)


def test_the_guided_gradient_against_finite_differences(guided):
    objective, *_, picture = guided
    gradient = objective.evaluate(picture).gradient
    random = torch.Generator().manual_seed(0)
    for _ in range(3):
        direction = torch.randn(picture.shape, generator=random, dtype=torch.float64)
        ahead, behind = (
            objective.evaluate(picture + step * direction).loss for step in (1e-5, -1e-5)
        )
        slope = (ahead - behind) / 2e-5
        assert slope == pytest.approx(float((gradient * direction).sum()), rel=1e-5)


def test_a_region_of_the_whole_picture_equals_no_region(exact_network, guided):
    *_, styles, picture = guided
    recipe = Recipe(whitening=True, gamut_weight=3)
    targets = measure_targets(exact_network, picture, styles, recipe)
    plain = Objective(exact_network, targets, recipe, damping=0.1)
    whole = Guides(torch.ones(1, 14, 19, dtype=torch.float64))
    guided_ = Objective(exact_network, targets, recipe, damping=0.1, guides=whole)
    one, other = plain.evaluate(picture * 1.1), guided_.evaluate(picture * 1.1)
    assert one.loss == pytest.approx(other.loss)
    torch.testing.assert_close(one.gradient, other.gradient)
