"""Damped whitening of a style term: the same optimum, reached along easier ways."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["DampedWhitening"]


class DampedWhitening:
    """mean(R²) over a Gram residual R = G − G*, with its steep directions damped.

    A deep layer's Gram has a few huge eigenvalues and many small ones, and the plain mean of
    squares spends every early step on the huge ones. With G* = U diag(λ) Uᵀ of the style and
    t = τ·max λ, this is::

        mean((Uᵀ R U)²ᵢⱼ · wᵢⱼ)        wᵢⱼ = t / ((λᵢ + λⱼ)/2 + t)

    It is zero where the plain term is, never larger than it, and tends to it as τ → ∞. Whitening
    without the damping, τ → 0, would raise directions in which the style hardly has any variance
    at all, and with them its noise. ``docs/method.md`` derives it.

    Args:
        target: G*, (channels, channels), symmetric and positive semidefinite.
        damping: τ, above 0.
    """

    def __init__(self, target: Tensor, damping: float) -> None:
        # In float64 on the CPU: once per painting, and not every device has it.
        values, vectors = torch.linalg.eigh(target.double().cpu())
        values = values.clamp(min=0)
        floor = damping * values[-1].clamp(min=torch.finfo(torch.float32).tiny)
        weights = floor / ((values[:, None] + values[None, :]) / 2 + floor)
        self._vectors = vectors.to(target)
        self._weights = weights.to(target)
        self._target = target

    def __call__(self, gram: Tensor) -> Tensor:
        """Return the damped term at a Gram matrix (channels, channels), a scalar."""
        residual = self._vectors.T @ (gram - self._target) @ self._vectors
        term: Tensor = (residual.square() * self._weights).mean()
        return term
