"""Watercolour: thin washes with hard wet edges, blooms and the paper's grain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.noise import around, fractal_noise, grid, smooth_noise, smoothstep
from bot.presets.drawing.palette import colour

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.palette import Colours

__all__ = ["draw"]

PAPER = "#faf6ec"
WASHES = (
    "#2f6fb0", "#e0703f", "#3f9c8a", "#d94a6b", "#f0b83f",
    "#6a4fa0", "#2f8fc0", "#7fa84a", "#1f4f7f", "#c2542f",
)  # fmt: skip


def _wash(paper: Colours, pigment: Colours, amount: Field) -> Colours:
    """Light goes through the pigment twice: colours multiply (Beer–Lambert)."""
    return (paper * np.power(np.maximum(pigment, 0.03), amount[..., None])).astype(np.float32)


def draw(shape: Shape) -> Colours:
    """Wash upon wash, each dry before the next."""
    rng = np.random.default_rng(29)
    grain = fractal_noise(shape, 5, rng, octaves=3) - 0.5
    picture = np.broadcast_to(colour(PAPER), (*shape, 3)).astype(np.float32)
    for index in range(30):
        pigment = colour(WASHES[index % len(WASHES)])
        field = fractal_noise(shape, rng.uniform(60, 150), rng, octaves=5, gain=0.42)
        level = float(np.quantile(field, rng.uniform(0.7, 0.92)))
        inside = field > level
        depth = ndimage.distance_transform_edt(inside).astype(np.float32)
        body = smoothstep(0, 1.6, depth)
        rim = np.exp(-depth / rng.uniform(1.8, 3.2)) * body
        pool = smooth_noise(shape, 45, rng)
        bloom = np.abs(fractal_noise(shape, 38, rng, octaves=4) - 0.5)
        amount = 0.10 + 0.34 * pool + 0.5 * rim - 0.2 * smoothstep(0.05, 0.0, bloom)
        settled = 1 + 1.1 * grain * pool  # heavy pigment lies in the hollows of the paper
        picture = _wash(picture, pigment, np.clip(amount * settled, 0, None) * body * 0.62)
    y, x = grid(shape)
    for _ in range(60):  # drops and dry brush
        cy, cx = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        radius = rng.uniform(3, 9)
        box = around(shape, cy, cx, radius + 1)
        distance = np.hypot(y[box] - cy, x[box] - cx) - radius
        drop = smoothstep(0.8, -0.8, distance) * (0.5 + 0.9 * np.exp(np.minimum(distance, 0) / 2))
        pigment = colour(WASHES[int(rng.integers(len(WASHES)))])
        picture[box] = _wash(picture[box], pigment, np.clip(drop, 0, 1.4) * 0.7)
    tooth = grain[1:, 1:] - grain[:-1, :-1]
    shade = 1 + 0.22 * np.pad(tooth, ((1, 0), (1, 0)))
    return np.clip(picture * shade[..., None], 0, 1).astype(np.float32)
