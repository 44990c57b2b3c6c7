"""Divide the canvas into cells, for glass panes, mosaic stones and dye bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from bot.presets.drawing.noise import grid

if TYPE_CHECKING:
    import numpy.typing as npt

    from bot.presets.drawing.noise import Field, Shape

    Points = npt.NDArray[np.float64]
    Labels = npt.NDArray[np.intp]

__all__ = ["Cells", "relaxed", "square_cells", "voronoi"]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A canvas divided into cells.

    Attributes:
        label: (height, width), the cell of each pixel.
        edge: (height, width) float32, distance to the nearest border between cells, in pixels.
        y, x: (height, width) float32, each pixel's position relative to its cell's centre.
    """

    label: Labels
    edge: Field
    y: Field
    x: Field


def voronoi(
    shape: Shape, points: Points, *, y_shift: Field | float = 0.0, x_shift: Field | float = 0.0
) -> Cells:
    """Assign each pixel to the nearest of the points, (n, 2) of (y, x).

    Args:
        shape: height and width of the canvas.
        points: the centres of the cells.
        y_shift: added to each pixel's position first, which bends the borders.
        x_shift: likewise.
    """
    y, x = grid(shape)
    place = np.stack([y + y_shift, x + x_shift], axis=-1)
    distance, index = _nearest(points, place, 2)
    between = np.linalg.norm(points[index[..., 1]] - points[index[..., 0]], axis=-1)
    edge = (distance[..., 1] ** 2 - distance[..., 0] ** 2) / (2 * np.maximum(between, 1e-6))
    offset = place - points[index[..., 0]]
    return Cells(
        index[..., 0],
        edge.astype(np.float32),
        offset[..., 0].astype(np.float32),
        offset[..., 1].astype(np.float32),
    )


def relaxed(shape: Shape, points: Points, *, rounds: int = 3) -> Points:
    """Move the points to the centroids of their cells, which evens the cells out (Lloyd)."""
    y, x = grid((shape[0] // 2, shape[1] // 2))
    place = np.stack([y, x], axis=-1).reshape(-1, 2).astype(np.float64) * 2.0
    for _ in range(rounds):
        label = _nearest(points, place, 1)[1]
        points = _centroids(points, place, label)
    return points


def square_cells(shape: Shape, points: Points, angle: Field, *, rounds: int = 8) -> Cells:
    """Divide the canvas into squares aligned with a flow, like the stones of a mosaic.

    Source: Hausner, "Simulating decorative mosaics", SIGGRAPH 2001: Lloyd's relaxation with
    the distance max(|u|, |v|) in the rotated coordinates of each cell.
    """
    y, x = grid((shape[0] // 2, shape[1] // 2))
    coarse = np.stack([y, x], axis=-1).reshape(-1, 2).astype(np.float64) * 2.0
    for _ in range(rounds):
        label = _nearest_square(coarse, points, angle)[0]
        points = _centroids(points, coarse, label)
    y, x = grid(shape)
    place = np.stack([y, x], axis=-1).reshape(-1, 2).astype(np.float64)
    label, edge = _nearest_square(place, points, angle)
    offset = (place - points[label]).reshape(*shape, 2).astype(np.float32)
    return Cells(
        label.reshape(shape),
        edge.reshape(shape).astype(np.float32),
        offset[..., 0],
        offset[..., 1],
    )


def _nearest(points: Points, place: Field, count: int) -> tuple[Points, Labels]:
    """Return distances to the nearest points and their indices; a count of 1 adds no axis."""
    distance, index = cKDTree(points).query(place, k=count)
    return np.asarray(distance), np.asarray(index)


def _nearest_square(place: Points, points: Points, angle: Field) -> tuple[Labels, Points]:
    """Return each place's nearest centre in the square metric, and its distance to the border."""
    row, column = np.rint(points).astype(int).T
    at = angle[np.clip(row, 0, angle.shape[0] - 1), np.clip(column, 0, angle.shape[1] - 1)]
    cos, sin = np.cos(at), np.sin(at)
    candidates = _nearest(points, place, 7)[1]
    offset = place[:, None, :] - points[candidates]
    along = offset[..., 1] * cos[candidates] + offset[..., 0] * sin[candidates]
    across = offset[..., 0] * cos[candidates] - offset[..., 1] * sin[candidates]
    distance = np.maximum(np.abs(along), np.abs(across))
    order = np.argsort(distance, axis=1)[:, :2]
    nearest = np.take_along_axis(distance, order, axis=1)
    label = np.take_along_axis(candidates, order[:, :1], axis=1)[:, 0]
    return label, 0.5 * (nearest[:, 1] - nearest[:, 0])


def _centroids(points: Points, place: Points, label: Labels) -> Points:
    count = np.bincount(label, minlength=len(points))
    sums = np.stack(
        [np.bincount(label, place[:, axis], minlength=len(points)) for axis in (0, 1)], axis=1
    )
    # Centres outside the canvas have no pixels and are not moved.
    return np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], points)
