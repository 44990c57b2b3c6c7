from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.optim.color_basis import ColorBasis
from stylenet.optim.fourier import FourierBasis

RANDOM = np.random.default_rng(0)
COLORED = RANDOM.uniform(0, 255, (12, 10, 3))
GREY = COLORED[..., :1].repeat(3, axis=-1)
FLAT = np.full((5, 5, 3), 80.0)


def palette(*styles, start=None, share=0.002):
    """Over the pixels themselves, so that only colours are mixed."""
    return ColorBasis(
        FourierBasis(6, 9, 0, dtype=torch.float64),
        styles=styles,
        start=styles[0] if start is None else start,
        share=share,
        dtype=torch.float64,
    )


def picture(seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.randn(1, 3, 6, 9, dtype=torch.float64, generator=random)


@pytest.mark.parametrize("styles", [(COLORED,), (GREY,), (FLAT,), (GREY, COLORED)])
def test_it_is_invertible_and_pulls_back_by_the_adjoint(styles):
    basis, z, g = palette(*styles), picture(), picture(1)
    torch.testing.assert_close(basis.to_parameters(basis.to_picture(z)), z)
    inner = (basis.to_picture(z) * g).sum()
    torch.testing.assert_close((z * basis.pull_back(g)).sum(), inner)


@pytest.mark.parametrize(
    "basis",
    [
        palette(COLORED),
        palette(FLAT),
        palette(GREY, share=0),
        palette(GREY, COLORED),
        palette(GREY, start=COLORED),  # its colours must be removed
        palette(FLAT, start=COLORED),
    ],
)
def test_it_is_the_identity_where_colours_vary_enough(basis):
    torch.testing.assert_close(basis.pull_back(picture()), picture(), rtol=0, atol=0)


def test_a_grey_style_scales_hues_down():
    g = picture()
    moved = palette(GREY).to_picture(palette(GREY).pull_back(g))  # a step along the gradient
    torch.testing.assert_close(moved.mean(dim=1), g.mean(dim=1))
    hues = g - g.mean(dim=1, keepdim=True)
    torch.testing.assert_close(moved - moved.mean(dim=1, keepdim=True), hues * 0.03**2)


def test_a_deviation_from_the_styles_mean_is_not_scaled_down():
    reddish = GREY + np.array([60.0, 0.0, 0.0])
    g = torch.zeros(1, 3, 6, 9, dtype=torch.float64)
    g[:, 0] = 1
    moved = palette(GREY, start=reddish).pull_back(g)
    assert moved[0, 0].mean() == pytest.approx(1, rel=0.05)


def test_an_axis_of_little_variance_is_scaled_by_its_share():
    """Along blue the variance is a thousandth of red's: half of the share of 0.002."""
    style = np.zeros((50, 50, 3))
    style[..., 0] = RANDOM.standard_normal((50, 50))
    style[..., 2] = RANDOM.standard_normal((50, 50))
    style /= style.std(axis=(0, 1)).clip(1e-9)
    style *= np.array([100.0, 0.0, 1000**-0.5 * 100])
    centred = style.reshape(-1, 3) - style.reshape(-1, 3).mean(axis=0)
    centred[:, 2] -= centred[:, 0] * (centred[:, 2] @ centred[:, 0]) / (centred[:, 0] ** 2).sum()
    style = centred.reshape(50, 50, 3)
    ratio = style[..., 2].var() / style[..., 0].var() / 0.002
    g = torch.zeros(1, 3, 6, 9, dtype=torch.float64)
    g[:, 2] = 1
    assert palette(style).pull_back(g)[0, 2].mean() == pytest.approx(ratio**0.5, rel=1e-6)
