"""Embroidery: flowers in satin stitch on dark linen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.flow import along_isolines
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise
from bot.presets.drawing.oklab import colour, gradient, lighten, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

SILKS = (
    ("#b3243c", "#e8606a", "#f9c4b4"),
    ("#c96a24", "#f0a850", "#fbe3a8"),
    ("#8a2b4e", "#d06a86", "#f4cdd0"),
    ("#3d5a9e", "#7fa4d8", "#dfe6ee"),
    ("#e6c79c", "#f0dcba", "#fff6e6"),
)
LEAVES = ("#0f2a26", "#1d4a38", "#3f6f45", "#8c9a55")


def draw(shape: Shape) -> Colours:
    """Lay out the flowers, then cover them with stitches."""
    rng = np.random.default_rng(9)
    y, x = grid(shape)
    field = fractal_noise(shape, 80, rng, octaves=2)
    angle = along_isolines(field)
    plan = gradient(LEAVES, fractal_noise(shape, 34, rng, octaves=3))
    for index, (cy, cx) in enumerate(scatter(shape, 104, rng)):
        radius = rng.uniform(38, 66)
        petals = int(rng.integers(5, 9))
        turn = np.arctan2(y - cy, x - cx) + rng.uniform(0, 6)
        away = np.hypot(y - cy, x - cx) / radius
        edge = 0.72 + 0.28 * np.abs(np.cos(turn * petals / 2)) ** 0.7
        inside = away < edge
        silk = SILKS[index % len(SILKS)]
        ring = 0.5 + 0.5 * np.sin(away / edge * 12.0)
        plan = np.where(inside[..., None], gradient(silk, 0.75 * away / edge + 0.25 * ring), plan)
        plan = np.where((away < 0.24)[..., None], colour(SILKS[(index + 1) % 5][1]), plan)
        angle = np.where(inside, np.arctan2(y - cy, x - cx), angle)
    canvas = Canvas(lighten(plan, -0.3), rng)
    places = scatter(shape, 4.1, rng)
    row = np.clip(places[:, 0], 0, shape[0] - 1).astype(int)
    column = np.clip(places[:, 1], 0, shape[1] - 1).astype(int)
    silks = vary(plan[row, column], rng, lightness=0.05, tint=0.012)
    for place, silk, r, c in zip(places, silks, row, column, strict=True):
        canvas.stroke(
            place,
            float(angle[r, c]) + rng.normal(0, 0.05),
            silk,
            length=rng.uniform(17, 26),
            width=rng.uniform(3.2, 4.4),
            streaks=0.14,
            thickness=rng.uniform(0.7, 1.2),
        )
    linen = 0.96 + 0.04 * smooth_noise(shape, 30, rng)
    return np.clip(canvas.lit(strength=0.5, gloss=0.2) * linen[..., None], 0, 1)
