"""Estimates of painting and waiting times, from measured paintings.

The costs of each device and recipe are fitted to measured paintings; the measurements of a
device's other recipes are the prior for a recipe. The fit minimises relative errors, so that a
second of a small picture weighs as much as a minute of a large one, and older measurements decay.
Since a machine may be busy with something else for a while, the estimates of queued jobs follow
the slowdown of the latest paintings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from bot.jobs.models import JobState
from bot.scheduler.cost_fit import CPU_COSTS, GPU_COSTS, fit_costs, import_solver
from bot.scheduler.effort import Workload, effort_done, total_effort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.jobs.models import Job
    from bot.jobs.queue import QueueEntry
    from bot.jobs.timings import Timings, TimingSums

__all__ = ["Estimator"]

EVERY_RECIPE: Final = "*"

MEASUREMENT_DECAY: Final = 0.9
"""Factor on the weight of a measurement for each later one."""

SLOWDOWN_SMOOTHING: Final = 0.5
"""Weight of the latest painting in the moving average of the slowdown."""

EARLIEST_STEP: Final = 3
"""The step from which a running job's own speed is used."""


class Estimator:
    """Estimates painting times by device and recipe.

    Args:
        timings: where measurements are stored.
    """

    def __init__(self, timings: Timings) -> None:
        self._store = timings
        self._timings: dict[tuple[str, str], TimingSums] = {}
        self._fitted: dict[tuple[str, str], NDArray[np.float64]] = {}  # by device and recipe
        # By device, the moving average of log(measured seconds / estimated seconds).
        self._slowdowns: dict[str, float] = {}

    async def load(self) -> None:
        """Load the measurements of every process.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        self._timings = await self._store.get_all()
        self._fitted.clear()
        if self._timings:
            await import_solver()

    async def learn(self, job: Job, *, device: str, seconds: float) -> None:
        """Add the measured time of a whole painting.

        Args:
            job: the finished job.
            device: the kind of device, such as ``"cpu"``.
            seconds: wall-clock time from its claim to its end.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        if seconds <= 0:
            return
        if (device, EVERY_RECIPE) in self._timings:
            latest = math.log(seconds / self.paint_seconds(job, device=device))
            average = self._slowdowns.get(device, 0.0)
            self._slowdowns[device] = average + SLOWDOWN_SMOOTHING * (latest - average)
        await import_solver()
        effort = total_effort(Workload.of_job(job)) / seconds
        for recipe in (job.recipe.name, EVERY_RECIPE):
            self._timings[device, recipe] = await self._store.add(
                device=device,
                recipe=recipe,
                effort=tuple(effort.tolist()),
                fading=MEASUREMENT_DECAY,
            )
        self._fitted.clear()

    def paint_seconds(self, job: Job, *, device: str) -> float:
        """Return the expected seconds of a whole painting, without the current slowdown."""
        return float(total_effort(Workload.of_job(job)) @ self._costs(device, job.recipe.name))

    def share_done(self, job: Job, *, device: str, more_steps: int = 0) -> float:
        """Return the share of a job's painting time that its steps have taken, from 0 to 1.

        Args:
            job: the job.
            device: the kind of device, such as ``"cpu"``.
            more_steps: steps to add to those that the job has done.
        """
        # The constant cost is not part of the time that the painting itself measures.
        costs = self._costs(device, job.recipe.name)[1:]
        workload = Workload.of_job(job)
        step = min(job.step + more_steps, job.total)
        done = float(costs @ effort_done(workload, step=step, total=job.total)[1:])
        whole = float(costs @ total_effort(workload)[1:])
        return min(1.0, done / whole) if whole > 0 else 0.0

    def seconds_left(self, job: Job, *, device: str) -> float:
        """Return the expected seconds of painting that are left of a job."""
        if job.state.is_final:
            return 0.0
        slowdown = self._slowdowns.get(device, 0.0)
        if own := self._own_slowdown(job, device=device):
            measured, confidence = own
            slowdown += confidence * (measured - slowdown)
        base = self._base_seconds_left(
            Workload.of_job(job), step=job.step, total=job.total, device=device
        )
        return base * math.exp(slowdown)

    def all_left(
        self, running: Sequence[Job], queued: Sequence[QueueEntry], *, device: str
    ) -> tuple[list[float], list[float]]:
        """Return the expected seconds of painting that are left of running and queued jobs.

        Queued jobs follow the slowdown of running ones.
        """
        running_left = [self.seconds_left(job, device=device) for job in running]
        slowdown = self._slowdowns.get(device, 0.0)
        for job in running:
            if own := self._own_slowdown(job, device=device):
                measured, confidence = own
                weight = SLOWDOWN_SMOOTHING * confidence / len(running)
                slowdown += weight * (measured - slowdown)
        queued_left = [
            math.exp(slowdown)
            * self._base_seconds_left(
                Workload.of_entry(entry), step=entry.step, total=entry.total, device=device
            )
            for entry in queued
        ]
        return running_left, queued_left

    def _own_slowdown(self, job: Job, *, device: str) -> tuple[float, float] | None:
        """Return a running job's log slowdown and its confidence from 0 to 1.

        The first steps are ignored, since a short disturbance would dominate them.
        """
        if job.state is not JobState.RUNNING or job.step < EARLIEST_STEP or not job.paint_seconds:
            return None
        # The constant cost is not part of the time that the painting itself measures.
        costs = self._costs(device, job.recipe.name)[1:]
        workload = Workload.of_job(job)
        done = float(costs @ effort_done(workload, step=job.step, total=job.total)[1:])
        whole = float(costs @ total_effort(workload)[1:])
        if done <= 0:
            return None
        return math.log(job.paint_seconds / done), min(1.0, 2 * done / whole)

    def _base_seconds_left(
        self, workload: Workload, *, step: int, total: int, device: str
    ) -> float:
        """Return the expected seconds of the rest of a painting, without any slowdown."""
        rest = total_effort(workload)
        if step:
            rest = rest - effort_done(workload, step=step, total=total)
        return float(rest @ self._costs(device, workload.recipe.name))

    def _costs(self, device: str, recipe: str) -> NDArray[np.float64]:
        """Return the costs on a device; they are fitted once for each measurement."""
        fitted = self._fitted.get((device, recipe))
        if fitted is None:
            is_fast = device.startswith(("cuda", "mps"))
            fitted = np.array(GPU_COSTS if is_fast else CPU_COSTS)
            for name in (EVERY_RECIPE, recipe):
                timings = self._timings.get((device, name))
                if timings is not None:
                    fitted = fit_costs(timings, expected=fitted)
            self._fitted[device, recipe] = fitted
        return fitted
