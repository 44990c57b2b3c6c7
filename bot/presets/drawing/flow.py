"""Flow fields: the direction of strokes at each pixel.

Angles are (height, width) arrays in radians, from the x axis towards growing y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bot.presets.drawing.noise import grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.presets.drawing.noise import Field, Shape

__all__ = ["Vortex", "along_isolines", "vortex_potential"]


@dataclass(frozen=True, slots=True)
class Vortex:
    """A centre of rotation of the flow; lengths in pixels. Negative strength reverses it."""

    x: float
    y: float
    radius: float
    strength: float = 1.0


def along_isolines(potential: Field) -> Field:
    """Return the direction in which the potential is constant: the flow of a stream function."""
    slope_y, slope_x = np.gradient(potential)
    angle: Field = np.arctan2(slope_x, -slope_y).astype(np.float32)
    return angle


def vortex_potential(shape: Shape, vortices: Iterable[Vortex]) -> Field:
    """Return a stream function with a smooth extremum at each vortex, about one radius high."""
    y, x = grid(shape)
    total = np.zeros(shape, np.float32)
    for vortex in vortices:
        distance = np.hypot(x - vortex.x, y - vortex.y) / vortex.radius
        total += vortex.strength * vortex.radius * np.exp(-distance)
    return total
