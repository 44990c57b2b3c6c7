"""Swirling night sky: thick curved strokes around glowing lights, over hills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.flow import Vortex, along_isolines, vortex_potential
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep, unit
from bot.presets.drawing.oklab import blend, gradient, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

SKY = ("#0d1b4c", "#16357f", "#2a63b5", "#6fa8d6", "#cfe3e0")
GLOW = ("#f6f0c4", "#f4cf4f", "#e39a2b", "#8fb79b")
HILLS = ("#0f2a3f", "#1c4a50", "#3d6b4f", "#7f9a4e")
LIGHTS = (  # x, y and radius as shares of width, height and height
    (0.80, 0.20, 0.20),
    (0.47, 0.42, 0.24),
    (0.13, 0.17, 0.11),
    (0.30, 0.10, 0.08),
    (0.60, 0.12, 0.09),
    (0.93, 0.52, 0.08),
    (0.10, 0.50, 0.08),
)


def draw(shape: Shape) -> Colours:
    """Paint the strokes from large to small."""
    rng = np.random.default_rng(3)
    height, width = shape
    y, x = grid(shape)
    lights = [
        Vortex(share_x * width, share_y * height, radius * height, (-1) ** index * 1.3)
        for index, (share_x, share_y, radius) in enumerate(LIGHTS)
    ]
    ground = 0.16 * height * (smooth_noise(shape, 150, rng) - 0.5) + 0.78 * height
    is_hill = smoothstep(-4, 4, y - ground + 14 * np.sin(x / 45))
    wind = vortex_potential(shape, lights) + 0.55 * y + 60 * smooth_noise(shape, 110, rng)
    slope = 1.2 * y + 150 * smooth_noise(shape, 120, rng)
    angle = np.where(is_hill > 0.5, along_isolines(slope), along_isolines(wind))

    tone = unit(0.6 * fractal_noise(shape, 90, rng) + 0.5 * unit(wind) + 0.25 * y / height)
    picture = gradient(SKY, tone)
    for light in lights:
        distance = np.hypot(x - light.x, y - light.y) / light.radius
        rings = distance + 0.1 * np.sin(distance * 16)
        picture = blend(picture, gradient(GLOW, rings / 1.15), smoothstep(1.2, 0.5, distance))
    picture = blend(picture, gradient(HILLS, fractal_noise(shape, 50, rng)), is_hill)

    canvas = Canvas(picture * 0.55, rng)
    for spacing, length, breadth in ((11.0, 60.0, 14.0), (7.5, 44.0, 9.0), (7.0, 30.0, 6.0)):
        places = scatter(shape, spacing, rng)
        row = np.clip(places[:, 0], 0, height - 1).astype(int)
        column = np.clip(places[:, 1], 0, width - 1).astype(int)
        colours = vary(picture[row, column], rng, lightness=0.065, tint=0.016)
        for place, paint, r, c in zip(places, colours, row, column, strict=True):
            ahead_r = int(np.clip(r + 12 * np.sin(angle[r, c]), 0, height - 1))
            ahead_c = int(np.clip(c + 12 * np.cos(angle[r, c]), 0, width - 1))
            turn = (angle[ahead_r, ahead_c] - angle[r, c] + np.pi / 2) % np.pi - np.pi / 2
            reach = length * rng.uniform(0.7, 1.25)
            canvas.stroke(
                place,
                float(angle[r, c]),
                paint,
                length=reach,
                width=breadth * rng.uniform(0.7, 1.2),
                bend=float(np.clip(turn, -0.5, 0.5) * reach**2 / 110),
                dryness=0.15,
                streaks=0.16,
            )
    return canvas.lit(strength=0.3, gloss=0.1)
