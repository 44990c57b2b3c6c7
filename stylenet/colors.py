"""Colours: giving one picture the colours of another, and keeping a picture's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

__all__ = ["luminance", "match_colors", "match_luminance", "with_luminance"]

_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, on gamma-coded values
_SMALLEST_VARIANCE = 9.0
"""Along an axis of colours whose spread is below 3 levels there is little but rounding and what
compression left. Raised to a painting's spread it would be stripes across every clear sky."""


def match_colors(
    source: Values,
    references: Sequence[Values],
    mix: Sequence[float] = (),
    *,
    share: Values | None = None,
) -> Values:
    """Give `source` the mean colour and the covariance of colours of the references.

    Of the linear maps that do it, the one that moves colours least in a coloured picture's own
    axes is x ↦ Σr^½ Σs^-½ (x − μs) + μr (arXiv 1611.07865, §5.1). Values may leave 0..255.

    Args:
        source: (height, width, 3) in 0..255.
        references: one picture or more, (height, width, 3) in 0..255, of any sizes.
        mix: the weight of each of their palettes; empty for equal ones.
        share: (height, width), how much each pixel of `source` counts in its own mean and
            covariance; None counts all alike.

    Returns:
        The shape of `source`.
    """
    source_mean, source_covariance = _moments(source, share)
    weights = np.array(mix or (1.0,) * len(references))
    weights /= weights.sum()
    palettes = [_moments(reference) for reference in references]
    mean = sum(weight * mu for weight, (mu, _) in zip(weights, palettes, strict=True))
    covariance = sum(
        weight * (sigma + np.outer(mu - mean, mu - mean))
        for weight, (mu, sigma) in zip(weights, palettes, strict=True)
    )
    matrix = _power(covariance, 0.5) @ _power(source_covariance, -0.5, _SMALLEST_VARIANCE)
    matched: Values = (source - source_mean) @ matrix.T + mean
    return matched


def _moments(picture: Values, share: Values | None = None) -> tuple[Values, Values]:
    rows = picture.reshape(-1, picture.shape[-1])
    weights = None if share is None else share.reshape(-1)
    mean = np.average(rows, axis=0, weights=weights)
    centred = rows - mean
    weighted = centred if weights is None else centred * weights[:, None]
    return mean, weighted.T @ centred / (len(rows) if weights is None else weights.sum())


def _power(covariance: Values, exponent: float, least: float = 0.0) -> Values:
    """Raise a symmetric matrix to a power; eigenvalues below `least` count as that."""
    values, vectors = np.linalg.eigh(covariance)
    powered: Values = (vectors * values.clip(least) ** exponent) @ vectors.T
    return powered


def luminance(picture: Values) -> Values:
    """Return the brightness of each pixel as a grey picture, the same in all three channels."""
    grey: Values = (picture @ _LUMA)[..., None].repeat(3, axis=-1)
    return grey


def match_luminance(source: Values, reference: Values, *, share: Values | None = None) -> Values:
    """Give a grey `source` the mean and the spread of brightness of a grey `reference`.

    Args:
        source: (height, width, 3), the same in all three channels.
        reference: likewise, of any size.
        share: (height, width), how much each pixel of `reference` counts; None for all alike.
    """
    (mean, *_), covariance = _moments(reference, share)
    spread = max(float(source.std()), _SMALLEST_VARIANCE**0.5)
    matched: Values = (source - source.mean()) * (covariance[0, 0] ** 0.5 / spread) + mean
    return matched


def with_luminance(picture: Values, grey: Values) -> Values:
    """Return `picture` in its own hues, with the brightness of the grey picture `grey`."""
    return picture + (luminance(grey) - luminance(picture))
