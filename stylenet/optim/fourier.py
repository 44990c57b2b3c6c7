"""A picture's cosine coefficients, scaled so that all frequencies change equally easily."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["FourierBasis"]


class FourierBasis:
    """A linear parametrization x = A z of a picture x by its parameters z.

    z holds the coefficients of the picture's cosine transform (DCT-II, orthonormal), each divided
    by a scale s(f) that falls with its frequency f as f^−p. The amplitudes of natural pictures,
    and of the corrections that a style asks for, fall in the same way. In z they are level, so
    the first step along the gradient is well scaled.

    With p = 0 the parameters are the pixels themselves. All scales would be 1 and z a rotation of
    the picture, but Adam, which scales each parameter alone, is not invariant to rotations: the
    cookbook's loss after 100 steps would nearly double.

    Cosines rather than a Fourier transform: they continue a picture by its mirror image, where a
    periodic transform would join the left border to the right one.

    The scales are divided by their root mean square, so that a z of root mean square 1 gives a
    picture of root mean square near 1.

    Args:
        height, width: of the picture, in pixels.
        exponent: p, from 0.
        device, dtype: of the pictures.
    """

    def __init__(
        self,
        height: int,
        width: int,
        exponent: float,
        *,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._is_pixels = exponent == 0
        self._rows = _cosines(height).to(device, dtype)
        self._columns = _cosines(width).to(device, dtype)
        scale = _scale(height, width, exponent)
        self._scale = scale.to(device, dtype)

    def to_picture(self, parameters: Tensor) -> Tensor:
        """Return x = A z. Both (1, 3, height, width)."""
        if self._is_pixels:
            return parameters
        return self._rows.T @ (parameters * self._scale) @ self._columns

    def to_parameters(self, picture: Tensor) -> Tensor:
        """Return z = A⁻¹ x. Both (1, 3, height, width)."""
        if self._is_pixels:
            return picture
        return (self._rows @ picture @ self._columns.T) / self._scale

    def pull_back(self, gradient: Tensor) -> Tensor:
        """Return ∂/∂z = Aᵀ ∂/∂x. Both (1, 3, height, width)."""
        if self._is_pixels:
            return gradient
        return (self._rows @ gradient @ self._columns.T) * self._scale


def _cosines(size: int) -> Tensor:
    """Return the orthonormal DCT-II as a float64 matrix, (frequency, position)."""
    frequency = torch.arange(size, dtype=torch.float64)[:, None]
    position = torch.arange(size, dtype=torch.float64)[None, :] + 0.5
    cosines = torch.cos(math.pi / size * frequency * position) * math.sqrt(2 / size)
    cosines[0] /= math.sqrt(2)
    return cosines


def _scale(height: int, width: int, exponent: float) -> Tensor:
    """Return s(f) by frequency, (height, width) float64, with a root mean square of 1."""
    # The k-th cosine along a side of n pixels has k / 2n cycles per pixel.
    vertical = torch.arange(height, dtype=torch.float64)[:, None] / (2 * height)
    horizontal = torch.arange(width, dtype=torch.float64)[None, :] / (2 * width)
    frequency = torch.hypot(vertical, horizontal).clamp(min=1 / max(height, width))
    scale = frequency**-exponent
    return scale / scale.square().mean().sqrt()
