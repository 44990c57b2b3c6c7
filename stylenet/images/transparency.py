"""Flatten transparency on a background that keeps the subject visible; notice blank pictures."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

__all__ = ["choose_background", "is_fully_transparent", "is_single_color"]

_BACKGROUNDS: Final = ((255, 255, 255), (32, 32, 32), (128, 128, 128))
"""Candidates, the preferred one first."""

_VISIBLE_DIFFERENCE: Final = 56
"""Difference in a channel, in levels of 0..255, that is clearly visible."""

_ENOUGH: Final = 0.9
"""Part of the best candidate's visible share at which the preferred one is taken."""

_SAMPLE_SIDE: Final = 512
_VISIBLE_ALPHA: Final = 8
_SAME_LEVELS: Final = 4
"""Range of each channel within which a picture is of one colour; JPEG's errors are smaller."""


def choose_background(image: Image.Image, alpha: Image.Image) -> tuple[int, int, int]:
    """Choose the colour from which most of the opaque pixels differ; white where it will do.

    Args:
        image: in mode RGB.
        alpha: in mode L, of the same size.
    """
    # The colours of transparent pixels are arbitrary: sample without mixing in neighbours.
    factor = max(1, max(image.size) // _SAMPLE_SIDE)
    size = (max(1, image.width // factor), max(1, image.height // factor))
    colors = np.asarray(image.resize(size, Image.Resampling.NEAREST)).astype(np.int16)
    weights = np.asarray(alpha.resize(size, Image.Resampling.NEAREST)).astype(np.float64)
    total = weights.sum()
    if total == 0:
        return _BACKGROUNDS[0]
    shares = []
    for background in _BACKGROUNDS:
        differs = np.abs(colors - np.array(background, np.int16)).max(axis=2) >= _VISIBLE_DIFFERENCE
        shares.append(float((weights * differs).sum() / total))
    best = max(shares)
    return next(
        background
        for background, share in zip(_BACKGROUNDS, shares, strict=True)
        if share >= _ENOUGH * best
    )


def is_fully_transparent(alpha: Image.Image) -> bool:
    """Whether no pixel is visible; `alpha` is in mode L."""
    highest = alpha.getextrema()[1]
    return isinstance(highest, (int, float)) and highest < _VISIBLE_ALPHA


def is_single_color(image: Image.Image) -> bool:
    """Whether all pixels of an RGB picture are about alike."""
    return all(
        isinstance(pair, tuple) and pair[1] - pair[0] <= _SAME_LEVELS for pair in image.getextrema()
    )
