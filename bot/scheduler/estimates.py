"""How long a picture will take: measured, remembered, and only then foretold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.jobs.model import JobState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.jobs.model import Job
    from bot.jobs.rates import Rates

__all__ = ["Estimator", "megapixel_passes", "seconds_left"]

# Seconds per megapixel and pass before anything was measured: VGG-19 forward and backward on a
# small CPU server, and on a GPU of a few years' age.
CPU_RATE = 15.0
GPU_RATE = 0.5
UNKNOWN_ASPECT = 0.75
UNKNOWN_SIZE = 1024
EARLIEST_STEP = 3
"""From this step on a painting's own pace says more than what others took."""


class Estimator:
    """Seconds per megapixel and pass, by device and recipe; a moving average kept in the store."""

    def __init__(self, rates: Rates) -> None:
        self._store = rates
        self._rates: dict[tuple[str, str], float] = {}

    async def load(self) -> None:
        """Remember what was measured before.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        self._rates = await self._store.all()

    async def learn(self, job: Job, *, device: str, seconds: float) -> None:
        """Take in how long a whole painting took.

        Args:
            job: what was painted.
            device: as `paint_seconds` will be asked for it.
            seconds: of painting, over every attempt.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        work = megapixel_passes(job)
        if work > 0 and seconds > 0:
            self._rates[device, job.recipe.name] = await self._store.learn(
                device=device,
                recipe=job.recipe.name,
                seconds_per_megapixel_pass=seconds / work,
            )

    def paint_seconds(self, job: Job, *, device: str) -> float:
        """Seconds a whole painting will take on a device."""
        known = self._rates.get((device, job.recipe.name))
        if known is None:
            others = [rate for (where, _), rate in self._rates.items() if where == device]
            default = GPU_RATE if device.startswith(("cuda", "mps")) else CPU_RATE
            known = sum(others) / len(others) if others else default
        return known * megapixel_passes(job)

    def seconds_left(self, job: Job, *, device: str) -> float:
        """Seconds of painting that are left of a job, wherever it stands."""
        if job.state.is_final:
            return 0.0
        if job.state is JobState.RUNNING and job.step >= EARLIEST_STEP and job.total:
            return job.paint_seconds / job.step * max(job.total - job.step, 0)
        done = job.step / job.total if job.total else 0.0
        return self.paint_seconds(job, device=device) * (1 - done)


def seconds_left(
    job: Job,
    *,
    running: Sequence[Job],
    waiting: Sequence[Job],
    painting: Mapping[str, float],
    slots: int,
) -> float | None:
    """Seconds until a job's picture is done, its time in the queue included.

    The queue is played through: whoever is next gets the slot that is free first.

    Args:
        job: a queued or running one; the answer is None for any other.
        running: the jobs that hold a slot now.
        waiting: the queued jobs in their order.
        painting: seconds of painting left, by job id, of every job named above.
        slots: how many jobs are painted at once.
    """
    free_at = sorted(painting[other.job_id] for other in running)
    if job.job_id in {other.job_id for other in running}:
        return painting[job.job_id]
    free_at = free_at[-slots:] if len(free_at) > slots else free_at
    free_at += [0.0] * (slots - len(free_at))
    for other in waiting:
        free_at.sort()
        free_at[0] += painting[other.job_id]
        if other.job_id == job.job_id:
            return free_at[0]
    return None


def megapixel_passes(job: Job) -> float:
    """How much work a painting is: its megapixels times the passes of its recipe."""
    width, height = job.content_size or (UNKNOWN_SIZE, round(UNKNOWN_SIZE * UNKNOWN_ASPECT))
    if job.recipe.size is not None:
        scale = job.recipe.size / max(width, height)
        width, height = round(width * scale), round(height * scale)
    return width * height / 1e6 * job.recipe.passes
