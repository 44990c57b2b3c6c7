"""Palette knife: a sunset over the sea in broad, flat slabs of thick paint with raised edges."""

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

SKY = ("#2c3480", "#6b4699", "#cf5c80", "#f3854a", "#fabb55", "#fdedc2")
SEA = ("#0d2d52", "#14607c", "#2f9698", "#e8955c", "#fbd890")
SHORE = ("#221530", "#5c2838", "#a04f38", "#dc9444")
SLABS = ((30.0, 92.0, 44.0), (22.0, 66.0, 30.0), (30.0, 46.0, 17.0))  # spacing, length, width


def draw(shape: Shape) -> Colours:
    """Spread the paint of the shaded scene, slab over slab."""
    rng = np.random.default_rng(23)
    height, width = shape
    y, x = grid(shape)
    sun = np.hypot(x - 0.62 * width, 1.25 * (y - 0.4 * height))
    glow = 1.02 - sun / (0.72 * width) + 0.35 * (fractal_noise(shape, 110, rng) - 0.5)
    picture = gradient(SKY, np.clip(glow, 0, 1))
    path = np.exp(-(((x - 0.62 * width) / (50 + 0.25 * y)) ** 2))
    water = 0.55 * fractal_noise(shape, 80, rng) + 0.6 * path
    horizon = 0.56 * height
    picture = blend(picture, gradient(SEA, np.clip(water, 0, 1)), smoothstep(-1, 1, y - horizon))
    shore = 0.88 * height - 0.14 * (x - 0.5 * width) + 34 * (smooth_noise(shape, 90, rng) - 0.5)
    land = gradient(SHORE, fractal_noise(shape, 60, rng))
    picture = blend(picture, land, smoothstep(-1, 1, y - shore))

    canvas = Canvas(picture * 0.75, rng)
    lean = 1.2 * (smooth_noise(shape, 170, rng) - 0.5)
    for spacing, length, breadth in SLABS:
        places = scatter(shape, spacing, rng)
        row = np.clip(places[:, 0], 0, height - 1).astype(int)
        column = np.clip(places[:, 1], 0, width - 1).astype(int)
        paints = vary(picture[row, column], rng, lightness=0.05, tint=0.018)
        for place, paint, r, c in zip(places, paints, row, column, strict=True):
            upright = np.pi / 2.3 if r < horizon and rng.random() < 0.35 else 0.0
            canvas.stroke(
                place,
                float(lean[r, c]) + upright + rng.normal(0, 0.12),
                paint,
                length=length * rng.uniform(0.7, 1.2),
                width=breadth * rng.uniform(0.7, 1.15),
                bend=rng.normal(0, 2),
                square=True,
                dryness=0.22 * rng.random(),
                streaks=0.12,
                thickness=rng.uniform(0.6, 2.0),
            )
    return canvas.lit(strength=0.34, gloss=0.16)
