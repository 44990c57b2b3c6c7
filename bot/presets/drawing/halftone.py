"""Comic print: halftone dots of four inks on rotated screens, and black outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.cells import relaxed, voronoi
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import colour

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

PITCH = 10.0
SCREENS = (15.0, 75.0, 0.0, 45.0)  # degrees: cyan, magenta, yellow, black, as in print
INKS = ("#00a0e0", "#e5127d", "#ffe100", "#15131a")
PAPER = "#fbf5e6"
FLATS = ("#ffd93b", "#f0423c", "#3aa6dd", "#f7a6a0", "#fdf3d8", "#2b4fa8", "#f58a2c")


def _screen(amount: Field, degrees: float) -> Field:
    """Return halftone dots whose area is the given amount of ink."""
    y, x = grid(amount.shape)
    turn = np.radians(degrees)
    u = (x * np.cos(turn) + y * np.sin(turn)) / PITCH
    v = (y * np.cos(turn) - x * np.sin(turn)) / PITCH
    distance = np.hypot(u - np.rint(u), v - np.rint(v)) * PITCH
    radius = PITCH * np.sqrt(np.clip(amount, 0, 1) / np.pi) * 1.08
    return smoothstep(0.7, -0.7, distance - radius)


def draw(shape: Shape) -> Colours:
    """Separate the drawing into four inks and print each."""
    rng = np.random.default_rng(14)
    y, x = grid(shape)
    bow = 60.0
    points = relaxed(shape, scatter(shape, 118, rng), rounds=1)
    cells = voronoi(
        shape,
        points,
        y_shift=bow * (smooth_noise(shape, 90, rng) - 0.5),
        x_shift=bow * (smooth_noise(shape, 90, rng) - 0.5),
    )
    kind = np.arange(len(points)) % len(FLATS)
    flat = np.stack([colour(code) for code in FLATS])[rng.permutation(kind)][cells.label]
    fade = 0.5 + 0.5 * np.sin(np.hypot(cells.x, cells.y) / 21 + cells.label)
    wanted = flat + (1 - flat) * (0.5 * fade[..., None])
    rays = np.arctan2(y - 0.55 * shape[0], x - 0.45 * shape[1])
    wanted = np.where((np.sin(rays * 11) > 0.25)[..., None], wanted, wanted * 0.9)

    ink = 1 - np.clip(wanted, 0, 1)
    black = np.min(ink, axis=-1) * 0.9
    inks = [*np.moveaxis(np.clip(ink - black[..., None] * 0.6, 0, 1), -1, 0), black]
    printed = np.broadcast_to(colour(PAPER), (*shape, 3)).copy()
    for amount, degrees, code in zip(inks, SCREENS, INKS, strict=True):
        dots = _screen(amount.astype(np.float32), degrees)[..., None]
        printed *= 1 - dots * (1 - colour(code))

    line = 2.0 + 4.5 * smooth_noise(shape, 50, rng)
    outline = smoothstep(0.8, -0.8, cells.edge - line)
    hatch = np.sin((x * 0.8 + y + 10 * smooth_noise(shape, 60, rng)) * 2 * np.pi / 15)
    shadow = smoothstep(0.62, 0.78, fractal_noise(shape, 110, rng, octaves=2))
    outline = np.maximum(outline, shadow * smoothstep(0.35, 0.6, hatch))
    printed += (colour(INKS[3]) - printed) * outline[..., None]
    return np.clip(ndimage.gaussian_filter(printed, (0.7, 0.7, 0)), 0, 1).astype(np.float32)
