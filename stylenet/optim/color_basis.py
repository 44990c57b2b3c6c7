"""The picture's colours as its styles know them: what they do not vary is hardly painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from stylenet.preprocessing.colors import blended_moments, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from torch import Tensor

    from stylenet.optim.masking import Variables

    Values = npt.NDArray[np.float64]

__all__ = ["ColorBasis"]

_SLOWEST = 0.03


class ColorBasis:
    """A linear change of variables x = M y between a picture's colours x and what is painted, y.

    The network tells colours apart that a style does not have: the gradient of a grey picture's
    loss, with a grey style, is not grey. A search in pixels takes colour on, speckles along
    borders most of all, and spends its steps on getting rid of it. M = U diag(s) Uᵀ, where the
    columns of U are the principal axes of the styles' colours, with variances v, and

        s = √(v / (share · max v)), at least 0.03 and at most 1.

    So a step along the gradient moves colours s² as far along an axis that the styles hardly
    vary. Most paintings vary all three enough, and M is the unit.

    Args:
        variables: of y.
        styles: one or more pictures, (height, width, 3) in 0..255, of any sizes.
        start: the picture painting starts from, likewise. Where it has colours that the styles
            have not, they must be got rid of: what it varies around the styles' mean counts too.
        covered: (height, width) in 0..1, which part of it is painted; None for all of it.
        share: see above; 0 makes M the unit.
        device: of the pictures.
    """

    def __init__(
        self,
        variables: Variables,
        *,
        styles: Sequence[Values],
        start: Values,
        covered: Values | None = None,
        share: float,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._variables = variables
        scales, axes = _axes(styles, start, covered, share)
        self._mix = torch.from_numpy((axes * scales) @ axes.T).to(device, dtype)
        self._unmix = torch.from_numpy((axes / scales) @ axes.T).to(device, dtype)
        self._is_unit = bool((scales == 1).all())

    def picture(self, parameters: Tensor) -> Tensor:
        """Return x; see `Variables.picture`."""
        return self._apply(self._mix, self._variables.picture(parameters))

    def parameters(self, picture: Tensor) -> Tensor:
        """Return the parameters of x = `picture`."""
        return self._variables.parameters(self._apply(self._unmix, picture))

    def gradient(self, gradient: Tensor) -> Tensor:
        """Return ∂/∂z, given ∂/∂x: M is symmetric."""
        return self._variables.gradient(self._apply(self._mix, gradient))

    def _apply(self, matrix: Tensor, picture: Tensor) -> Tensor:
        if self._is_unit:
            return picture
        return torch.einsum("ij,bjhw->bihw", matrix, picture)


def _axes(
    styles: Sequence[Values], start: Values, covered: Values | None, share: float
) -> tuple[Values, Values]:
    """s, with a greatest of 1, and U."""
    mean, covariance = blended_moments(styles)
    start_mean, start_covariance = moments(start, covered)
    away = start_mean - mean
    variances, axes = np.linalg.eigh(covariance + start_covariance + np.outer(away, away))
    if share == 0 or variances[-1] <= 0:
        return np.ones(3), axes
    scales = np.sqrt(variances.clip(0) / (share * variances[-1])).clip(_SLOWEST, 1)
    return scales, axes
