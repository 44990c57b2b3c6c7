"""Crystal: facets in ice blue, violet and rose, each shaded differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import Delaunay

from bot.presets.drawing.noise import fractal_noise, grid, scatter, smear, smoothstep
from bot.presets.drawing.oklab import blend, colour, gradient, lighten

if TYPE_CHECKING:
    from bot.presets.drawing.noise import Shape
    from bot.presets.drawing.oklab import Colours

__all__ = ["draw"]

DEPTHS = ("#0b1030", "#23246b", "#4b3aa8", "#2f86c9", "#63d0df", "#d9f4f2", "#f7b7cf", "#d8437f")
SPARKLE = "#ffffff"
SEAM = "#0a0d24"


def draw(shape: Shape) -> Colours:
    """Draw the facets, shade each along its own slope, then light the ridges between them."""
    rng = np.random.default_rng(12)
    y, x = grid(shape)
    corners = np.concatenate([scatter(shape, 62, rng), scatter(shape, 84, rng)])
    cut = Delaunay(corners)
    place = np.stack([y, x], axis=-1).reshape(-1, 2)
    facet = np.clip(cut.find_simplex(place), 0, None)
    count = len(cut.simplices)

    # Barycentric coordinates: how far a pixel is from each of its facet's three sides.
    affine = cut.transform[facet]
    two = np.einsum("nij,nj->ni", affine[:, :2], place - affine[:, 2])
    share = np.concatenate([two, 1 - two.sum(axis=1, keepdims=True)], axis=1).reshape(*shape, 3)
    edges = corners[cut.simplices]
    sides = np.roll(edges, -1, axis=1) - np.roll(edges, 1, axis=1)
    (ay, ax), (by, bx) = (edges[:, 1] - edges[:, 0]).T, (edges[:, 2] - edges[:, 0]).T
    area = np.abs(ax * by - ay * bx)
    height = (area[:, None] / np.linalg.norm(sides, axis=2))[facet].reshape(*shape, 3)
    ridge = np.clip((share * height).min(axis=2), 0, None)
    label = facet.reshape(shape)

    middle = np.clip(edges.mean(axis=1), 0, np.array(shape) - 1).astype(int)
    mood = fractal_noise(shape, 170, rng, octaves=2)[middle[:, 0], middle[:, 1]]
    tone = np.clip(mood + rng.normal(0, 0.16, count), 0, 1)
    facets = lighten(gradient(DEPTHS, tone), rng.normal(0, 0.05, count))
    slope = rng.normal(0, 1, (count, 3))
    slope -= slope.mean(axis=1, keepdims=True)
    glance = (share * slope[label]).sum(axis=2)
    picture = lighten(facets[label], 0.17 * glance)

    turn = rng.uniform(0, np.pi, count)[label]
    scratches = smear(rng.random(shape, dtype=np.float32), turn, 12)
    picture = lighten(picture, 0.02 * (scratches - scratches.mean()) / scratches.std())
    picture = blend(picture, colour(SEAM), 0.75 * smoothstep(2.6, 0.6, ridge))
    lit = smoothstep(0.45, 0.62, fractal_noise(shape, 60, rng)) * smoothstep(5.2, 3.0, ridge)
    return blend(picture, colour(SPARKLE), 0.8 * lit * smoothstep(1.6, 2.6, ridge))
