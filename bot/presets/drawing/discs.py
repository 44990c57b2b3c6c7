"""Orphism: discs of contrasting colours, divided into rings and quarters, in brush strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise
from bot.presets.drawing.oklab import colour, lighten, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

COLOURS = (
    "#d7263d", "#f46036", "#f7b32b", "#fcf3d9", "#2e9e6b", "#1b998b",
    "#2274c4", "#1d2f6f", "#7b3fa0", "#e883a6", "#8fd0e0", "#20202c",
)  # fmt: skip
DISCS = 9
RING = 27.0


def draw(shape: Shape) -> Colours:
    """Divide the canvas among the discs, then paint strokes along their rings."""
    rng = np.random.default_rng(42)
    y, x = grid(shape)
    wobble = 8 * (smooth_noise(shape, 60, rng) - 0.5)
    best = np.full(shape, np.inf, np.float32)
    distance, around, kind = (np.zeros(shape, np.float32) for _ in range(3))
    for index, (cy, cx) in enumerate(scatter(shape, 190, rng)[:DISCS]):
        away = np.hypot(y - cy, x - cx).astype(np.float32) + wobble
        turn = np.arctan2(y - cy, x - cx) + rng.uniform(0, np.pi)
        reach = away / rng.uniform(0.8, 1.5)
        is_nearer = reach < best
        best = np.where(is_nearer, reach, best)
        distance = np.where(is_nearer, away, distance)
        around = np.where(is_nearer, turn, around)
        kind = np.where(is_nearer, index, kind)
    ring = np.floor(distance / RING).astype(int)
    sector = np.floor((around % (2 * np.pi)) / (np.pi / 2) + 0.13 * ring).astype(int)
    # A fixed hash of disc, ring and sector; neighbours always differ.
    which = (ring * 5 + sector * 3 + kind.astype(int) * 7 + ring * ring) % len(COLOURS)
    flat = np.stack([colour(code) for code in COLOURS])[which]
    within = (distance % RING) / RING - 0.5
    flat = lighten(flat, 0.14 * within + 0.16 * (fractal_noise(shape, 40, rng) - 0.5))

    canvas = Canvas(flat * 0.8, rng)
    places = scatter(shape, 6.0, rng)
    row = np.clip(places[:, 0], 0, shape[0] - 1).astype(int)
    column = np.clip(places[:, 1], 0, shape[1] - 1).astype(int)
    slope_y, slope_x = np.gradient(distance)
    angle = np.arctan2(slope_x, -slope_y)
    paints = vary(flat[row, column], rng, lightness=0.05, tint=0.014)
    for place, paint, r, c in zip(places, paints, row, column, strict=True):
        length = rng.uniform(16, 34)
        canvas.stroke(
            place,
            float(angle[r, c]),
            paint,
            length=length,
            width=rng.uniform(6.5, 10),
            bend=-float(length**2 / (8 * max(distance[r, c], 12.0))),
            dryness=0.2,
            streaks=0.17,
        )
    return canvas.lit(strength=0.24)
