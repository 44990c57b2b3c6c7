"""Watercolour: thin washes with hard wet edges, blooms and the paper's grain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.noise import around, fractal_noise, grid, smooth_noise, smoothstep
from bot.presets.drawing.oklab import colour

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

PAPER = "#faf6ec"
COOL = ("#3f86c4", "#2fa3a8", "#6a6fc0", "#2f5f9f", "#5fb7d0")
WARM = ("#e8785a", "#e0507f", "#f2b04a", "#c9559a", "#f29a6a")


def _wash(paper: Colours, pigment: Colours, amount: Field) -> Colours:
    """Multiply the paper's colour by the pigment's transmittance (Beer–Lambert)."""
    return (paper * np.power(np.maximum(pigment, 0.03), amount[..., None])).astype(np.float32)


def _pigment(index: int, rng: np.random.Generator) -> Colours:
    """Pick a cool pigment for even indices and a warm one for odd ones."""
    family = WARM if index % 2 else COOL
    return colour(family[int(rng.integers(len(family)))])


def draw(shape: Shape) -> Colours:
    """Paint the washes one over another, then drops."""
    rng = np.random.default_rng(29)
    grain = fractal_noise(shape, 5, rng, octaves=3) - 0.5
    picture = np.broadcast_to(colour(PAPER), (*shape, 3)).astype(np.float32)
    y, x = grid(shape)
    sunny = smooth_noise(shape, 260, rng)  # warm pigments on one side, cool ones on the other
    for index in range(26):
        pigment = _pigment(index, rng)
        side = sunny if index % 2 else 1 - sunny
        field = fractal_noise(shape, rng.uniform(50, 130), rng, octaves=5, gain=0.42) + 0.75 * side
        inside = field > float(np.quantile(field, rng.uniform(0.72, 0.95)))
        depth = ndimage.distance_transform_edt(inside).astype(np.float32)
        body = smoothstep(0, 1.6, depth)
        rim = np.exp(-depth / rng.uniform(1.8, 3.0)) * body
        pool = smooth_noise(shape, 45, rng)
        bloom = np.abs(fractal_noise(shape, 38, rng, octaves=4) - 0.5)
        amount = 0.16 + 0.62 * pool**2 + 0.75 * rim - 0.3 * smoothstep(0.06, 0.0, bloom)
        settled = 1 + 1.2 * grain * pool  # heavy pigment settles in the hollows of the paper
        picture = _wash(picture, pigment, np.clip(amount * settled, 0, None) * body * 0.85)
    for index in range(70):  # drops
        cy, cx = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        radius = rng.uniform(3, 10)
        box = around(shape, cy, cx, radius + 1)
        distance = np.hypot(y[box] - cy, x[box] - cx) - radius
        drop = smoothstep(0.8, -0.8, distance) * (0.4 + 1.0 * np.exp(np.minimum(distance, 0) / 2))
        picture[box] = _wash(picture[box], _pigment(index, rng), np.clip(drop, 0, 1.4) * 0.8)
    tooth = grain[1:, 1:] - grain[:-1, :-1]
    shade = 1 + 0.22 * np.pad(tooth, ((1, 0), (1, 0)))
    return np.clip(picture * shade[..., None], 0, 1).astype(np.float32)
