"""Damped whitening of a style term: the same optimum, reached along easier ways."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["DampedWhitening"]

_LEADING = 64


class DampedWhitening:
    """mean(R²) over a Gram residual R = G − G*, with its steep directions damped.

    A deep layer's Gram has a few huge eigenvalues and many small ones, and the plain mean of
    squares spends every early step on the huge ones. With G* = U diag(λ) Uᵀ of the style and
    t = τ·max λ, this is::

        mean((Uᵀ R U)²ᵢⱼ · wᵢⱼ)        wᵢⱼ = t / ((λᵢ + λⱼ)/2 + t)

    It is zero where the plain term is, never larger than it, and tends to it as τ → ∞. Whitening
    without the damping, τ → 0, would raise directions in which the style hardly has any variance
    at all, and with them its noise. ``docs/method.md`` derives it.

    The eigenvalues beyond the leading 64 are taken as 0, where the weight is hardly below 1: then
    mean(R²) less a correction within few directions remains, at a fraction of the arithmetic.

    Args:
        target: G*, (channels, channels), symmetric and positive semidefinite.
        damping: τ, above 0.
    """

    def __init__(self, target: Tensor, damping: float) -> None:
        # In float64 on the CPU: once per painting, and not every device has it.
        values, vectors = torch.linalg.eigh(target.double().cpu())
        values, vectors = values.clamp(min=0)[-_LEADING:], vectors[:, -_LEADING:]
        floor = damping * values[-1].clamp(min=torch.finfo(torch.float32).tiny)
        weights = floor / ((values[:, None] + values[None, :]) / 2 + floor)
        beyond = floor / (values / 2 + floor)  # where the other eigenvalue counts as 0
        self._vectors = vectors.to(target)
        self._beyond = (2 * (1 - beyond)).to(target)
        self._leading = (1 - beyond[:, None] - beyond[None, :] + weights).to(target)
        self._target = target

    def __call__(self, gram: Tensor) -> Tensor:
        """Return the damped term at a Gram matrix (channels, channels), a scalar."""
        residual = gram - self._target
        turned = residual @ self._vectors  # R U: (channels, leading)
        leading = self._vectors.T @ turned
        # Σ w D² = Σ R² − 2 Σᵢ (1 − wᵢ) |R uᵢ|² + Σᵢⱼ (1 − wᵢ − wⱼ + wᵢⱼ) D²ᵢⱼ over the leading.
        damped = (turned.square() * self._beyond).sum() - (leading.square() * self._leading).sum()
        term: Tensor = (residual.square().sum() - damped) / residual.numel()
        return term
