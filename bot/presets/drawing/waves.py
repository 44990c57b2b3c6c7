"""Floating world: a red mountain behind breaking waves, as a woodblock print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.noise import fractal_noise, grid, smear, smooth_noise, smoothstep, unit
from bot.presets.drawing.oklab import blend, colour, gradient

if TYPE_CHECKING:
    import numpy.typing as npt

    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

SKY = ("#5f93a8", "#b5cbbb", "#f2e3ba", "#f6e6c4", "#f0c9a0")
CLOUD = ("#f6ead0", "#f4d9b4", "#eec3a0")
MOUNTAIN = ("#8f4a3a", "#c0714f", "#dd9d70", "#f0cda0")
BLUES = ("#1f4470", "#3a6f95", "#76a3b3", "#b9cfc6", "#e8e6cd")
FOAM = "#f8f0da"
LINE = "#1f3350"
ROWS = 3


def _crest(x: Field, row: int, rng: np.random.Generator) -> Field:
    """Return the height of a row of waves above its base line: steep in front, hollow behind."""
    period = rng.uniform(230, 330)
    phase = (x / period + rng.random()) % 1.0
    hump = np.where(phase < 0.62, (phase / 0.62) ** 2.2, ((1 - phase) / 0.38) ** 0.9)
    return (hump * rng.uniform(50, 70) * (0.8 + 0.15 * row)).astype(np.float32)


def _outline(inside: npt.NDArray[np.bool_], thickness: float) -> Field:
    """Return the ink of a line of this thickness in pixels around a region."""
    away = ndimage.distance_transform_edt(inside) + ndimage.distance_transform_edt(~inside)
    return smoothstep(thickness + 0.7, thickness - 0.4, away - 1)


def _print_clouds(picture: Colours, rng: np.random.Generator) -> Colours:
    """Print flat, outlined banks of cloud."""
    height, width = picture.shape[:2]
    y, _ = grid((height, width))
    bank = fractal_noise((height, width // 5), 26, rng, octaves=3, gain=0.4)
    bank = ndimage.zoom(bank, (1, width / bank.shape[1]), order=1)
    inside = bank > 0.56
    tone = np.clip(1.8 * y / height + 0.5 * (bank - 0.56), 0, 1)
    picture = blend(picture, gradient(CLOUD, tone), ndimage.gaussian_filter(inside * 1.0, 0.6))
    return blend(picture, colour(LINE), 0.5 * _outline(inside, 0.9))


def _print_mountain(picture: Colours, rng: np.random.Generator) -> Colours:
    """Print the mountain, with snow on its top and gullies down its sides."""
    shape = (picture.shape[0], picture.shape[1])
    y, x = grid(shape)
    aside = x - 0.6 * shape[1]
    slope = 0.14 * shape[0] + 105 * np.log1p(np.maximum(np.abs(aside) - 20, 0) / 60)
    below = y - slope - 5 * smooth_noise(shape, 20, rng)
    down = aside / (1 + np.maximum(y - 0.1 * shape[0], 0) / 90)  # constant down a gully
    gullies = fractal_noise((1, 4 * shape[1]), 9, rng, octaves=3)[0]
    gully = gullies[np.clip(3 * down + 2 * shape[1], 0, 4 * shape[1] - 1).astype(int)]
    tone = below / 250 + 0.25 * (gully - 0.5) + 0.2 * (fractal_noise(shape, 60, rng) - 0.5)
    drawn = gradient(MOUNTAIN, np.clip(tone, 0, 1))
    drawn = blend(drawn, colour(MOUNTAIN[0]), 0.6 * smoothstep(0.6, 0.7, gully))
    snow = smoothstep(1.5, -1.5, y - 0.17 * shape[0] - 130 * gully)
    drawn = blend(drawn, colour(FOAM), snow)
    drawn = blend(drawn, colour(LINE), 0.8 * _outline(below > 0, 1.4))
    return blend(picture, drawn, smoothstep(-1, 1, below))


def _print_row(picture: Colours, row: int, rng: np.random.Generator) -> Colours:
    """Print one row of waves over the picture."""
    shape = (picture.shape[0], picture.shape[1])
    y, x = grid(shape)
    top = shape[0] * (0.76 + 0.11 * row) - _crest(x, row, rng)
    below = y - top
    swell = below + 22 * smooth_noise(shape, 70, rng)
    ragged = 7 * np.abs(np.sin(x / 7 + 9 * smooth_noise(shape, 40, rng)))
    foam = below < 5 + ragged
    stripe = np.tanh(3 * np.sin(swell * 2 * np.pi / 22))
    water = gradient(BLUES, np.clip(0.78 - 0.005 * below + 0.1 * stripe, 0, 1))
    water = blend(water, colour(LINE), 0.4 * smoothstep(1.5, 0.6, np.abs(swell % 11 - 5.5)))
    drawn = blend(water, colour(FOAM), ndimage.gaussian_filter(foam * 1.0, 0.6))
    drawn = blend(drawn, colour(LINE), 0.8 * _outline(foam, 0.9))
    drawn = blend(drawn, colour(LINE), _outline(below > 0, 1.5))
    picture = blend(picture, drawn, smoothstep(-1.5, -0.5, below))
    for column in rng.integers(0, shape[1], 50):  # spray
        at = float(top[0, column]) - rng.gamma(2, 7)
        drop = rng.uniform(1, 2.6) - np.hypot(y - at, x - column)
        picture = blend(picture, colour(FOAM), smoothstep(-0.6, 0.6, drop))
    return picture


def draw(shape: Shape) -> Colours:
    """Print the sky and the mountain, then the rows of waves from back to front."""
    rng = np.random.default_rng(31)
    y, x = grid(shape)
    fade = np.clip(1.9 * y / shape[0] + 0.08 * (fractal_noise(shape, 80, rng) - 0.5), 0, 1)
    picture = _print_mountain(_print_clouds(gradient(SKY, fade), rng), rng)
    for row in range(ROWS):
        picture = _print_row(picture, row, rng)
    flow = 0.15 * np.sin(x / 90 + 3 * smooth_noise(shape, 100, rng)).astype(np.float32)
    grain = unit(smear(rng.random(shape, dtype=np.float32), flow, 26, step=2.0))
    washi = fractal_noise(shape, 6, rng, octaves=2)
    tooth = 1 + 0.16 * (grain - 0.5) + 0.08 * (washi - 0.5)
    return np.clip(picture * tooth[..., None], 0, 1).astype(np.float32)
