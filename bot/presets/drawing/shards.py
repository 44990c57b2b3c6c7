"""Crystal cubism: overlapping planes of light, each fading from its edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.noise import around, fractal_noise, scatter, smear, smoothstep
from bot.presets.drawing.palette import blend, colour, gradient, lighten

if TYPE_CHECKING:
    from bot.presets.drawing.cells import Points
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.palette import Colours

__all__ = ["draw"]

GROUND = ("#2a3442", "#5b6a74", "#a89a7c", "#e3d3a8")
PLANES = (
    "#f0dfb4", "#c98f3f", "#7a4a2a", "#2f4a63", "#8fa9b0", "#1c2430", "#b8562e", "#d9c08a",
    "#4f6f78", "#efe9d8",
)  # fmt: skip
DARK_LINE = "#171a20"
LIGHT_LINE = "#f7efd9"
DIRECTIONS = (0.25, 1.05, 1.8, 2.7)  # few, as in a crystal; radians


def _lay_plane(
    picture: Colours, at: Points, rng: np.random.Generator, *, reach: float, fade: float
) -> None:
    """Paint one wedge in place: sharp at its two edges, fading away from the first."""
    cy, cx = at
    turn = DIRECTIONS[int(rng.integers(len(DIRECTIONS)))] + rng.normal(0, 0.12)
    opening = rng.uniform(0.5, 1.3)
    paint = colour(PLANES[int(rng.integers(len(PLANES)))])
    line = colour(DARK_LINE if rng.random() < 0.7 else LIGHT_LINE)
    box = around(picture.shape[:2], cy, cx, reach)
    y, x = np.mgrid[box].astype(np.float32)
    first = (x - cx) * np.sin(turn) - (y - cy) * np.cos(turn)
    second = (y - cy) * np.cos(turn + opening) - (x - cx) * np.sin(turn + opening)
    near_edge = np.exp(-np.maximum(first, 0) / fade)
    out = np.hypot(x - cx, y - cy) / reach
    body = smoothstep(-0.7, 0.7, first) * smoothstep(-0.7, 0.7, second)
    edge = smoothstep(1.6, 0.4, np.abs(first)) * smoothstep(0, 1, second)
    painted = blend(picture[box], paint, 0.85 * body * near_edge * smoothstep(1.0, 0.55, out))
    picture[box] = blend(painted, line, 0.6 * edge * smoothstep(1.0, 0.7, out))


def draw(shape: Shape) -> Colours:
    """Lay plane over plane, from large ones to small ones."""
    rng = np.random.default_rng(12)
    picture = gradient(GROUND, fractal_noise(shape, 160, rng))
    for spacing, fade in ((150.0, 110.0), (88.0, 62.0), (54.0, 34.0), (40.0, 22.0)):
        for at in scatter(shape, spacing, rng):
            _lay_plane(picture, at, rng, reach=spacing * 1.15, fade=fade)
    angle = np.full(shape, 0.9, np.float32) + 0.9 * (fractal_noise(shape, 90, rng) > 0.5)
    dabs = smear(rng.random(shape, dtype=np.float32), angle, 9)
    dabs = (dabs - dabs.mean()) / dabs.std()
    return lighten(picture, 0.026 * dabs)
