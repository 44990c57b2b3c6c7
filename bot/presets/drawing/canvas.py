"""A canvas for brush-like strokes that records colour and relief."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["Canvas"]

_BRUSHES = 24
_BRISTLES = 24  # samples across a brush
_STRETCH = 48  # samples along a stroke


@cache
def _brushes() -> npt.NDArray[np.float32]:
    """Make the streaks left by the bristles of a few brushes: (brush, across, along), in 0..1."""
    rng = np.random.default_rng(11)
    streaks = rng.random((_BRUSHES, _BRISTLES, _STRETCH), dtype=np.float32)
    streaks = ndimage.gaussian_filter(streaks, (0, 0.7, 7), mode="wrap")
    low = streaks.min(axis=(1, 2), keepdims=True)
    high = streaks.max(axis=(1, 2), keepdims=True)
    even: npt.NDArray[np.float32] = ((streaks - low) / (high - low)).astype(np.float32)
    return even


class Canvas:
    """A picture made of strokes.

    Attributes:
        colour: (height, width, 3) float32 sRGB in 0..1, as painted so far.
        relief: (height, width) float32, the paint's thickness, which `lit` shades.
    """

    def __init__(self, ground: Colours, rng: np.random.Generator) -> None:
        self.colour: Colours = ground.astype(np.float32)
        self.relief: Field = np.zeros(ground.shape[:2], np.float32)
        self._rng = rng

    @property
    def shape(self) -> Shape:
        """Height and width in pixels."""
        height, width = self.relief.shape
        return height, width

    def stroke(
        self,
        at: npt.NDArray[np.float64],
        angle: float,
        colour: Colours,
        *,
        length: float,
        width: float,
        bend: float = 0.0,
        taper: float = 0.0,
        square: bool = False,
        dryness: float = 0.0,
        streaks: float = 0.12,
        opacity: float = 1.0,
        thickness: float = 1.0,
    ) -> None:
        """Paint one stroke.

        Args:
            at: (y, x) of its centre.
            angle: its direction at the centre, in radians.
            colour: sRGB.
            length: in pixels, ends included.
            width: in pixels.
            bend: offset of its ends from the straight line, in pixels.
            taper: 0 for round ends, 1 for a lens with pointed ends.
            square: whether the ends are straight, as a flat brush or a knife leaves them.
            dryness: share of the ground that stays visible between the bristles.
            streaks: amplitude of the lightness of the bristles' tracks.
            opacity: opacity of the paint, 0 to 1.
            thickness: thickness of the paint, for the relief.
        """
        reach = 0.5 * np.hypot(length, width) + abs(bend) + 1.5
        top, left = max(int(at[0] - reach), 0), max(int(at[1] - reach), 0)
        bottom = min(int(at[0] + reach) + 2, self.shape[0])
        right = min(int(at[1] + reach) + 2, self.shape[1])
        if top >= bottom or left >= right:
            return
        box = (slice(top, bottom), slice(left, right))
        dy = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(at[0])
        dx = np.arange(left, right, dtype=np.float32)[None, :] - np.float32(at[1])
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        along = dx * cos + dy * sin
        half = 0.5 * length
        across = dy * cos - dx * sin - bend * (along / half) ** 2
        coverage, inside = _coverage(along, across, half, 0.5 * width, taper, square=square)
        brush = _brushes()[int(self._rng.integers(_BRUSHES))]
        track = brush[
            np.clip((inside * 0.5 + 0.5) * _BRISTLES, 0, _BRISTLES - 1).astype(np.intp),
            np.clip((along / half * 0.5 + 0.5) * _STRETCH, 0, _STRETCH - 1).astype(np.intp),
        ]
        if dryness:
            dryness_along = dryness * (0.6 + 0.8 * (along / half * 0.5 + 0.5))
            coverage = coverage * np.clip((track - dryness_along) * 6 + 1, 0, 1)
        coverage = (coverage * opacity)[..., None]
        paint = colour + (streaks * (track - 0.5))[..., None]
        self.colour[box] += (paint - self.colour[box]) * coverage
        height = thickness * (0.35 + 0.65 * track) * np.clip(1.2 - inside**4, 0, 1)
        self.relief[box] += (height - self.relief[box]) * coverage[..., 0]

    def lit(self, *, strength: float = 0.25, gloss: float = 0.0, blur: float = 0.7) -> Colours:
        """Return the picture lit from the upper left, so that thick paint is visible."""
        slope_y, slope_x = np.gradient(ndimage.gaussian_filter(self.relief, blur))
        facing = -(slope_x + slope_y) / np.sqrt(2)
        shade = np.clip(strength * 3 * facing, -strength, strength)[..., None]
        shine = gloss * np.clip(facing * 3 - 0.4, 0, 1)[..., None]
        picture: Colours = np.clip(self.colour * (1 + shade) + shine, 0, 1)
        return picture


def _coverage(
    along: Field,
    across: Field,
    half_length: float,
    half_width: float,
    taper: float,
    *,
    square: bool,
) -> tuple[Field, Field]:
    """Return each pixel's coverage in 0..1, and its position across the brush in -1..1."""
    if taper:
        reach = np.clip(1 - (along / half_length) ** 2, 0, 1) ** taper
        local = np.maximum(half_width * reach, 1e-3)
        distance = np.abs(across) - local + np.where(np.abs(along) > half_length, 9.0, 0.0)
    elif square:
        local = np.float32(half_width)
        distance = np.maximum(np.abs(along) - half_length, np.abs(across) - half_width)
    else:
        local = np.float32(half_width)
        over = np.maximum(np.abs(along) - max(half_length - half_width, 0), 0)
        distance = np.hypot(over, across) - half_width
    return np.clip(0.5 - distance, 0, 1), np.clip(across / local, -1, 1)
