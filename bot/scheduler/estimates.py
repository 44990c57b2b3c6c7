r"""How long a picture will take: measured, remembered, and only then foretold.

A painting of :math:`m` megapixels takes about

.. math:: T = a + b\,(n_d + n_e) + m\,(c\,q + d\,p_d + e\,p_e)

seconds: what it costs to begin and to end; what each evaluation costs whatever its size; and for
each megapixel, what the targets cost that are measured of its :math:`2q` pictures, and the passes
that are spent on the reduced network and on the full one. Those are not alike by the clock: a
pass is reckoned in arithmetic, and the reduced network's many small convolutions take longer than
theirs should. How many evaluations a budget pays for, at each scale of a painting that goes
coarse to fine, is reckoned as the painter does it.

The five are fitted to what was measured, in relative terms (a small picture's second weighs as
much as a large one's minute), never below zero, and older measurements fade. What is known of a
device's other recipes stands in for what is not known of this one. And since a machine may be
busy with other things today, what waits is foretold at the pace of the latest paintings.
"""

from __future__ import annotations

import asyncio
import importlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bot.jobs.models import JobState
from stylenet.budget import Network, Schedule
from stylenet.scales import Scale, scales_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from bot.jobs.models import Job
    from bot.jobs.timings import Timings, TimingSums
    from stylenet.budget import Stage

    Costs = NDArray[np.float64]

__all__ = ["Estimator", "effort", "seconds_left"]

# Before anything was measured: seconds per painting, evaluation, megapixel of targets, and
# megapixel of a pass on the reduced network and on the full one; of a small CPU server, and of a
# GPU of a few years' age.
CPU_COSTS = (0.4, 0.005, 15.0, 20.0, 17.0)
GPU_COSTS = (1.0, 0.02, 0.6, 0.5, 0.4)

UNKNOWN_ASPECT = 0.75
UNKNOWN_SIZE = 1024
EVERY_RECIPE = "*"

FADING = 0.9
"""What a measurement still counts when the next one is taken in."""

DOUBT = 0.05
"""How much the costs that were expected count, beside one measurement."""

NEWNESS = 0.5
"""How much the latest painting's pace counts, beside that of all before it."""

EARLIEST_STEP = 3
"""From this step on a painting's own pace says more than what others took."""


class Estimator:
    """The costs of painting, by device and recipe; what was measured is kept in the store."""

    def __init__(self, rates: Timings) -> None:
        self._store = rates
        self._measured: dict[tuple[str, str], TimingSums] = {}
        self._slowness: dict[str, float] = {}  # by device: logarithm of truth ÷ estimate, of late

    async def load(self) -> None:
        """Remember what was measured before, by any process.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        self._measured = await self._store.get_all()
        if self._measured:
            await _import_solver()

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
        if (device, EVERY_RECIPE) in self._measured:
            seen = math.log(seconds / self.paint_seconds(job, device=device))
            slowness = self._slowness.get(device, 0.0)
            self._slowness[device] = slowness + NEWNESS * (seen - slowness)
        await _import_solver()
        weighed = effort(job) / seconds
        for recipe in (job.recipe.name, EVERY_RECIPE):
            self._measured[device, recipe] = await self._store.add(
                device=device, recipe=recipe, effort=tuple(weighed.tolist()), fading=FADING
            )

    def paint_seconds(self, job: Job, *, device: str) -> float:
        """Seconds a whole painting takes on a device, once it is begun, on most days."""
        return float(effort(job) @ self._costs(device, job.recipe.name))

    def seconds_left(self, job: Job, *, device: str) -> float:
        """Seconds of painting that are left of a job, wherever it stands."""
        if job.state.is_final:
            return 0.0
        slowness = self._slowness.get(device, 0.0)
        if own := self._own_slowness(job, device=device):
            seen, weight = own
            slowness += weight * (seen - slowness)
        return self._ahead(job, device=device) * math.exp(slowness)

    def all_left(
        self, running: Sequence[Job], waiting: Sequence[Job], *, device: str
    ) -> dict[str, float]:
        """`seconds_left` of every job of the queue, by id, at the pace that is seen just now."""
        left = {job.job_id: self.seconds_left(job, device=device) for job in running}
        slowness = self._slowness.get(device, 0.0)
        for job in running:
            if own := self._own_slowness(job, device=device):
                seen, weight = own
                slowness += NEWNESS * weight / len(running) * (seen - slowness)
        for job in waiting:
            left[job.job_id] = self._ahead(job, device=device) * math.exp(slowness)
        return left

    def _own_slowness(self, job: Job, *, device: str) -> tuple[float, float] | None:
        """How slow a running job is, as a logarithm, and how much that says, from 0 to 1.

        A few steps may have met somebody else's busy second. None where it is too early.
        """
        if job.state is not JobState.RUNNING or job.step < EARLIEST_STEP or not job.paint_seconds:
            return None
        # Beginning and ending are no part of what a painting's own clock shows.
        costs = self._costs(device, job.recipe.name)[1:]
        done, whole = float(costs @ _done(job)[1:]), float(costs @ effort(job)[1:])
        if done <= 0:
            return None
        return math.log(job.paint_seconds / done), min(1.0, 2 * done / whole)

    def _ahead(self, job: Job, *, device: str) -> float:
        """Seconds that the rest of a job takes on most days."""
        return float((effort(job) - _done(job)) @ self._costs(device, job.recipe.name))

    def _costs(self, device: str, recipe: str) -> Costs:
        is_fast = device.startswith(("cuda", "mps"))
        costs = np.array(GPU_COSTS if is_fast else CPU_COSTS)
        for name in (EVERY_RECIPE, recipe):
            measured = self._measured.get((device, name))
            if measured is not None:
                costs = _fit_costs(measured, expected=costs)
        return costs


def effort(job: Job) -> Costs:
    """What a painting's costs are multiplied with.

    (1, evaluations, megapixels times half its pictures, and megapixels times the passes on the
    reduced network and on the full one).
    """
    scales = _scales(job)
    return _effort_of(job, [(scale, scale.evaluations) for scale in scales], once=1.0)


def _done(job: Job) -> Costs:
    """As much of the effort as a job's steps so far were."""
    if not job.total or not job.step:
        return np.zeros(len(CPU_COSTS))
    scales = _scales(job)
    done = sum(sum(scale.evaluations) for scale in scales) * min(job.step / job.total, 1.0)
    parts = []
    for scale in scales:
        counts = []
        for count in scale.evaluations:
            counts.append(min(done, count))
            done -= counts[-1]
        parts.append((scale, counts))
    # Of what is paid once, the beginning has its half; the end, its own.
    return _effort_of(job, parts, once=0.5)


