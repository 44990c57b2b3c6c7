"""Random fields, which make the drawings look made by hand.

Fields are (height, width) float arrays. Every random function takes its generator, so that a
drawing is reproducible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import numpy.typing as npt

    Field = npt.NDArray[np.floating]
    Shape = tuple[int, int]

__all__ = [
    "around",
    "fractal_noise",
    "grid",
    "scatter",
    "smear",
    "smooth_noise",
    "smoothstep",
    "unit",
]


def grid(shape: Shape) -> tuple[Field, Field]:
    """Return the pixels' y and x, each of the whole shape."""
    y: Field
    x: Field
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return y, x


def around(shape: Shape, y: float, x: float, reach: float) -> tuple[slice, slice]:
    """Return the square part of a canvas within `reach` pixels of a place; it may be empty."""
    return (
        slice(min(max(int(y - reach), 0), shape[0]), max(min(int(y + reach) + 2, shape[0]), 0)),
        slice(min(max(int(x - reach), 0), shape[1]), max(min(int(x + reach) + 2, shape[1]), 0)),
    )


def unit(field: Field) -> Field:
    """Scale the field to 0..1."""
    low, high = float(field.min()), float(field.max())
    stretched: Field = ((field - low) / max(high - low, 1e-9)).astype(np.float32)
    return stretched


def smoothstep(low: float, high: float, field: Field) -> Field:
    """Return 0 below `low`, 1 above `high`, smooth between; decreasing if `high` is smaller."""
    t = np.clip((field - low) / (high - low), 0, 1)
    smooth: Field = (t * t * (3 - 2 * t)).astype(np.float32)
    return smooth


def smooth_noise(shape: Shape, scale: float, rng: np.random.Generator) -> Field:
    """Make noise without detail below `scale` pixels, in 0..1."""
    rows, columns = (_spline(side, scale, float(rng.random())) for side in shape)
    lattice = rng.random((rows.shape[1], columns.shape[1]))
    return unit(rows @ lattice @ columns.T)


def _spline(side: int, scale: float, offset: float) -> npt.NDArray[np.float64]:
    """Return weights (side, knots) of the cubic B-spline with a knot every `scale` pixels."""
    place = np.arange(side)[:, None] / scale + offset + 1
    away = np.abs(place - np.arange(int(np.ceil(side / scale)) + 4)[None, :])
    near = 2 / 3 - away**2 * (1 - away / 2)
    far = np.clip(2 - away, 0, None) ** 3 / 6
    weights: npt.NDArray[np.float64] = np.where(away < 1, near, far)
    return weights


def fractal_noise(
    shape: Shape, scale: float, rng: np.random.Generator, *, octaves: int = 4, gain: float = 0.5
) -> Field:
    """Make noise with detail at `scale` pixels, half of it, a quarter and so on, in 0..1."""
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        total += gain**octave * smooth_noise(shape, max(scale / 2**octave, 1.0), rng)
    return unit(total)


def smear(field: Field, angle: Field, length: float, *, step: float = 1.0) -> Field:
    """Average the field along a flow, which gives brush-like streaks.

    Args:
        field: the field to average.
        angle: direction of the flow at each pixel, in radians, y downwards.
        length: pixels averaged to either side.
        step: pixels between samples.
    """
    y0, x0 = grid(field.shape)
    along_y, along_x = np.sin(angle), np.cos(angle)
    total, count = field.astype(np.float32).copy(), 1
    for sign in (-step, step):
        y, x = y0.copy(), x0.copy()
        for _ in range(max(int(length / step), 1)):
            at = np.stack([y, x])
            y += sign * ndimage.map_coordinates(along_y, at, order=0, mode="nearest")
            x += sign * ndimage.map_coordinates(along_x, at, order=0, mode="nearest")
            total += ndimage.map_coordinates(field, np.stack([y, x]), order=1, mode="reflect")
            count += 1
    return (total / count).astype(np.float32)


def scatter(shape: Shape, spacing: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return points (n, 2) of (y, x) that cover the canvas evenly, in random order.

    One per cell of a grid `spacing` wide, at a random place in its cell; some lie off the canvas.
    """
    ys = np.arange(-spacing / 2, shape[0] + spacing, spacing)
    xs = np.arange(-spacing / 2, shape[1] + spacing, spacing)
    points = np.stack(np.meshgrid(ys, xs, indexing="ij"), axis=-1).reshape(-1, 2)
    points = points + rng.uniform(-0.5, 0.5, points.shape) * spacing
    return rng.permutation(points)
