"""The formulas of the loss as pure functions; each docstring states the normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

if TYPE_CHECKING:
    from torch.autograd.function import FunctionCtx

__all__ = [
    "content_loss",
    "gram_matrix",
    "gram_sum",
    "out_of_gamut",
    "style_loss",
    "total_variation",
]


class _Gram(torch.autograd.Function):
    """Fᵀ diag(w) F with a single matrix product in the backward pass.

    Autograd treats the two factors as different matrices and takes two products.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, features: Tensor, weights: Tensor | None) -> Tensor:
        rows = _rows(features)  # (height·width, channels)
        ctx.save_for_backward(features, weights)  # type: ignore[arg-type]
        return rows.T @ _weighted(rows, weights)

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        features, weights = cast(
            "tuple[Tensor, Tensor | None]",
            ctx.saved_tensors,  # type: ignore[attr-defined]
        )
        (grad,) = grads
        grad_rows = _weighted(_rows(features) @ (grad + grad.T), weights)
        _, channels, height, width = features.shape
        # (H·W, C) → (1, C, H, W)
        return grad_rows.view(1, height, width, channels).permute(0, 3, 1, 2), None


def _rows(features: Tensor) -> Tensor:
    """Reshape (1, C, H, W) to (H·W, C), without a copy if the features are channels_last."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _weighted(rows: Tensor, weights: Tensor | None) -> Tensor:
    return rows if weights is None else rows * weights.reshape(-1, 1)


def gram_sum(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return Fᵀ diag(w) F, where F has a row per position and a column per channel.

    It is additive: the sums over the parts of a picture add up to the sum over the whole.

    Args:
        features: (1, channels, height, width).
        weights: (height, width), one per position; None for 1 everywhere. They get no gradient.

    Returns:
        (channels, channels), symmetric.
    """
    gram: Tensor = _Gram.apply(features, weights)
    return gram


def gram_matrix(features: Tensor) -> Tensor:
    """Return G = FᵀF / size(F), where F has a row per position and a column per channel.

    Some programs divide by the number of positions only; their result is C times this one.

    Args:
        features: (1, channels, height, width).

    Returns:
        (channels, channels), symmetric.
    """
    return gram_sum(features) / features.numel()


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return Σ(F − F*)² / size(F). Both (1, channels, height, width)."""
    return (features - target).square().mean()


def style_loss(gram: Tensor, target: Tensor) -> Tensor:
    """Return Σ(G − G*)² / size(G). Both (channels, channels)."""
    return (gram - target).square().mean()


def total_variation(picture: Tensor) -> Tensor:
    """Return Σdy²/N_dy + Σdx²/N_dx over neighbouring pixels.

    Each sum is divided by the number of its own differences. A checkerboard of 0 and 1 has a
    total variation of exactly 2.

    Args:
        picture: (1, 3, height, width), at least one pixel; a side of one pixel adds 0.
    """
    total = picture.new_zeros(())
    for axis in (-2, -1):
        size = picture.shape[axis]
        if size > 1:
            difference = picture.narrow(axis, 1, size - 1) - picture.narrow(axis, 0, size - 1)
            total = total + difference.square().mean()
    return total


def out_of_gamut(picture: Tensor) -> Tensor:
    """Return the mean squared distance of the values from 0..255, the range a file can hold."""
    return (picture - picture.clamp(0, 255)).square().mean()