@dataclass(frozen=True, kw_only=True, slots=True)
class _ScaleCost:
    """Megapixels of a scale, its stages, and the number of evaluations of each stage."""

    megapixels: float
    stages: tuple[Stage, ...]
    evaluations: tuple[int, ...]


def _effort_of(
    job: Job, parts: Sequence[tuple[_ScaleCost, Sequence[float]]], *, once: float
) -> Costs:
    """Return the effort of these numbers of evaluations of each stage of each scale."""
    total = np.array([once, 0.0, 0.0, 0.0, 0.0])
    for scale, evaluations in parts:
        total[2] += scale.megapixels * once * _pictures(job) / 2
        for stage, count in zip(scale.stages, evaluations, strict=True):
            network = 3 if stage.network is Network.REDUCED else 4
            total[1] += count
            total[network] += scale.megapixels * count * stage.cost
    return total


def _scales(job: Job) -> list[_ScaleCost]:
    width, height = _size(job)
    scales = [Scale(recipe=job.recipe, share=1.0)]
    if job.start_key is None:
        scales = scales_of(job.recipe, width, height)
    costs = []
    for scale in scales:
        schedule = Schedule.of(scale.recipe, styles=len(job.style_keys))
        costs.append(
            _ScaleCost(
                megapixels=scale.share * width * height / 1e6,
                stages=schedule.stages,
                evaluations=schedule.evaluations(),
            )
        )
    return costs


def _pictures(job: Job) -> int:
    return 1 + len(job.style_keys)


def _size(job: Job) -> tuple[int, int]:
    """Width and height of the painting, in pixels."""
    width, height = job.content_size or (UNKNOWN_SIZE, round(UNKNOWN_SIZE * UNKNOWN_ASPECT))
    if job.recipe.size is None:
        return width, height
    scale = job.recipe.size / max(width, height)
    return round(width * scale), round(height * scale)


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


def _fit_costs(measured: TimingSums, *, expected: Costs) -> Costs:
    """Fit non-negative costs to what was measured; `expected` decides what was not.

    Minimises the squared relative errors of the predicted seconds plus `DOUBT` times the squared
    relative differences between the costs and the expected ones. Beforehand the expected costs
    are multiplied by the one factor that fits best, since a machine may be slower in everything.
    """
    from scipy.optimize import nnls  # noqa: PLC0415 - see _import_solver

    count = len(expected)
    squares = np.array(measured.squares).reshape(count, count)
    products = np.array(measured.products)
    predicted = expected @ squares @ expected
    if predicted > 0:
        expected = expected * (products @ expected) / predicted
    # The unknowns are the costs in units of the expected ones, which keeps the matrix regular.
    unit = expected + 1e-6
    matrix = squares * np.outer(unit, unit) + DOUBT * np.eye(count)
    target = products * unit + DOUBT * expected / unit
    # x'Mx - 2t'x = |L'x - inv(L)t|² + constant, where M = LL'.
    lower = np.linalg.cholesky(matrix)
    solution, _ = nnls(lower.T, np.linalg.solve(lower, target))
    return np.asarray(solution * unit)


async def _import_solver() -> None:
    """Import scipy.optimize in a thread; the first import takes about a second."""
    await asyncio.to_thread(importlib.import_module, "scipy.optimize")
