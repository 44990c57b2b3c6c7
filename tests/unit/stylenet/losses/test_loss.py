"""The weights of the terms of the loss; `test_reference` checks the terms themselves."""

from __future__ import annotations

import pytest
import torch

from stylenet.losses.loss import Loss
from stylenet.losses.measurement import Guides
from stylenet.losses.targets import Targets, measure_targets
from stylenet.recipe import Recipe

STYLE_ALONE = Recipe(content_weight=0, tv_weight=0)


@pytest.fixture(scope="module")
def targets(exact_network, content, style, to_tensor):
    pictures = [to_tensor(picture.resize((24, 20)), torch.float64) for picture in (content, style)]
    return pictures[0], measure_targets(exact_network, pictures[0], pictures[1:], STYLE_ALONE)


def brighter(targets, factor):
    """Those of a style whose features are `factor` times as strong."""
    style = {name: tuple(g * factor**2 for g in grams) for name, grams in targets.style.items()}
    return Targets(content=targets.content, style=style)


def style_term(loss, picture):
    _, *terms = loss.evaluate(picture, loss.layers).tolist()
    return dict(zip(loss.names, terms, strict=True))["style"]


@pytest.mark.parametrize("power", [4, 3, 2, 0])
def test_style_term_grows_with_the_given_power_of_contrast(exact_network, targets, power):
    picture, measured = targets
    recipe = STYLE_ALONE.evolve(contrast_power=power)

    def term(factor):
        """The picture gets stronger with the style, so that both Gram matrices do."""
        loss = Loss(exact_network, brighter(measured, factor), recipe)
        plain = Loss(exact_network, brighter(measured, factor), STYLE_ALONE)
        ratio = style_term(loss, picture) / style_term(plain, picture)
        return ratio * factor**4

    assert term(3) / term(1) == pytest.approx(3**power, rel=1e-6)
    assert term(0.5) / term(1) == pytest.approx(0.5**power, rel=1e-6)


def test_each_region_is_balanced_by_its_own_style(exact_network, targets):
    """One region like the style, one like it at three times the contrast.

    In the first layer, whose features look no further than a pixel: a region pulls at its own.
    """
    picture, measured = targets
    grams = {name: (g * 100, g * 900) for name, (g,) in measured.style.items()}
    both = Targets(content={}, style=grams)
    shares = torch.zeros(2, 20, 24, dtype=torch.float64)
    shares[0, :, :12] = shares[1, :, 12:] = 1
    plain = STYLE_ALONE.evolve(style_layers=(("relu1_1", 1.0),))

    def pulls(recipe):
        loss = Loss(exact_network, both, recipe, guides=Guides(shares))
        _, gradient = loss.differentiate(picture)
        return gradient[..., :10].norm(), gradient[..., -10:].norm()

    balanced = pulls(plain.evolve(contrast_power=2))
    weak, strong = (float(b / p) for b, p in zip(balanced, pulls(plain), strict=True))
    assert strong / weak == pytest.approx(1 / 9)


def test_the_contrast_of_a_plain_style_is_amplified_only_so_far(exact_network, targets):
    picture, measured = targets
    recipe = STYLE_ALONE.evolve(contrast_power=2)
    faint = brighter(measured, 1e-3)
    loss, plain = (Loss(exact_network, faint, r) for r in (recipe, STYLE_ALONE))
    terms = [style_term(each, picture) for each in (loss, plain)]
    assert terms[0] / terms[1] == pytest.approx(10)


def test_total_variation_weighs_more_for_styles_of_much_energy(exact_network, targets):
    picture, measured = targets
    recipe = Recipe(style_layers=(("relu1_1", 1.0),), tv_energy_power=0.5)
    energy = float(measured.style["relu1_1"][0].square().mean()) / 1e5  # of the style as it is

    def term(factor, recipe=recipe):
        loss = Loss(exact_network, brighter(measured, factor / energy**0.25), recipe)
        _, *terms = loss.evaluate(picture, loss.layers).tolist()
        return dict(zip(loss.names, terms, strict=True))["total_variation"]

    plain = term(1, recipe.evolve(tv_energy_power=0))
    assert term(2) / plain == pytest.approx(2**2, rel=1e-6)  # the energy is 2⁴ times the usual one
    assert term(0.5) == pytest.approx(plain, rel=1e-6)
