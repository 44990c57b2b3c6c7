"""Floating world: breaking waves in Prussian blue, as a woodblock print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.noise import fractal_noise, grid, smear, smooth_noise, smoothstep, unit
from bot.presets.drawing.oklab import blend, colour, gradient

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

SKY = ("#c9b48a", "#eadcb4", "#f3e9cf", "#e8b994")
BLUES = ("#14305c", "#1f4f86", "#4f86b0", "#a9c8cf", "#dfe6d6")
FOAM = "#f5efdc"
LINE = "#10213f"
SUN = "#cf4a33"
ROWS = 6


def _crest(x: Field, row: int, rng: np.random.Generator) -> Field:
    """Return the height of a row of waves above its base line: steep in front, hollow behind."""
    period = rng.uniform(200, 290)
    phase = (x / period + rng.random()) % 1.0
    hump = np.where(phase < 0.62, (phase / 0.62) ** 2.2, ((1 - phase) / 0.38) ** 0.9)
    return (hump * rng.uniform(70, 105) * (0.75 + 0.08 * row)).astype(np.float32)


def _print_row(picture: Colours, row: int, rng: np.random.Generator) -> Colours:
    """Draw one row of waves over the picture."""
    shape = picture.shape[:2]
    y, x = grid(shape)
    base = shape[0] * (0.36 + 0.15 * row)
    top = base - _crest(x, row, rng)
    body = y > top
    # Foam: round lobes of various sizes along the crest.
    lobes = np.zeros(shape, bool)
    for _ in range(70):
        centre = int(rng.integers(0, shape[1]))
        radius = rng.uniform(5, 15)
        at = float(top[0, centre]) + rng.uniform(-4, 16)
        lobes |= np.hypot(x - centre, y - at) < radius
    foam = lobes | (body & (y - top < 9))
    wave = body | lobes
    depth = ndimage.distance_transform_edt(body & ~foam).astype(np.float32)
    swell = depth + 9 * smooth_noise(shape, 70, rng)
    stripe = np.sin(swell * 2 * np.pi / 17)
    tone = 0.5 + 0.42 * np.tanh(2.5 * stripe) - 0.003 * depth
    water = gradient(BLUES, 0.75 * np.clip(tone, 0, 1))
    rim = smoothstep(2.3, 1.2, np.abs((swell % 17) - 8.5))
    water = blend(water, colour(LINE), 0.75 * rim)
    drawn = blend(water, colour(FOAM), ndimage.gaussian_filter(foam.astype(np.float32), 0.6))
    ripple = np.sin((y - top) * 2 * np.pi / 8 + x / 9)
    drawn = blend(drawn, colour(BLUES[3]), 0.7 * foam * smoothstep(0.55, 0.8, ripple))
    for outline, thickness in ((wave, 2.0), (foam, 1.5)):
        away = ndimage.distance_transform_edt(outline) + ndimage.distance_transform_edt(~outline)
        drawn = blend(drawn, colour(LINE), smoothstep(thickness + 0.7, thickness - 0.4, away - 1))
    shown = ndimage.gaussian_filter(ndimage.binary_dilation(wave, iterations=1).astype(float), 0.6)
    return blend(picture, drawn, shown.astype(np.float32))


def draw(shape: Shape) -> Colours:
    """Draw the sky, then the rows of waves from back to front."""
    rng = np.random.default_rng(31)
    y, x = grid(shape)
    fade = np.clip(1.7 * y / shape[0] + 0.12 * (fractal_noise(shape, 80, rng) - 0.5), 0, 1)
    picture = gradient(SKY, fade)
    sun = np.hypot(x - 0.7 * shape[1], y - 0.2 * shape[0])
    picture = blend(picture, colour(SUN), smoothstep(61, 59, sun) * np.clip(1.1 - sun / 160, 0, 1))
    cloud = fractal_noise(shape, 90, rng, octaves=2) + 0.25 * np.sin(y / 16)
    stripes = smoothstep(0.1, 0.3, np.sin(cloud * 26)) * smoothstep(0.4, 0.0, y / shape[0])
    picture = blend(picture, colour(BLUES[2]), 0.55 * stripes)
    for row in range(ROWS):
        picture = _print_row(picture, row, rng)
    flow = 0.15 * np.sin(x / 90 + 3 * smooth_noise(shape, 100, rng)).astype(np.float32)
    grain = unit(smear(rng.random(shape, dtype=np.float32), flow, 26, step=2.0))
    washi = fractal_noise(shape, 6, rng, octaves=2)
    tooth = 1 + 0.16 * (grain - 0.5) + 0.08 * (washi - 0.5)
    return np.clip(picture * tooth[..., None], 0, 1).astype(np.float32)
