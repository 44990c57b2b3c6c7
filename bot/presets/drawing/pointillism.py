"""Divisionism: a riverside in round dots whose hues differ more than their lightness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import blend, gradient, lighten, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

SKY = ("#fff0cf", "#fbdcae", "#f3bfa4", "#c3b2d6")
WATER = ("#28407f", "#4f78b5", "#a9a9d0", "#fbe3b0")
MEADOW = ("#3f4a2f", "#8a8a3a", "#d9b04a", "#f6e0a0")
TREES = ("#2f2450", "#7a3a3a", "#cf7a3a", "#f2c46a")
DABS = ((12.0, 17.0), (9.0, 13.5), (10.0, 12.0))  # spacing and size of each layer, in pixels


def draw(shape: Shape) -> Colours:
    """Paint three layers of dots over the shaded scene."""
    rng = np.random.default_rng(17)
    height, width = shape
    y, x = grid(shape)
    level = y / height
    picture = gradient(SKY, np.clip(1.1 - 2.4 * level + 0.3 * fractal_noise(shape, 110, rng), 0, 1))
    shimmer = 0.75 * fractal_noise(shape, 90, rng) + 0.3 * np.exp(-(((x - 0.6 * width) / 80) ** 2))
    picture = blend(picture, gradient(WATER, shimmer), smoothstep(0.43, 0.45, level))
    bank = 0.76 + 0.06 * np.sin(x / 95)
    meadow = gradient(MEADOW, fractal_noise(shape, 90, rng))
    picture = blend(picture, meadow, smoothstep(0, 0.02, level - bank))
    crown = np.hypot(x - 0.14 * width, 1.1 * (y - 0.27 * height)) + 70 * smooth_noise(
        shape, 50, rng
    )
    lit = np.clip(0.55 + (0.14 * width - x + 0.3 * height - y) / 260, 0, 1)
    trees = gradient(TREES, 0.6 * lit + 0.4 * fractal_noise(shape, 40, rng))
    picture = blend(picture, trees, smoothstep(166, 156, crown))
    trunk = smoothstep(11, 9, np.abs(x - 0.15 * width)) * smoothstep(0.4, 0.45, level)
    picture = blend(picture, gradient(TREES, 0.05), trunk * smoothstep(0.83, 0.8, level))

    canvas = Canvas(lighten(picture, 0.03), rng)
    for spacing, size in DABS:
        places = scatter(shape, spacing, rng)
        row = np.clip(places[:, 0], 0, height - 1).astype(int)
        column = np.clip(places[:, 1], 0, width - 1).astype(int)
        paints = vary(picture[row, column], rng, lightness=0.03, tint=0.045)
        for place, paint in zip(places, paints, strict=True):
            canvas.stroke(
                place,
                rng.uniform(0, np.pi),
                paint,
                length=size * rng.uniform(0.9, 1.15),
                width=size * rng.uniform(0.85, 1.0),
                streaks=0.06,
                opacity=0.96,
            )
    return canvas.lit(strength=0.16)
