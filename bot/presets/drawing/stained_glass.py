"""Cathedral glass: a sunrise in uneven, luminous panes between dark lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.cells import relaxed, voronoi
from bot.presets.drawing.noise import (
    fractal_noise,
    grid,
    scatter,
    smear,
    smooth_noise,
    smoothstep,
)
from bot.presets.drawing.oklab import blend, gradient, lighten, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

# Light panes are warm and dark ones cool: a painting then has no cold colour in its lights.
SKY = ("#fff3d4", "#fde4a8", "#f8cf78", "#f0a850", "#dd6f3e", "#a83848", "#4a3a8f", "#1d3f92")
LAND = ("#f0c765", "#b9a03c", "#5f8a45", "#23695a", "#154a6b", "#122c5c")
LEAD = "#16120f"


def draw(shape: Shape) -> Colours:
    """Draw the panes, colour each after the sunrise, then draw the lead around them."""
    rng = np.random.default_rng(8)
    height, width = shape
    sun_y, sun_x = 0.46 * height, 0.58 * width
    bow = 26.0
    points = np.concatenate([scatter(shape, 56, rng), scatter(shape, 78, rng)])
    points = relaxed(shape, points, rounds=1)
    cells = voronoi(
        shape,
        points,
        y_shift=bow * (smooth_noise(shape, 75, rng) - 0.5),
        x_shift=bow * (smooth_noise(shape, 75, rng) - 0.5),
    )
    away = np.hypot(points[:, 0] - sun_y, points[:, 1] - sun_x) / (0.62 * width)
    sky = np.clip(away + rng.normal(0, 0.07, len(points)), 0, 1)
    land = np.clip(0.15 + 0.85 * away + rng.normal(0, 0.1, len(points)), 0, 1)
    hill = 0.7 * height + 0.07 * height * np.sin(points[:, 1] / 75)
    is_land = points[:, 0] > hill
    hue = np.where(is_land[:, None], gradient(LAND, land), gradient(SKY, sky))
    hue = vary(hue, rng, lightness=0.04, tint=0.012)[cells.label]

    y, x = grid(shape)
    turn = rng.uniform(0, np.pi, len(points)).astype(np.float32)[cells.label]
    streaks = smear(rng.random(shape, dtype=np.float32), turn, 18)
    streaks = (streaks - streaks.mean()) / streaks.std()
    seeds = fractal_noise(shape, 30, rng, octaves=3) - 0.5
    light = 0.07 * smoothstep(0, 30, cells.edge) - 0.06
    tilt = 0.0016 * (cells.x * np.cos(turn) + cells.y * np.sin(turn))
    glass = lighten(hue, light + tilt + 0.014 * streaks + 0.14 * seeds)

    ring = np.abs(np.hypot(y - sun_y, x - sun_x) - 74)
    edge = np.minimum(cells.edge, ring)  # the sun's disc is leaded too
    thickness = 2.3 + 1.2 * smooth_noise(shape, 25, rng)
    lead = smoothstep(1.0, -0.6, edge - thickness)
    glass = lighten(glass, -0.1 * np.exp(-np.maximum(edge - thickness, 0) / 6))
    bevel = np.clip(1 - edge / thickness, 0, 1)
    metal = gradient((LEAD, LEAD, "#5f574f"), bevel * (0.7 + 0.3 * fractal_noise(shape, 8, rng)))
    return blend(glass, metal, lead)
