"""Fit of a device's costs, in seconds per unit of effort, to measured paintings."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bot.jobs.timings import TimingSums

    Vector = NDArray[np.float64]

__all__ = ["CPU_COSTS", "GPU_COSTS", "fit_costs", "import_solver"]

# Seconds per painting, per evaluation, per megapixel of targets, and per megapixel of a pass on
# the reduced network and on the exact one: of a small CPU server, and of a GPU a few years old.
# They are used until paintings are measured.
CPU_COSTS: Final = (0.4, 0.005, 15.0, 20.0, 17.0)
GPU_COSTS: Final = (1.0, 0.02, 0.6, 0.5, 0.4)

PRIOR_WEIGHT: Final = 0.05
"""Weight of the expected costs, relative to one measured painting."""


def fit_costs(timings: TimingSums, *, expected: Vector) -> Vector:
    """Fit non-negative costs to measured paintings; `expected` decides what was not measured.

    Minimises the squared relative errors of the predicted seconds plus `PRIOR_WEIGHT` times the
    squared relative differences between the costs and the expected ones. Beforehand the expected
    costs are multiplied by the one factor that fits best, since a slower machine is mostly slower
    in everything.

    Args:
        timings: the sums over the measured paintings.
        expected: (5,) costs, at least 0.

    Returns:
        (5,) costs, at least 0.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - see import_solver

    count = len(expected)
    squares = np.array(timings.squares).reshape(count, count)
    products = np.array(timings.products)
    predicted = expected @ squares @ expected
    if predicted > 0:
        expected = expected * (products @ expected) / predicted
    # The unknowns are the costs in units of the expected ones, which keeps the matrix regular.
    unit = expected + 1e-6
    matrix = squares * np.outer(unit, unit) + PRIOR_WEIGHT * np.eye(count)
    target = products * unit + PRIOR_WEIGHT * expected / unit
    # With matrix M = LL' and target t, x'Mx - 2t'x = |L'x - inv(L)t|² + constant.
    lower = np.linalg.cholesky(matrix)
    solution, _ = nnls(lower.T, np.linalg.solve(lower, target))
    return np.asarray(solution * unit)


async def import_solver() -> None:
    """Import scipy.optimize in a thread; the first import takes about a second."""
    await asyncio.to_thread(importlib.import_module, "scipy.optimize")
