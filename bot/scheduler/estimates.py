r"""How long a picture will take: measured, remembered, and only then foretold.

A painting of :math:`p` passes over :math:`m` megapixels takes about

.. math:: T = a + b\,p + c\,p\,m

seconds: what it costs to begin and to end, what each pass costs whatever its size, and what each
megapixel of a pass costs. The three are fitted to what was measured, in relative terms (a small
picture's second weighs as much as a large one's minute), never below zero, and older measurements
fade. What is known of a device's other recipes stands in for what is not known of this one.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from bot.jobs.model import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bot.jobs.model import Job
    from bot.jobs.rates import Measured, Rates

    Costs = NDArray[np.float64]

__all__ = ["Estimator", "effort", "seconds_left"]

# Before anything was measured: seconds per painting, pass, and megapixel of a pass, with VGG-19
# forward and backward on a small CPU server, and on a GPU of a few years' age.
CPU_COSTS = (1.5, 0.05, 15.0)
GPU_COSTS = (1.0, 0.02, 0.5)

UNKNOWN_ASPECT = 0.75
UNKNOWN_SIZE = 1024
EVERY_RECIPE = "*"

FADING = 0.9
"""What a measurement still counts when the next one is taken in."""

DOUBT = 0.02
"""How much the costs that were expected count, beside one measurement."""

EARLIEST_STEP = 3
"""From this step on a painting's own pace says more than what others took."""


class Estimator:
    """The costs of painting, by device and recipe; what was measured is kept in the store."""

    def __init__(self, rates: Rates) -> None:
        self._store = rates
        self._measured: dict[tuple[str, str], Measured] = {}

    async def load(self) -> None:
        """Remember what was measured before, by any process.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        self._measured = await self._store.all()

    async def learn(self, job: Job, *, device: str, seconds: float) -> None:
        """Take in how long a whole painting took, from its claim to its end.

        Args:
            job: what was painted.
            device: as `paint_seconds` will be asked for it.
            seconds: by the clock.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        if seconds <= 0:
            return
        weighed = effort(job) / seconds
        for recipe in (job.recipe.name, EVERY_RECIPE):
            self._measured[device, recipe] = await self._store.learn(
                device=device, recipe=recipe, effort=tuple(weighed.tolist()), fading=FADING
            )

    def paint_seconds(self, job: Job, *, device: str) -> float:
        """Seconds a whole painting will take on a device, once it is begun."""
        return float(effort(job) @ self._costs(device, job.recipe.name))

    def seconds_left(self, job: Job, *, device: str) -> float:
        """Seconds of painting that are left of a job, wherever it stands."""
        if job.state.is_final:
            return 0.0
        if job.state is JobState.RUNNING and job.step >= EARLIEST_STEP and job.total:
            return job.paint_seconds / job.step * max(job.total - job.step, 0)
        done = job.step / job.total if job.total else 0.0
        return self.paint_seconds(job, device=device) * (1 - done)

    def _costs(self, device: str, recipe: str) -> Costs:
        is_fast = device.startswith(("cuda", "mps"))
        costs = np.array(GPU_COSTS if is_fast else CPU_COSTS)
        for name in (EVERY_RECIPE, recipe):
            measured = self._measured.get((device, name))
            if measured is not None:
                costs = _fitted(measured, expected=costs)
        return costs


def effort(job: Job) -> Costs:
    """What a painting's costs are multiplied with: (1, passes, megapixels times passes)."""
    width, height = job.content_size or (UNKNOWN_SIZE, round(UNKNOWN_SIZE * UNKNOWN_ASPECT))
    if job.recipe.size is not None:
        scale = job.recipe.size / max(width, height)
        width, height = round(width * scale), round(height * scale)
    passes = job.recipe.passes
    return np.array([1.0, passes, passes * width * height / 1e6])


def seconds_left(
    job: Job,
    *,
    running: Sequence[Job],
    waiting: Sequence[Job],
    painting: Mapping[str, float],
    slots: int,
    warmup: float = 0.0,
) -> float | None:
    """Seconds until a job's picture is done, its time in the queue included.

    The queue is played through: whoever is next gets the slot that is free first.

    Args:
        job: a queued or running one; the answer is None for any other.
        running: the jobs that hold a slot now.
        waiting: the queued jobs in their order.
        painting: seconds of painting left, by job id, of every job named above.
        slots: how many jobs are painted at once.
        warmup: seconds until the first of the slots can be used at all.
    """
    free_at = sorted(painting[other.job_id] for other in running)
    if job.job_id in {other.job_id for other in running}:
        return painting[job.job_id]
    free_at = free_at[-slots:] if len(free_at) > slots else free_at
    free_at += [warmup] * (slots - len(free_at))
    for other in waiting:
        free_at.sort()
        free_at[0] += painting[other.job_id]
        if other.job_id == job.job_id:
            return free_at[0]
    return None


def _fitted(measured: Measured, *, expected: Costs) -> Costs:
    """The costs, none below zero, that fit best; `expected` decides what was not measured.

    Minimises the squares of the relative errors, plus those of the costs' own relative distance
    from what was expected, times `DOUBT`. Of three costs any may be zero: each choice of those
    that are not has one minimum, and the best of the feasible ones is the answer.
    """
    doubt = DOUBT / np.square(expected + 1e-6)
    squares = np.array(measured.squares).reshape(3, 3) + np.diag(doubt)
    products = np.array(measured.products) + doubt * expected

    def error(costs: Costs) -> float:
        return float(costs @ squares @ costs - 2 * products @ costs)

    best = expected
    for size in (1, 2, 3):
        for kept in itertools.combinations(range(3), size):
            costs = np.zeros(3)
            costs[list(kept)] = np.linalg.solve(squares[np.ix_(kept, kept)], products[list(kept)])
            if (costs >= 0).all() and error(costs) < error(best):
                best = costs
    return best
