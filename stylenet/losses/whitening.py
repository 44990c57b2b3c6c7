"""Damped whitening of a style loss: the same minimum, but better conditioned."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["DampedWhitening"]

_LEADING = 64


class DampedWhitening:
    """mean(R²) over a Gram residual R = G − G*, with its steepest directions damped.

    The Gram matrix of a deep layer has a few huge eigenvalues and many small ones. The early steps
    on the plain mean of squares all go into the huge ones. With the style's Gram matrix
    G* = U diag(λ) Uᵀ and t = τ·max λ, the damped loss is::

        mean((Uᵀ R U)²ᵢⱼ · wᵢⱼ)        wᵢⱼ = t / ((λᵢ + λⱼ)/2 + t)

    It is zero exactly where the plain loss is, is never larger, and tends to it as τ → ∞. Whitening
    without damping, τ → 0, would amplify directions in which the style has hardly any variance,
    which are mostly noise. ``docs/method.md`` derives it.

    Only the 64 leading eigenvalues are used; the others are taken as 0, where the weight is nearly
    1. What remains is mean(R²) minus a correction in 64 directions, at a fraction of the cost.

    Args:
        target: G*, (channels, channels), symmetric and positive semidefinite.
        damping: τ, above 0.
    """

    def __init__(self, target: Tensor, damping: float) -> None:
        # In float64 on the CPU: it runs once per painting, and not every device has float64.
        values, vectors = torch.linalg.eigh(target.double().cpu())
        # k = min(64, channels): values (k,), vectors (channels, k)
        values, vectors = values.clamp(min=0)[-_LEADING:], vectors[:, -_LEADING:]
        floor = damping * values[-1].clamp(min=torch.finfo(torch.float32).tiny)
        weights = floor / ((values[:, None] + values[None, :]) / 2 + floor)  # (k, k)
        single = floor / (values / 2 + floor)  # (k,), where the other eigenvalue is taken as 0
        self._vectors = vectors.to(target)
        self._single = (2 * (1 - single)).to(target)
        self._leading = (1 - single[:, None] - single[None, :] + weights).to(target)
        self._target = target

    def __call__(self, gram: Tensor) -> Tensor:
        """Return the damped loss at a Gram matrix (channels, channels), a scalar."""
        residual = gram - self._target
        rotated = residual @ self._vectors  # R U: (channels, k)
        leading = self._vectors.T @ rotated  # D = Uᵀ R U: (k, k)
        # Σ w D² = Σ R² − 2 Σᵢ (1 − wᵢ) |R uᵢ|² + Σᵢⱼ (1 − wᵢ − wⱼ + wᵢⱼ) D²ᵢⱼ
        correction = (rotated.square() * self._single).sum()
        correction = correction - (leading.square() * self._leading).sum()
        loss: Tensor = (residual.square().sum() - correction) / residual.numel()
        return loss
