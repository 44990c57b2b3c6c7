"""Cathedral glass: luminous, uneven panes between dark lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.cells import relaxed, voronoi
from bot.presets.drawing.noise import (
    fractal_noise,
    scatter,
    smear,
    smooth_noise,
    smoothstep,
)
from bot.presets.drawing.oklab import blend, colour, gradient, lighten

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

PANES = ("#1f52b8", "#2f95d9", "#17ab98", "#f2b521", "#e5662a", "#c91f36", "#74389f", "#f8e6a0")
LEAD = "#14110f"


def draw(shape: Shape) -> Colours:
    """Draw the panes, colour each, then draw the lead around them."""
    rng = np.random.default_rng(8)
    bow = 16.0
    points = relaxed(shape, scatter(shape, 46, rng), rounds=2)
    cells = voronoi(
        shape,
        points,
        y_shift=bow * (smooth_noise(shape, 60, rng) - 0.5),
        x_shift=bow * (smooth_noise(shape, 60, rng) - 0.5),
    )
    # Warm colours near a centre, cool ones away from it, so that neighbours are often similar.
    sun_y, sun_x = 0.42 * shape[0], 0.6 * shape[1]
    distance = np.hypot(points[:, 0] - sun_y, points[:, 1] - sun_x) / shape[0]
    warm = np.array([3, 7, 4, 5])
    cool = np.array([0, 1, 2, 6, 0, 1])
    is_warm = rng.random(len(points)) < np.clip(1.05 - 1.7 * distance, 0.12, 0.95)
    kind = np.where(is_warm, rng.choice(warm, len(points)), rng.choice(cool, len(points)))
    hue = np.stack([colour(code) for code in PANES])[kind]
    hue = lighten(hue, rng.normal(0, 0.05, len(points)))[cells.label]

    turn = rng.uniform(0, np.pi, len(points)).astype(np.float32)[cells.label]
    streaks = smear(rng.random(shape, dtype=np.float32), turn, 14)
    streaks = (streaks - streaks.mean()) / streaks.std()
    seeds = fractal_noise(shape, 14, rng, octaves=3) - 0.5
    light = 0.10 * smoothstep(0, 26, cells.edge) - 0.10
    tilt = 0.0022 * (cells.x * np.cos(turn) + cells.y * np.sin(turn))
    glass = lighten(hue, light + tilt + 0.02 * streaks + 0.13 * seeds)

    thickness = 3.2 + 1.2 * smooth_noise(shape, 25, rng)
    lead = smoothstep(1.0, -0.6, cells.edge - thickness)
    glow = np.exp(-np.maximum(cells.edge - thickness, 0) / 5)
    glass = lighten(glass, -0.16 * glow)
    bevel = np.clip(1 - cells.edge / thickness, 0, 1)
    metal = gradient((LEAD, LEAD, "#5a5550"), bevel * (0.7 + 0.3 * fractal_noise(shape, 8, rng)))
    return blend(glass, metal, lead)
