"""Pen and wash: hills and trees in transparent watercolour over loose pen lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from bot.presets.drawing.canvas import Canvas
from bot.presets.drawing.noise import around, fractal_noise, grid, smooth_noise, smoothstep
from bot.presets.drawing.oklab import colour, gradient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.presets.drawing.noise import Field, Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

PAPER = "#fdf9f0"
PEN = "#33292b"
SKY = ("#5fa6e0", "#8fc3ee", "#a9aee6")
DAWN = ("#fbc878", "#f79a80", "#f4a8b8")
HILLS = (
    ("#a9b6ee", "#d9a9dc", "#f6b3a3"),
    ("#86bfe0", "#cf9fc9", "#f8b87f"),
    ("#7fc3b0", "#bccb72", "#f8bd5f"),
    ("#5fa88a", "#aebf45", "#ec9440"),
    ("#3f8f8f", "#8fa83f", "#d9693f"),
    ("#3f74a8", "#7a62a8", "#c9584f"),
)
"""Pigments of each row of hills, from far to near; they run into each other."""


def _wash(picture: Colours, pigments: Sequence[str], amount: Field, mix: Field) -> Colours:
    """Multiply a picture by the pigments' transmittance (Beer–Lambert)."""
    return (picture * np.power(gradient(pigments, mix), amount[..., None])).astype(np.float32)


def _draw_lines(picture: Colours, ridge: Field, rng: np.random.Generator) -> Colours:
    """Draw a ridge with the pen, hatch below it and put some trees on it."""
    width = picture.shape[1]
    canvas = Canvas(picture, rng)
    pen = colour(PEN)
    slope = np.gradient(ndimage.gaussian_filter1d(ridge, 6))
    for column in range(-4, width, 7):
        at = min(max(column, 0), width - 1)
        jitter = rng.normal(0, 0.8)
        canvas.stroke(
            np.array([ridge[at] + jitter, column]),
            float(np.arctan(slope[at])),
            pen,
            length=rng.uniform(9, 15),
            width=rng.uniform(1.3, 2.6),
            taper=0.3,
            opacity=rng.uniform(0.45, 0.95),
        )
    shaded = smooth_noise((1, width), 45, rng)[0]
    for column in rng.integers(0, width, 150):
        if shaded[column] < 0.5:
            continue
        length = rng.uniform(10, 34)
        canvas.stroke(
            np.array([ridge[column] + 0.5 * length + rng.uniform(3, 26), column]),
            1.25 + rng.normal(0, 0.1),
            pen,
            length=length,
            width=rng.uniform(1.2, 1.9),
            bend=rng.normal(0, 1),
            taper=0.4,
            opacity=rng.uniform(0.35, 0.75),
        )
    return canvas.colour


def _add_tree(
    picture: Colours, foot: tuple[float, float], tall: float, rng: np.random.Generator
) -> Colours:
    """Wash in a crown and scribble its leaves with the pen."""
    shape = (picture.shape[0], picture.shape[1])
    crown = (foot[0] - 0.62 * tall, foot[1])
    box = around(shape, *crown, 0.6 * tall)
    y, x = (axis[box] - middle for axis, middle in zip(grid(shape), crown, strict=True))
    ragged = 0.5 * (fractal_noise(shape, 22, rng)[box] - 0.5)
    inside = 0.8 - np.hypot(y, 1.15 * x) / (0.45 * tall) + ragged
    depth = ndimage.distance_transform_edt(inside > 0)
    amount = (0.5 + 0.5 * np.exp(-depth / 2.4)) * smoothstep(0, 2, depth)
    mix = fractal_noise(shape, 50, rng)[box]
    picture[box] = _wash(picture[box], HILLS[int(rng.integers(3, 6))], amount, mix)
    canvas = Canvas(picture, rng)
    for _ in range(int(0.5 * tall)):
        place = np.array(crown) + rng.normal(0, 0.16 * tall, 2)
        length = rng.uniform(6, 14)
        canvas.stroke(
            place,
            rng.uniform(0, np.pi),
            colour(PEN),
            length=length,
            width=rng.uniform(1.2, 2.0),
            bend=rng.choice((-1, 1)) * 0.3 * length,
            opacity=rng.uniform(0.4, 0.9),
        )
    middle = np.array([foot[0] - 0.14 * tall, foot[1]])
    for lean in (-0.03, 0.04):
        canvas.stroke(middle, np.pi / 2 + lean, colour(PEN), length=0.4 * tall, width=2.2)
    return canvas.colour


def draw(shape: Shape) -> Colours:
    """Paint and draw from the sky to the foreground."""
    rng = np.random.default_rng(29)
    height, width = shape
    y, _ = grid(shape)
    picture = np.broadcast_to(colour(PAPER), (*shape, 3)).astype(np.float32)
    cloud = fractal_noise(shape, 170, rng, octaves=3, gain=0.35)
    blue = smoothstep(0.45, 0.7, cloud) * smoothstep(0.6, 0.1, y / height)
    picture = _wash(picture, SKY, 1.1 * blue, smooth_noise(shape, 90, rng))
    warm = smoothstep(0.55, 0.25, cloud) * smoothstep(0.0, 0.25, y / height)
    picture = _wash(picture, DAWN, 0.8 * warm, smooth_noise(shape, 120, rng))
    for layer, pigments in enumerate(HILLS):
        ridge = height * (0.3 + 0.125 * layer) + (110 - 8 * layer) * (
            fractal_noise((1, width), 150 - 14 * layer, rng, octaves=5) - 0.5
        )
        torn = 26 * (fractal_noise(shape, 30, rng) - 0.4)  # the wash misses the line in places
        depth = ndimage.distance_transform_edt(y + torn > ridge + 4).astype(np.float32)
        pool = fractal_noise(shape, 80, rng, octaves=3)
        amount = 0.1 + 1.1 * pool + 0.4 * np.exp(-depth / 2.6)
        mist = smoothstep(120 - 8 * layer, 15, y - ridge) + 0.04 * layer
        amount = amount * mist * smoothstep(0, 2.2, depth)
        picture = _wash(picture, pigments, amount, fractal_noise(shape, 110, rng))
        picture = _draw_lines(picture, ridge[0], rng)
        for _ in range(layer):
            column = int(rng.integers(0, width))
            foot = (float(ridge[0, column]) + 8, float(column))
            picture = _add_tree(picture, foot, (40 + 13 * layer) * rng.uniform(0.8, 1.2), rng)
    grain = fractal_noise(shape, 3, rng, octaves=2) - 0.5
    # Heavy pigment settles in the hollows of the paper.
    heavy: Field = 1 - picture.mean(axis=2)
    shade = 1 + 0.35 * grain * np.sqrt(heavy)
    return np.clip(picture * shade[..., None], 0, 1).astype(np.float32)
