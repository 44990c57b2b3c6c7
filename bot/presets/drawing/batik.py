"""Batik: wax-drawn leaves in saffron and brick dye on a dark ground, with fine cracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.cells import relaxed, voronoi
from bot.presets.drawing.noise import around, fractal_noise, grid, scatter, smooth_noise, smoothstep
from bot.presets.drawing.oklab import blend, colour, gradient

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

WAX = ("#f3e2bd", "#faf0d8")
GROUND = ("#2f1420", "#511f2a", "#6f2a2e")
DYES = (
    ("#e39a2e", "#f0b84f", "#f6d488"),
    ("#a8402a", "#cf6a3c", "#e3925c"),
    ("#d9b98a", "#ecd6ab", "#f3e4c4"),
    ("#1f5a5f", "#3b857f", "#7fae96"),
)
SHARES = (0.4, 0.36, 0.12, 0.12)
LINE = 2.4


def draw(shape: Shape) -> Colours:
    """Dye the ground and the leaves, each outlined in wax, then crack the wax."""
    rng = np.random.default_rng(19)
    y, x = grid(shape)
    picture = gradient(GROUND, fractal_noise(shape, 60, rng))
    dots = relaxed(shape, scatter(shape, 13, rng), rounds=2)
    seeds = voronoi(shape, dots)
    speck = smoothstep(3.0, 1.8, np.hypot(seeds.y, seeds.x))
    picture = blend(picture, gradient(WAX, 0.3), 0.75 * speck)

    sway = 2.4 * np.pi * smooth_noise(shape, 210, rng)
    for spacing, half in ((112.0, 66.0), (84.0, 42.0), (72.0, 24.0)):
        for cy, cx in relaxed(shape, scatter(shape, spacing, rng), rounds=1):
            picture = _leaf(picture, (cy, cx), half * rng.uniform(0.8, 1.15), sway, rng)

    for spacing, share in ((44.0, 0.5), (20.0, 0.28)):
        crack = voronoi(
            shape,
            scatter(shape, spacing, rng),
            y_shift=0.5 * spacing * (fractal_noise(shape, 20, rng) - 0.5),
            x_shift=0.5 * spacing * (fractal_noise(shape, 20, rng) - 0.5),
        )
        seam = smoothstep(1.3, 0.3, crack.edge)
        seam = seam * smoothstep(0.35, 0.6, fractal_noise(shape, 70, rng))
        picture = blend(picture, colour(GROUND[0]), share * seam)
    weave = np.sin(x * np.pi / 2) * np.sin(y * np.pi / 2)
    return np.clip(picture * (1 + 0.05 * weave[..., None]), 0, 1).astype(np.float32)


def _leaf(
    picture: Colours,
    centre: tuple[float, float],
    half: float,
    sway: Field,
    rng: np.random.Generator,
) -> Colours:
    """Dye one bent leaf, `half` as long from its middle to its tip, with wax along its veins."""
    shape = (picture.shape[0], picture.shape[1])
    box = around(shape, *centre, half + LINE)
    at = np.clip(np.array(centre), 0, np.array(shape) - 1).astype(int)
    turn = float(sway[at[0], at[1]]) + rng.normal(0, 0.5)
    y, x = (axis[box] - middle for axis, middle in zip(grid(shape), centre, strict=True))
    along = (x * np.cos(turn) + y * np.sin(turn)) / half
    across = y * np.cos(turn) - x * np.sin(turn) - rng.normal(0, 0.2) * half * (along**2 - 0.3)
    profile = np.clip(1 - along**2, 0, 1) * (1 + 0.45 * along)
    inside = 0.4 * half * profile - np.abs(across)
    dye = gradient(DYES[int(rng.choice(len(DYES), p=SHARES))], 0.5 + 0.45 * across / (0.4 * half))
    vein = np.abs((along - 0.9 * np.abs(across) / half) * half % 15 - 7.5)
    veins = 0.55 * smoothstep(1.6, 0.7, vein) * smoothstep(3, 6, inside)
    wax = np.maximum(veins, smoothstep(1.6, 0.8, np.abs(across)))
    wax = np.maximum(wax, smoothstep(LINE + 0.7, LINE - 0.7, inside))
    dyed = blend(dye, gradient(WAX, 0.6), wax)
    picture[box] = blend(picture[box], dyed, smoothstep(-0.7, 0.7, inside))
    return picture
