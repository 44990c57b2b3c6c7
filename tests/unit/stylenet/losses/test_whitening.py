from __future__ import annotations

import pytest
import torch

from stylenet.losses.functional import style_loss
from stylenet.losses.whitening import DampedWhitening


@pytest.fixture
def grams():
    """A target with eigenvalues over four decades, and a Gram matrix near it."""
    generator = torch.Generator().manual_seed(0)
    basis, _ = torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64, generator=generator))
    target = basis @ torch.diag(torch.logspace(-2, 2, 12, dtype=torch.float64)) @ basis.T
    noise = torch.randn(12, 12, dtype=torch.float64, generator=generator)
    return target, target + noise @ noise.T, basis


def test_damped_loss_is_zero_where_the_plain_loss_is(grams):
    target, gram, _ = grams
    assert DampedWhitening(target, 0.1)(target) == pytest.approx(0, abs=1e-18)
    assert DampedWhitening(target, 0.1)(gram) > 0


def test_damped_loss_tends_to_the_plain_loss_from_below(grams):
    target, gram, _ = grams
    values = [float(DampedWhitening(target, tau)(gram)) for tau in (0.01, 0.1, 1, 10, 1e9)]
    plain = float(style_loss(gram, target))
    assert values == sorted(values)
    assert values[-1] == pytest.approx(plain)
    assert values[0] < plain


def test_damped_loss_has_the_weights_of_the_formula(grams):
    target, _, basis = grams
    values = torch.logspace(-2, 2, 12, dtype=torch.float64)
    floor = 0.1 * values[-1]
    for i, j in ((0, 0), (3, 7), (11, 11)):
        direction = torch.outer(basis[:, i], basis[:, j])
        direction = (direction + direction.T) / (1 if i != j else 2)
        weight = floor / ((values[i] + values[j]) / 2 + floor)
        expected = weight * style_loss(direction, torch.zeros_like(direction))
        assert DampedWhitening(target, 0.1)(target + direction) == pytest.approx(float(expected))


def test_damped_gradient_against_finite_differences(grams):
    target, gram, _ = grams
    assert torch.autograd.gradcheck(DampedWhitening(target, 0.1), (gram.requires_grad_(),))


def test_a_style_without_any_features(grams):
    zero = torch.zeros(5, 5)
    assert DampedWhitening(zero, 0.1)(torch.eye(5)).isfinite()
