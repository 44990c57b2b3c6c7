"""Ink wash: misty mountains and reeds on rice paper, with red seals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.noise import (
    around,
    fractal_noise,
    grid,
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

PAPER = ("#e4d9c0", "#f4ecd9", "#efe5cf")
INK = "#15161a"
SEAL = "#b5302a"


def draw(shape: Shape) -> Colours:
    """Draw from the lightest ink to the darkest."""
    rng = np.random.default_rng(6)
    height, width = shape
    y, x = grid(shape)
    picture = gradient(PAPER, fractal_noise(shape, 30, rng))
    fibre = unit(smear(rng.random(shape, dtype=np.float32), 6 * smooth_noise(shape, 50, rng), 12))
    for layer in range(5):
        ridge = height * (0.14 + 0.15 * layer) + 110 * (
            fractal_noise((1, width), 130, rng, octaves=6, gain=0.52) - 0.5
        )
        below = y - ridge
        body = smoothstep(-1.5, 1.5, below + 7 * (fibre - 0.5))
        mist = np.exp(-np.maximum(below, 0) / (34 + 12 * layer))
        steep = smear(
            fractal_noise(shape, 9, rng, octaves=3), np.full(shape, 1.35, np.float32), 20, step=2.5
        )
        dry = smoothstep(0.42, 0.6, unit(steep) + 0.12 * (fibre - 0.5))
        dark = (0.3 + 0.13 * layer) * mist * (0.35 + 0.75 * dry)
        rim = 0.5 * np.exp(-np.abs(below) / 2.2) * (0.4 + fibre)
        picture = blend(
            picture, colour(INK), np.clip(body * (dark + rim * (0.3 + 0.12 * layer)), 0, 1)
        )

    canvas = Canvas(picture, rng)
    ink = colour(INK)
    for _ in range(210):  # reeds and grasses
        root = rng.uniform(-0.05, 1.05) * width
        length = rng.uniform(50, 170)
        lean = -np.pi / 2 + rng.normal(0, 0.42)
        middle = np.array([height * rng.uniform(0.72, 1.02), root]) + 0.5 * length * np.array(
            [np.sin(lean), np.cos(lean)]
        )
        wet = rng.random()
        canvas.stroke(
            middle,
            lean,
            blend(ink, colour("#8a8781"), 0.75 * wet**2),
            length=length,
            width=rng.uniform(3, 9),
            bend=rng.normal(0, 12),
            taper=0.7,
            dryness=0.55 * rng.random(),
            streaks=0.1,
            opacity=0.92 - 0.4 * wet,
        )
    for _ in range(60):  # broad dry strokes: rocks
        place = np.array([rng.uniform(0.3, 1.0) * height, rng.uniform(0, 1) * width])
        canvas.stroke(
            place,
            rng.normal(0.1, 0.5),
            ink,
            length=rng.uniform(40, 95),
            width=rng.uniform(12, 26),
            bend=rng.normal(0, 9),
            dryness=rng.uniform(0.5, 0.8),
            streaks=0.16,
            opacity=rng.uniform(0.4, 0.85),
        )
    picture = canvas.colour
    for _ in range(130):  # splashes
        cy, cx, radius = rng.uniform(0, height), rng.uniform(0, width), rng.gamma(1.6, 1.3)
        box = around(shape, cy, cx, radius + 1)
        drop = smoothstep(radius + 0.8, radius - 0.6, np.hypot(y[box] - cy, x[box] - cx))
        picture[box] = blend(picture[box], ink, 0.8 * drop)
    carved = np.sin((x + 12 * fibre) / 2.6) * np.sin(y / 3.1) > 0.15
    worn = smoothstep(0.2, 0.45, fibre)
    for share_x, share_y, half in ((0.88, 0.14, 24), (0.09, 0.34, 17)):
        frame = np.maximum(np.abs(x - share_x * width), np.abs(y - share_y * height)) - half
        seal = smoothstep(1, -1, frame) * worn * (1 - 0.8 * (carved & (frame < -4)))
        picture = blend(picture, colour(SEAL), seal)
    return np.clip(picture, 0, 1).astype(np.float32)
