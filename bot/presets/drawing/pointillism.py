"""Divisionism: dots of pure colour, with complementary colours in the shadows."""

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

SKY = ("#f6e3a8", "#f2b8a0", "#8fb8dc", "#4f86c6")
WATER = ("#1f4f96", "#3f86b8", "#7fc4c0", "#f2cf7f")
MEADOW = ("#1f5a3a", "#4f9a45", "#a8c64a", "#f0dd5a")
SHADE = ("#3a1f6b", "#2f3f94", "#8a2f6b")
CANVAS = "#efe2c6"


def draw(shape: Shape) -> Colours:
    """Paint the dots over a warm background."""
    rng = np.random.default_rng(17)
    height, width = shape
    y, x = grid(shape)
    level = y / height
    picture = gradient(SKY, np.clip(1 - level * 2.2 + 0.25 * fractal_noise(shape, 90, rng), 0, 1))
    shimmer = fractal_noise((height, width), 60, rng) * 0.8 + 0.25 * np.sin(y / 7 + x / 90)
    is_water = smoothstep(0.40, 0.42, level) * smoothstep(0.74, 0.70, level + 0.1 * np.sin(x / 70))
    picture = blend(picture, gradient(WATER, shimmer), is_water)
    is_meadow = smoothstep(0.68, 0.70, level + 0.1 * np.sin(x / 70))
    picture = blend(picture, gradient(MEADOW, fractal_noise(shape, 70, rng)), is_meadow)
    trees = np.hypot((x - 0.16 * width) / 0.9, y - 0.3 * height) + 60 * smooth_noise(shape, 40, rng)
    is_tree = smoothstep(150, 138, trees)
    picture = blend(picture, gradient(MEADOW, 0.7 * fractal_noise(shape, 40, rng)), is_tree)
    shadow = np.clip(is_tree + is_meadow, 0, 1) * smoothstep(
        0.5, 0.75, fractal_noise(shape, 60, rng)
    )

    canvas = Canvas(np.broadcast_to(gradient((CANVAS, "#d9c094"), 0.3), (*shape, 3)), rng)
    for spacing, size, share in ((7.5, 10.0, 1.0), (6.2, 8.0, 0.9), (6.6, 7.0, 0.75)):
        places = scatter(shape, spacing, rng)
        row = np.clip(places[:, 0], 0, height - 1).astype(int)
        column = np.clip(places[:, 1], 0, width - 1).astype(int)
        colours = picture[row, column]
        complement = gradient(SHADE, rng.random(len(places)))
        is_shade = rng.random(len(places)) < 0.12 + 0.4 * shadow[row, column]
        colours = np.where(is_shade[:, None], complement, colours)
        is_spark = rng.random(len(places)) < 0.14
        warm = gradient(("#f7c948", "#ef7f3a", "#f6e7b4"), rng.random(len(places)))
        colours = np.where(is_spark[:, None], warm, colours)
        colours = vary(colours, rng, lightness=0.07, tint=0.035)
        for place, paint in zip(places, colours, strict=True):
            if rng.random() > share:
                continue
            canvas.stroke(
                place,
                rng.uniform(0, np.pi),
                paint,
                length=size * rng.uniform(0.95, 1.35),
                width=size * rng.uniform(0.75, 1.0),
                streaks=0.08,
                opacity=0.95,
            )
    return canvas.lit(strength=0.16)
