"""Match a picture's colours or luminance to another's, and measure colour statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stylenet.arrays import Values


__all__ = [
    "blended_moments",
    "color_noise",
    "luminance",
    "match_colors",
    "match_luminance",
    "moments",
    "with_luminance",
]

_LUMA = np.array([0.299, 0.587, 0.114])  # Rec. 601, on gamma-coded values
_SMALLEST_VARIANCE = 9.0
"""In squared levels. A colour axis with a standard deviation below 3 levels holds little but
rounding and compression artefacts. Amplified to the style's spread, they stripe a clear sky."""
_SMALLEST_CONTRAST = 25.0
"""In levels. Matched to a style of one colour the content would vanish, so it keeps this much."""


def match_colors(
    source: Values,
    references: Sequence[Values],
    mix: Sequence[float] = (),
    *,
    share: Values | None = None,
) -> Values:
    """Give `source` the mean colour and the colour covariance of the references.

    The linear map is x ↦ Σr^½ Σs^-½ (x − μs) + μr (arXiv 1611.07865, §5.1). Values may leave
    0..255.

    Args:
        source: (height, width, 3) in 0..255.
        references: one picture or more, (height, width, 3) in 0..255, of any sizes.
        mix: the weight of each reference's colours; empty for equal weights.
        share: (height, width), weight of each pixel of `source` in its mean and covariance;
            None for equal weights.

    Returns:
        The shape of `source`.
    """
    source_mean, source_covariance = moments(source, share)
    mean, covariance = blended_moments(references, mix)
    missing = _SMALLEST_CONTRAST**2 - np.trace(covariance) / 3
    covariance = covariance + max(0.0, missing) * np.ones((3, 3))  # more variance along grey
    matrix = _power(covariance, 0.5) @ _power(source_covariance, -0.5, _SMALLEST_VARIANCE)
    matched: Values = (source - source_mean) @ matrix.T + mean
    return matched


def blended_moments(pictures: Sequence[Values], mix: Sequence[float] = ()) -> tuple[Values, Values]:
    """Return the mean colour and the colour covariance of all pictures together.

    Args:
        pictures: one or more, (height, width, 3) in 0..255, of any sizes.
        mix: weight of each picture; empty for equal weights.

    Returns:
        (3,) and (3, 3).
    """
    weights = np.array(mix or (1.0,) * len(pictures))
    weights /= weights.sum()
    each = [moments(picture) for picture in pictures]
    mean: Values = np.sum([w * mu for w, (mu, _) in zip(weights, each, strict=True)], axis=0)
    parts = [
        weight * (sigma + np.outer(mu - mean, mu - mean))
        for weight, (mu, sigma) in zip(weights, each, strict=True)
    ]
    return mean, np.sum(parts, axis=0)


def color_noise(noise: Values, references: Sequence[Values]) -> Values:
    """Give noise of variance 1 in every channel the colour covariance of the references.

    Args:
        noise: (height, width, 3), its channels independent.
        references: one picture or more, (height, width, 3) in 0..255, of any sizes.

    Returns:
        The shape of `noise`, with a mean variance of 1.
    """
    _, covariance = blended_moments(references)
    variance = np.trace(covariance) / 3
    if variance < _SMALLEST_VARIANCE:
        return noise
    colored: Values = noise @ _power(covariance / variance, 0.5)
    return colored


def moments(picture: Values, share: Values | None = None) -> tuple[Values, Values]:
    """Return the mean colour (channels,) and the colour covariance (channels, channels).

    Args:
        picture: (height, width, channels).
        share: (height, width), weight of each pixel; None for equal weights.
    """
    rows = picture.reshape(-1, picture.shape[-1])  # (pixels, channels)
    weights = None if share is None else share.reshape(-1)
    mean = np.average(rows, axis=0, weights=weights)
    centred = rows - mean
    weighted = centred if weights is None else centred * weights[:, None]
    return mean, weighted.T @ centred / (len(rows) if weights is None else weights.sum())


def _power(covariance: Values, exponent: float, least: float = 0.0) -> Values:
    """Raise a symmetric matrix to a power; eigenvalues are raised to `least` first."""
    values, vectors = np.linalg.eigh(covariance)
    powered: Values = (vectors * values.clip(least) ** exponent) @ vectors.T
    return powered


def luminance(picture: Values) -> Values:
    """Return the luma (Rec. 601) of each pixel, repeated in three channels: (height, width, 3)."""
    grey: Values = (picture @ _LUMA)[..., None].repeat(3, axis=-1)
    return grey


def match_luminance(source: Values, reference: Values, *, share: Values | None = None) -> Values:
    """Give a grey `source` the mean and standard deviation of a grey `reference`.

    Args:
        source: (height, width, 3) with equal channels.
        reference: likewise, of any size.
        share: (height, width), weight of each pixel of `reference`; None for equal weights.
    """
    (mean, *_), covariance = moments(reference, share)
    spread = max(float(source.std()), _SMALLEST_VARIANCE**0.5)
    matched: Values = (source - source.mean()) * (covariance[0, 0] ** 0.5 / spread) + mean
    return matched


def with_luminance(picture: Values, grey: Values) -> Values:
    """Return `picture` with its luminance replaced by that of `grey`; same shape."""
    return picture + (luminance(grey) - luminance(picture))
