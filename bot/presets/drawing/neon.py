"""Neon: contour lines of light over a violet night."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import colour, gradient

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

NIGHT = ("#0a0620", "#1c0b46", "#3a1170", "#641a86")
TUBES = ("#ff2fa8", "#22e3ff", "#ffe14d", "#8f5bff", "#ff7a2f", "#36ffb0")


def _contours(field: Field, levels: float) -> tuple[Field, Field]:
    """Return the distance in pixels to the nearest contour line, and that line's number."""
    scaled = field * levels
    slope_y, slope_x = np.gradient(scaled)
    steep = np.maximum(np.hypot(slope_y, slope_x), 1e-3)
    nearest = np.rint(scaled)
    return np.abs(scaled - nearest) / steep, nearest


def draw(shape: Shape) -> Colours:
    """Draw glowing contour lines and dots on a dark background."""
    rng = np.random.default_rng(77)
    y, x = grid(shape)
    light = gradient(NIGHT, fractal_noise(shape, 140, rng, octaves=3)) ** 2.2
    for octave, (scale, levels) in enumerate(((170.0, 13.0), (90.0, 7.0))):
        field = fractal_noise(shape, scale, rng, octaves=2, gain=0.3)
        away, line = _contours(field, levels)
        which = (line.astype(int) * (2 + octave) + octave * 3) % len(TUBES)
        tube = np.stack([colour(code) for code in TUBES])[which] ** 2.2
        flicker = 0.55 + 0.45 * smooth_noise(shape, 60, rng)
        core = smoothstep(2.4, 1.0, away) * flicker
        glow = (0.5 * np.exp(-away / 4.5) + 0.16 * np.exp(-away / 15)) * flicker
        light = light + tube * (glow + 0.9 * core)[..., None] + 0.55 * (core**3)[..., None]
    for cy, cx in scatter(shape, 46, rng):
        away = np.hypot(y - cy, x - cx)
        spark = colour(TUBES[int(rng.integers(len(TUBES)))]) ** 2.2
        size = rng.uniform(1.5, 4.5)
        bead = 1.1 * smoothstep(size + 0.8, size - 0.8, away) + 0.35 * np.exp(-away / (2 * size))
        light = light + spark * bead[..., None]
    rain = 0.93 + 0.07 * np.sin(y * np.pi / 2)  # the scan lines of an old screen
    return np.clip((light * rain[..., None] / (1 + 0.28 * light)) ** (1 / 2.2), 0, 1).astype(
        np.float32
    )
