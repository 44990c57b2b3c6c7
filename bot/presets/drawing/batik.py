"""Batik: wax lines and dots, indigo and rust dye, and fine cracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.cells import relaxed, voronoi
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import blend, colour, gradient

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

CLOTH = ("#efe0bd", "#f7ecd2")
INDIGO = ("#12204a", "#1d3570", "#2f5494")
RUST = ("#7a2a18", "#b0492a", "#cf7a3a")
BAND = 30.0


def draw(shape: Shape) -> Colours:
    """Draw the dyed bands, then the wax lines, then the cracks."""
    rng = np.random.default_rng(19)
    y, x = grid(shape)
    bow = 46.0
    points = relaxed(shape, scatter(shape, 150, rng), rounds=1)
    cells = voronoi(
        shape,
        points,
        y_shift=bow * (smooth_noise(shape, 80, rng) - 0.5),
        x_shift=bow * (smooth_noise(shape, 80, rng) - 0.5),
    )
    away = np.hypot(cells.x, cells.y)
    turn = np.arctan2(cells.y, cells.x)
    lobes = 0.10 * away * np.sin(turn * 6 + cells.label)
    contour = away + lobes
    band = np.floor(contour / BAND).astype(int)
    across = contour / BAND - band
    dye = np.where(
        ((band + cells.label) % 3 == 1)[..., None],
        gradient(RUST, fractal_noise(shape, 40, rng)),
        gradient(INDIGO, fractal_noise(shape, 45, rng)),
    )
    dye = np.where(((band + cells.label) % 4 == 2)[..., None], gradient(CLOTH, 0.4), dye)

    line = smoothstep(0.115, 0.06, np.abs(across - 0.0)) + smoothstep(0.885, 0.94, across)
    dots_around = np.maximum(np.rint(2 * np.pi * (band + 0.5) * BAND / 15), 3)
    step = (turn / (2 * np.pi) * dots_around + 0.5 * (band % 2)) % 1.0 - 0.5
    along = step * 2 * np.pi * np.maximum(contour, 8) / dots_around
    dot = smoothstep(4.6, 3.2, np.hypot(along, (across - 0.5) * BAND))
    veins = smoothstep(0.9, 0.97, np.abs(np.sin(turn * 18 + 0.05 * away)))
    veins *= ((band + cells.label) % 3 == 0) * smoothstep(0.2, 0.3, across)
    border = smoothstep(4.4, 3.0, cells.edge)
    wax = np.clip(line + dot + 0.9 * veins + border, 0, 1)
    wax = ndimage.gaussian_filter(wax, 0.7)
    light_band = ((band + cells.label) % 4 == 2)[..., None]
    drawn = np.where(
        light_band, gradient(INDIGO, 0.2), gradient(CLOTH, fractal_noise(shape, 9, rng))
    )
    picture = blend(dye, drawn, wax)

    for spacing, share in ((34.0, 0.45), (15.0, 0.25)):
        shift = 0.5 * spacing
        crack = voronoi(
            shape,
            scatter(shape, spacing, rng),
            y_shift=shift * (fractal_noise(shape, 20, rng) - 0.5),
            x_shift=shift * (fractal_noise(shape, 20, rng) - 0.5),
        )
        open_here = smoothstep(0.35, 0.6, fractal_noise(shape, 70, rng))
        seam = smoothstep(1.3, 0.3, crack.edge) * open_here
        picture = blend(picture, colour(INDIGO[0]), share * 1.3 * seam)
    weave = np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2)
    return np.clip(picture * (1 + 0.05 * weave[..., None]), 0, 1).astype(np.float32)
