"""A picture's colours along the axes of its styles' colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from stylenet.preprocessing.colors import blended_moments, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from stylenet.arrays import Values
    from stylenet.optim.masking import Parametrization


__all__ = ["ColorBasis"]

_SMALLEST_SCALE = 0.03


class ColorBasis:
    """A linear parametrization x = M y of a picture's colours x.

    The network distinguishes colours that a style does not have: with a grey style and a grey
    picture, the loss's gradient is not grey. A search in pixels picks up such colours, mostly as
    speckles along edges, and spends steps on removing them. M = U diag(s) Uᵀ, where the columns
    of U are the principal axes of the styles' colours, with variances v, and

        s = √(v / (share · max v)), at least 0.03 and at most 1.

    So a step along the gradient changes colours s² as far along an axis of little variance. The
    colours of most paintings vary enough along all three axes, and M is the identity.

    Args:
        inner: parametrization of y.
        styles: one or more pictures, (height, width, 3) in 0..255, of any sizes.
        start: the initial picture, likewise. Colours in it that the styles do not have must be
            removed, so its deviations from the styles' mean add to v.
        covered: (height, width) in 0..1, the part of it that is painted; None for all of it.
        share: see above; 0 makes M the identity.
        device: of the pictures.
    """

    def __init__(
        self,
        inner: Parametrization,
        *,
        styles: Sequence[Values],
        start: Values,
        covered: Values | None = None,
        share: float,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._inner = inner
        scales, axes = _axes(styles, start, covered, share)
        self._mix = torch.from_numpy((axes * scales) @ axes.T).to(device, dtype)
        self._unmix = torch.from_numpy((axes / scales) @ axes.T).to(device, dtype)
        self._is_identity = bool((scales == 1).all())

    def to_picture(self, parameters: Tensor) -> Tensor:
        """Return x; see `Parametrization.to_picture`."""
        return self._apply(self._mix, self._inner.to_picture(parameters))

    def to_parameters(self, picture: Tensor) -> Tensor:
        """Return the parameters of x = `picture`."""
        return self._inner.to_parameters(self._apply(self._unmix, picture))

    def pull_back(self, gradient: Tensor) -> Tensor:
        """Return ∂/∂z, given ∂/∂x: M is symmetric."""
        return self._inner.pull_back(self._apply(self._mix, gradient))

    def _apply(self, matrix: Tensor, picture: Tensor) -> Tensor:
        if self._is_identity:
            return picture
        return torch.einsum("ij,bjhw->bihw", matrix, picture)


def _axes(
    styles: Sequence[Values], start: Values, covered: Values | None, share: float
) -> tuple[Values, Values]:
    """Return s, (3,), and U, (3, 3)."""
    mean, covariance = blended_moments(styles)
    start_mean, start_covariance = moments(start, covered)
    shift = start_mean - mean
    variances, axes = np.linalg.eigh(covariance + start_covariance + np.outer(shift, shift))
    if share == 0 or variances[-1] <= 0:
        return np.ones(3), axes
    scales = np.sqrt(variances.clip(0) / (share * variances[-1])).clip(_SMALLEST_SCALE, 1)
    return scales, axes
