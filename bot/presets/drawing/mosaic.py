"""Byzantine mosaic: stones of gold, sea blue and terracotta, set along their contours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.cells import square_cells
from bot.presets.drawing.flow import along_isolines
from bot.presets.drawing.noise import fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import blend, colour, gradient, lighten, vary

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

# Gold and marble are light, glass is dark: a painting then has no cold colour in its lights.
BANDS = (
    ("#f5d67a", "#e3b64a", "#c9963a"),
    ("#f7eedb", "#ebd8bb", "#efe0cd"),
    ("#b9533a", "#d68558", "#94392f"),
    ("#16305f", "#22508a", "#2f6a9c"),
    ("#dba583", "#e9c3a0", "#c08a6c"),
)
GROUT = "#41382f"


def draw(shape: Shape) -> Colours:
    """Draw the stones in rings and waves."""
    rng = np.random.default_rng(21)
    y, x = grid(shape)
    height, width = shape
    medallion = np.hypot(x - 0.36 * width, y - 0.46 * height) - 0.22 * height
    wave = 0.8 * (y - 0.78 * height) + 34 * np.sin(x / 58) + 30 * smooth_noise(shape, 120, rng)
    contour = np.where(np.abs(medallion) < 0.2 * height, medallion, wave).astype(np.float32)
    blended = np.where(medallion < 0.2 * height, medallion, wave + 0.22 * height)
    angle = along_isolines(contour)
    cells = square_cells(shape, scatter(shape, 14.0, rng), angle)
    count = int(cells.label.max()) + 1
    band_at = blended + 9 * (smooth_noise(shape, 30, rng) - 0.5)
    order = (np.floor(band_at / 33.0).astype(int) * 2) % len(BANDS)
    middle = np.zeros(count, int)
    # A stone has the band at its centre; the last assignment, the nearest pixel, wins.
    near = np.hypot(cells.y, cells.x).ravel()
    last = np.argsort(-near, kind="stable")
    middle[cells.label.ravel()[last]] = order.ravel()[last]

    tones = np.stack([[colour(code) for code in band] for band in BANDS])
    stones = tones[middle, rng.integers(0, 3, count)]
    stones = vary(stones, rng, lightness=0.045, tint=0.012)[cells.label]
    lean = rng.normal(0, 0.012, (count, 2))
    tilt = lean[cells.label, 0] * cells.y + lean[cells.label, 1] * cells.x
    grain = fractal_noise(shape, 7, rng, octaves=3) - 0.5
    glint = np.where(rng.random(count) < 0.12, 0.08, 0.0)[cells.label]
    surface = lighten(stones, tilt + 0.12 * grain + glint)

    slope_y, slope_x = np.gradient(smoothstep(0.2, 3.6, cells.edge))
    bevel = np.asarray(1 - 0.7 * np.clip(slope_x + slope_y, -0.45, 0.45))
    surface = np.clip(surface * bevel[..., None], 0, 1)
    mortar = gradient((GROUT, "#6b6154"), fractal_noise(shape, 5, rng, octaves=2))
    gap = 0.65 + 0.5 * smooth_noise(shape, 9, rng)
    return blend(mortar, surface, smoothstep(-0.5, 0.6, cells.edge - gap))
