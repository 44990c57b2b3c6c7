"""Mix colours in OKLab, a perceptually uniform colour space.

Colours are float arrays whose last axis is sRGB in 0..1. Source: Björn Ottosson, "A perceptual
color space for image processing", 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bot.presets.drawing.noise import Field

    Colours = npt.NDArray[np.floating]

__all__ = ["blend", "colour", "gradient", "lighten", "vary"]

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB = np.linalg.inv(_TO_LAB)
_FROM_LMS = np.linalg.inv(_TO_LMS)


def colour(code: str) -> Colours:
    """Convert ``"#1d3f72"`` to three numbers in 0..1."""
    return np.array([int(code[at : at + 2], 16) for at in (1, 3, 5)], np.float32) / 255


def _to_oklab(rgb: Colours) -> npt.NDArray[np.float64]:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    lab: npt.NDArray[np.float64] = np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T
    return lab


def _from_oklab(lab: npt.NDArray[np.float64]) -> Colours:
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb.astype(np.float32)


def gradient(codes: Sequence[str], position: Field | float) -> Colours:
    """Return the colours at positions in 0..1 along evenly spaced stops: their shape plus (3,)."""
    stops = _to_oklab(np.stack([colour(code) for code in codes]))
    at = np.clip(np.asarray(position, np.float64), 0, 1) * (len(codes) - 1)
    low = np.minimum(at.astype(int), len(codes) - 2)
    share = (at - low)[..., None]
    return _from_oklab(stops[low] * (1 - share) + stops[low + 1] * share)


def blend(under: Colours, over: Colours, opacity: Field | float) -> Colours:
    """Composite one picture or colour over another."""
    share = np.asarray(opacity, np.float32)[..., None]
    return (under + (over - under) * share).astype(np.float32)


def lighten(rgb: Colours, amount: Field | float) -> Colours:
    """Add to OKLab's lightness (0..1); negative amounts darken."""
    lab = _to_oklab(rgb)
    lab[..., 0] = np.clip(lab[..., 0] + amount, 0, 1)
    return _from_oklab(lab)


def vary(
    rgb: Colours, rng: np.random.Generator, *, lightness: float = 0.05, tint: float = 0.02
) -> Colours:
    """Vary each of the colours (n, 3) a little at random."""
    spread = np.array([lightness, tint, tint])
    lab = _to_oklab(rgb) + rng.normal(0, 1, np.shape(rgb)) * spread
    lab[..., 0] = np.clip(lab[..., 0], 0, 1)
    return _from_oklab(lab)
