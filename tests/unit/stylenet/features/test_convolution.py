"""Our autograd function compared with torch's padding, convolution and ReLU."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from stylenet.features.convolution import convolve
from stylenet.recipe import Padding


def by_torch(x, kernel, bias, padding, *, rectified):
    reach = kernel.shape[-1] // 2
    if padding is Padding.REPLICATE and reach:
        x, reach = F.pad(x, (reach,) * 4, mode="replicate"), 0
    y = F.conv2d(x, kernel, bias, padding=reach)
    return F.relu(y) if rectified else y


@pytest.mark.parametrize("padding", Padding)
@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize(("side", "with_bias"), [(3, True), (3, False), (1, True)])
@pytest.mark.parametrize("shape", [(7, 5), (2, 3), (1, 4), (4, 1), (1, 1)])
def test_output_and_gradient_equal_torchs(padding, rectified, side, with_bias, shape):
    random = torch.Generator().manual_seed(3)

    def tensor(*size):
        return torch.randn(size, generator=random, dtype=torch.float64)

    kernel, bias = tensor(4, 3, side, side), tensor(4) if with_bias else None
    x, pull = tensor(1, 3, *shape), tensor(1, 4, *shape)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    found = convolve(ours, kernel, bias, padding=padding, rectified=rectified)
    expected = by_torch(theirs, kernel, bias, padding, rectified=rectified)
    torch.testing.assert_close(found, expected)
    found.backward(pull)
    expected.backward(pull)
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_it_saves_only_the_rectified_output():
    """It does not save its input, so that each layer's features are kept only once."""
    kept = []

    def pack(tensor):
        kept.append(tensor.shape)
        return tensor

    x = torch.randn(1, 3, 8, 8).requires_grad_()
    kernel = torch.randn(4, 3, 3, 3)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        convolve(x, kernel, padding=Padding.REPLICATE, rectified=True)
    assert sorted(kept) == sorted([kernel.shape, (1, 4, 8, 8)])
