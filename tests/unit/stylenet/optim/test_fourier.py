from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.fft import dctn

from stylenet.optim.fourier import FourierBasis

SIZES = [(8, 8), (7, 12), (1, 5), (33, 10)]


def picture(height, width):
    return torch.randn(
        1, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_is_invertible(height, width, exponent):
    spectrum = FourierBasis(height, width, exponent, dtype=torch.float64)
    x = picture(height, width)
    torch.testing.assert_close(spectrum.to_picture(spectrum.to_parameters(x)), x)
    torch.testing.assert_close(spectrum.to_parameters(spectrum.to_picture(x)), x)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_is_the_cosine_transform(height, width):
    x = picture(height, width)
    nearly_level = FourierBasis(height, width, 1e-9, dtype=torch.float64)
    np.testing.assert_allclose(
        nearly_level.to_parameters(x), dctn(x.numpy(), axes=(2, 3), norm="ortho"), atol=1e-6
    )


def test_without_an_exponent_the_parameters_are_the_pixels():
    spectrum = FourierBasis(6, 9, 0, dtype=torch.float64)
    x = picture(6, 9)
    torch.testing.assert_close(spectrum.to_parameters(x), x, rtol=0, atol=0)
    torch.testing.assert_close(spectrum.pull_back(x), x, rtol=0, atol=0)


def test_scales_fall_as_the_root_of_frequency_with_a_mean_square_of_1():
    spectrum = FourierBasis(64, 64, 0.5, dtype=torch.float64)
    impulse = torch.ones(1, 3, 64, 64, dtype=torch.float64)
    level = FourierBasis(64, 64, 1e-9, dtype=torch.float64)
    scale = 1 / spectrum.to_parameters(level.to_picture(impulse))
    assert scale[0].square().mean() == pytest.approx(1)
    assert scale[0, 0, 0, 40] / scale[0, 0, 0, 10] == pytest.approx((10 / 40) ** 0.5)
    assert scale[0, 0, 0, 0] == pytest.approx(scale[0, 0, 0, 2])  # below 1/64 it is level


@pytest.mark.parametrize("exponent", [0.0, 0.5])
def test_the_gradient_is_the_adjoint_and_agrees_with_finite_differences(exponent):
    spectrum = FourierBasis(6, 9, exponent, dtype=torch.float64)
    z, g = picture(6, 9), picture(6, 9).flip(3)
    inner = (spectrum.to_picture(z) * g).sum()
    torch.testing.assert_close((z * spectrum.pull_back(g)).sum(), inner)

    def loss(parameters):
        return (spectrum.to_picture(parameters) ** 3).sum()

    gradient = spectrum.pull_back(3 * spectrum.to_picture(z) ** 2)
    for index in [(0, 0, 0, 0), (0, 1, 5, 8), (0, 2, 3, 4)]:
        step = torch.zeros_like(z)
        step[index] = 1e-6
        numeric = (loss(z + step) - loss(z - step)) / 2e-6
        assert gradient[index] == pytest.approx(float(numeric), rel=1e-6)
