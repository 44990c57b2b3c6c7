"""Palette knife: slabs of thick, bright paint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import blend, gradient, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

SUNSET = ("#2a1a5e", "#7a2a7f", "#d8365f", "#f4733d", "#fbb13c", "#fdeaa8")
SEA = ("#0b2b4a", "#0f5f7f", "#19a3a3", "#f4a259", "#fbe2b0")
LAND = ("#1a1423", "#3d1635", "#6b2737", "#2f5d50", "#e0a83c")


def draw(shape: Shape) -> Colours:
    """Paint slabs, the later ones smaller and brighter."""
    rng = np.random.default_rng(23)
    height, width = shape
    y, x = grid(shape)
    sun = np.hypot(x - 0.34 * width, y - 0.36 * height)
    glow = np.clip(1.1 - sun / (0.75 * width) + 0.5 * (fractal_noise(shape, 80, rng) - 0.5), 0, 1)
    picture = gradient(SUNSET, glow)
    shimmer = fractal_noise(shape, 50, rng) * 0.7 + 0.4 * np.exp(-(((x - 0.34 * width) / 70) ** 2))
    picture = blend(picture, gradient(SEA, shimmer), smoothstep(0.55, 0.56, y / height))
    shore = 0.84 * height + 40 * (smooth_noise(shape, 90, rng) - 0.5) - 0.1 * x
    picture = blend(
        picture, gradient(LAND, fractal_noise(shape, 45, rng)), smoothstep(0, 1, y - shore)
    )

    canvas = Canvas(picture * 0.7, rng)
    lean = 1.6 * (smooth_noise(shape, 150, rng) - 0.5)
    for spacing, length, breadth in ((17.0, 58.0, 26.0), (13.0, 42.0, 17.0), (15.0, 30.0, 9.0)):
        places = scatter(shape, spacing, rng)
        row = np.clip(places[:, 0], 0, height - 1).astype(int)
        column = np.clip(places[:, 1], 0, width - 1).astype(int)
        paints = vary(picture[row, column], rng, lightness=0.09, tint=0.035)
        for place, paint, r, c in zip(places, paints, row, column, strict=True):
            upright = np.pi / 2 if rng.random() < 0.22 else 0.0
            canvas.stroke(
                place,
                float(lean[r, c]) + upright + rng.normal(0, 0.22),
                paint,
                length=length * rng.uniform(0.7, 1.3),
                width=breadth * rng.uniform(0.6, 1.2),
                bend=rng.normal(0, 1.5),
                dryness=0.28 * rng.random(),
                streaks=0.2,
                thickness=rng.uniform(0.5, 1.8),
            )
    return canvas.lit(strength=0.42, gloss=0.22)
