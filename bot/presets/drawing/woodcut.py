"""Woodcut: a carved black block on cream paper over a red one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.flow import Vortex, along_isolines, vortex_potential
from bot.presets.drawing.noise import (
    fractal_noise,
    grid,
    scatter,
    smear,
    smooth_noise,
    smoothstep,
    unit,
)
from bot.presets.drawing.oklab import blend, colour, gradient

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

PAPER = ("#efe3c4", "#f6eed8")
INK = "#17130f"
RED = "#c23b22"


def draw(shape: Shape) -> Colours:
    """Draw the carved black block over the red one."""
    rng = np.random.default_rng(5)
    height, width = shape
    y, x = grid(shape)
    sun = np.hypot(x - 0.68 * width, y - 0.3 * height)
    vortices = [
        Vortex(0.68 * width, 0.3 * height, 150, 1.6),
        Vortex(0.2 * width, 0.75 * height, 120, -1.1),
        Vortex(0.35 * width, 0.15 * height, 70, 0.8),
    ]
    flow = vortex_potential(shape, vortices) + 0.6 * y + 70 * smooth_noise(shape, 130, rng)
    angle = along_isolines(flow)
    light = unit(
        fractal_noise(shape, 120, rng, octaves=3)
        + 0.9 * smoothstep(190, 60, sun)
        - 0.5 * smoothstep(0.55, 0.9, y / height)
    )
    light = np.where(sun < 62, 0.75, 0.04 + 0.5 * light**1.6)

    block = Canvas(np.zeros((*shape, 3), np.float32), rng)  # 1 where wood was cut away
    away = np.ones(3, np.float32)
    for place in scatter(shape, 7.2, rng):
        r = int(np.clip(place[0], 0, height - 1))
        c = int(np.clip(place[1], 0, width - 1))
        tone = float(light[r, c])
        if rng.random() > 0.45 + 0.9 * tone:
            continue
        block.stroke(
            place,
            float(angle[r, c]) + rng.normal(0, 0.06),
            away,
            length=rng.uniform(20, 46),
            width=2.4 + 6.5 * tone * rng.uniform(0.6, 1.1),
            bend=rng.normal(0, 1.5),
            taper=0.75,
            streaks=0.0,
        )
    cut = block.colour[..., 0]
    cut = smoothstep(0.3, 0.7, ndimage.gaussian_filter(cut, 0.6) + 0.14 * (rng.random(shape) - 0.5))

    grain = smear(rng.random(shape, dtype=np.float32), np.zeros(shape, np.float32), 24)
    grain = unit(ndimage.gaussian_filter(grain, 0.6))
    paper = gradient(PAPER, fractal_noise(shape, 20, rng))
    is_red = smoothstep(2, -2, sun - 66) + smoothstep(
        -3, 3, y - 0.66 * height - 22 * np.sin(x / 60)
    )
    is_red = np.clip(is_red, 0, 1) * (0.9 - 0.35 * smoothstep(0.62, 0.8, grain))
    printed = blend(paper, colour(RED), is_red)
    ink = (1 - cut) * (0.97 - 0.5 * smoothstep(0.72, 0.9, grain))
    return blend(printed, colour(INK), ink)
