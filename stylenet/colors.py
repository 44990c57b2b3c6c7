"""Colours: giving one picture the colours of another, and keeping a picture's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

__all__ = ["luminance", "match_colors", "match_luminance", "with_luminance"]

_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, on gamma-coded values
_SMALLEST_VARIANCE = 1e-3


def match_colors(source: Values, reference: Values) -> Values:
    """Give `source` the mean colour and the covariance of colours of `reference`.

    Of the linear maps that do it, the one that moves colours least in a coloured picture's own
    axes is x ↦ Σr^½ Σs^-½ (x − μs) + μr (arXiv 1611.07865, §5.1). Values may leave 0..255.

    Args:
        source: (height, width, 3) in 0..255.
        reference: (height, width, 3) in 0..255, of any size.

    Returns:
        The shape of `source`.
    """
    source_mean, source_covariance = _moments(source)
    mean, covariance = _moments(reference)
    matrix = _power(covariance, 0.5) @ _power(source_covariance, -0.5)
    matched: Values = (source - source_mean) @ matrix.T + mean
    return matched


def _moments(picture: Values) -> tuple[Values, Values]:
    rows = picture.reshape(-1, 3)
    mean = rows.mean(axis=0)
    centred = rows - mean
    return mean, centred.T @ centred / len(rows)


def _power(covariance: Values, exponent: float) -> Values:
    """Raise a symmetric matrix to a power; a flat picture's eigenvalues are kept off zero."""
    values, vectors = np.linalg.eigh(covariance)
    powered: Values = (vectors * values.clip(_SMALLEST_VARIANCE) ** exponent) @ vectors.T
    return powered


def luminance(picture: Values) -> Values:
    """Return the brightness of each pixel as a grey picture, the same in all three channels."""
    grey: Values = (picture @ _LUMA)[..., None].repeat(3, axis=-1)
    return grey


def match_luminance(source: Values, reference: Values) -> Values:
    """Give a grey `source` the mean and the spread of brightness of a grey `reference`."""
    spread = max(float(source.std()), _SMALLEST_VARIANCE**0.5)
    matched: Values = (source - source.mean()) * (reference.std() / spread) + reference.mean()
    return matched


def with_luminance(picture: Values, grey: Values) -> Values:
    """Return `picture` in its own hues, with the brightness of the grey picture `grey`."""
    return picture + (luminance(grey) - luminance(picture))
