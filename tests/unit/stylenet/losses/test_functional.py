from __future__ import annotations

import pytest
import torch

from stylenet.losses.functional import (
    content_loss,
    gram_matrix,
    out_of_gamut,
    style_loss,
    total_variation,
)


def checkerboard(height, width):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return ((x + y) % 2).double().expand(1, 3, height, width)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (5, 9), (2, 31)])
def test_total_variation_of_a_checkerboard_is_exactly_two(height, width):
    assert total_variation(checkerboard(height, width)) == 2.0


def test_each_direction_is_divided_by_its_own_number_of_differences():
    """Stripes one pixel wide along the long side: every dx is 1 and every dy is 0."""
    stripes = (torch.arange(20.0) % 2).expand(1, 3, 4, 20)
    assert total_variation(stripes) == 1.0
    assert total_variation(stripes.transpose(2, 3)) == 1.0
    ramp = torch.arange(20.0).expand(1, 3, 4, 20) * 3
    assert total_variation(ramp) == 9.0


def test_a_side_of_one_pixel_adds_nothing():
    assert total_variation(checkerboard(1, 10)) == 1.0
    assert total_variation(torch.zeros(1, 3, 1, 1)) == 0.0


def test_gram_of_known_features():
    # Two channels over 1 × 2 pixels: F = [[1, 2], [3, 4]] by pixel and channel.
    features = torch.tensor([[1.0, 3.0], [2.0, 4.0]]).view(1, 2, 1, 2)
    expected = torch.tensor([[10.0, 14.0], [14.0, 20.0]]) / 4
    torch.testing.assert_close(gram_matrix(features), expected)


def test_gram_is_independent_of_positions_and_memory_format():
    features = torch.randn(1, 6, 5, 7, generator=torch.Generator().manual_seed(0))
    shuffled = features.flatten(2)[:, :, torch.randperm(35)].view_as(features)
    torch.testing.assert_close(gram_matrix(features), gram_matrix(shuffled))
    last = features.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(gram_matrix(features), gram_matrix(last))


def test_gram_gradient_against_finite_differences():
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 4, 3, 5, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(gram_matrix, (features.requires_grad_(),))
    # An upstream gradient that is not symmetric, as no loss of ours makes it, counts too.
    weight = torch.randn(4, 4, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(lambda f: (gram_matrix(f) * weight).sum(), (features,))


@pytest.mark.parametrize("loss", [total_variation, out_of_gamut])
def test_picture_terms_against_finite_differences(loss):
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(1, 3, 4, 5, dtype=torch.float64, generator=generator) * 200 + 100
    assert torch.autograd.gradcheck(loss, (picture.requires_grad_(),))


def test_content_and_style_loss_are_means_of_squares():
    one, other = torch.zeros(1, 2, 3, 4), torch.full((1, 2, 3, 4), 3.0)
    assert content_loss(one, other) == 9.0
    assert style_loss(torch.eye(2), torch.zeros(2, 2)) == 0.5


def test_only_values_outside_the_gamut_are_penalised():
    assert out_of_gamut(torch.tensor([0.0, 255.0, 128.0])) == 0.0
    assert out_of_gamut(torch.tensor([-2.0, 259.0])) == (4 + 16) / 2
