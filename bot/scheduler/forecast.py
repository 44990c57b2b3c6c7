"""Forecasts of the queue: the place and the remaining time of every job, computed once for all.

Every card and the queue command ask where a job stands and when it will be done. A `Forecast`
answers that for all jobs: the queue is read once, page by page, and the rest is computed in a
thread. A forecast is reused for `REUSE_FACTOR` times as long as it took to make, so that however
long the queue and however many the readers, making them takes a fixed share of the time, and
reading one is a look-up. A new job waits for the next one, so that no forecast is reused for long.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING, Final

from bot.jobs.turns import sort_by_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.jobs.models import Job
    from bot.jobs.queue import QueueEntry
    from bot.jobs.store import JobStore
    from bot.scheduler.estimates import Estimator

__all__ = ["Capacity", "Forecast", "Forecaster", "JobEstimate", "finish_times"]

REUSE_FACTOR: Final = 10

LONGEST_REUSE_SECONDS: Final = 2.0
"""A busy machine makes a forecast take long without making it cost more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Capacity:
    """What paints the queue.

    Attributes:
        device: kind of device, such as ``"cpu"``.
        slots: how many jobs are painted at once, by all processes.
        warmup_seconds: seconds until the free slots can be used.
    """

    device: str
    slots: int
    warmup_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """The queue at one moment.

    Attributes:
        places: place of each queued job by id; 1 is claimed next.
        seconds_left: seconds until each queued or running job is done, by id.
        queued_by_guild: number of queued jobs by guild key.
        running: the jobs that any process is painting.
    """

    places: Mapping[str, int] = field(default_factory=dict)
    seconds_left: Mapping[str, float] = field(default_factory=dict)
    queued_by_guild: Mapping[int, int] = field(default_factory=dict)
    running: Sequence[Job] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEstimate:
    """Where a job stands.

    Attributes:
        place: place in the queue, 1 is claimed next; None if it is not queued.
        seconds_left: seconds until it is done; None if it has ended or that is unknown.
        done: share of the painting time that its steps have taken, from 0 to 1.
        done_next: this share after the next step.
    """

    place: int | None = None
    seconds_left: float | None = None
    done: float = 0.0
    done_next: float = 0.0

    def after(self, seconds: float) -> JobEstimate:
        """Return the estimate so many seconds after the newest step, while the next one runs.

        It stops at the expected end of the step, since a late step may take any time.
        """
        if not self.seconds_left or not self.done < self.done_next <= 1:
            return self
        step_seconds = self.seconds_left * (self.done_next - self.done) / (1 - self.done)
        part = min(1.0, seconds / step_seconds)
        return replace(
            self,
            seconds_left=self.seconds_left - part * step_seconds,
            done=self.done + part * (self.done_next - self.done),
        )


class Forecaster:
    """Makes forecasts, one at a time.

    Args:
        store: an open store.
        estimator: estimates painting times.
        capacity: returns what paints the queue now.
    """

    def __init__(
        self, store: JobStore, estimator: Estimator, capacity: Callable[[], Capacity]
    ) -> None:
        self._store = store
        self._estimator = estimator
        self._capacity = capacity
        self._newest = Forecast()
        self._reusable_until = 0.0
        self._newest_read_at = float("-inf")  # when the queue was about to be read
        self._making = asyncio.Lock()

    async def get(self, *, including: str | None = None) -> Forecast:
        """Return a recent forecast, or make one.

        Args:
            including: id of a job that may have been enqueued or claimed after the newest
                forecast was made. If it is not in there, a new one is made.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        asked_at = time.monotonic()
        if not self._is_current(including):
            async with self._making:
                # Otherwise, the queue was read after this question: a job that is not in the
                # newest forecast is not in the queue any more.
                if self._newest_read_at < asked_at:
                    await self._make()
        return self._newest

    def _is_current(self, job_id: str | None) -> bool:
        is_included = job_id is None or job_id in self._newest.seconds_left
        return is_included and time.monotonic() < self._reusable_until

    async def _make(self) -> None:
        # A job that is missing must wait for its turn of being read, like everything else.
        await asyncio.sleep(max(0.0, self._reusable_until - time.monotonic()))
        began = time.monotonic()
        # In this order, a job that is claimed between the two reads is found twice; in the other
        # order it would be missed.
        queued = await self._store.queue.list_entries()
        running = await self._store.list_running()
        self._newest = await asyncio.to_thread(
            _forecast, queued, running, estimator=self._estimator, capacity=self._capacity()
        )
        self._newest_read_at = began
        now = time.monotonic()
        reuse = min(REUSE_FACTOR * (now - began), LONGEST_REUSE_SECONDS)
        self._reusable_until = now + reuse


def finish_times(
    running: Sequence[float], queued: Sequence[float], *, slots: int, warmup: float = 0.0
) -> list[float]:
    """Simulate the queue: each job in turn takes the slot that is free first.

    Args:
        running: seconds left of each running job.
        queued: seconds of painting of each queued job, in the order of the queue.
        slots: how many jobs are painted at once, at least 1.
        warmup: seconds until the free slots can be used.

    Returns:
        Seconds until each queued job is done.
    """
    free_at = sorted(running)[-slots:]
    free_at += [warmup] * (slots - len(free_at))
    heapify(free_at)
    finished = []
    for seconds in queued:
        done_at = free_at[0] + seconds
        heapreplace(free_at, done_at)
        finished.append(done_at)
    return finished


def _forecast(
    queued: Sequence[QueueEntry],
    running: Sequence[Job],
    *,
    estimator: Estimator,
    capacity: Capacity,
) -> Forecast:
    running_ids = {job.job_id for job in running}
    by_id = {entry.turn.job_id: entry for entry in queued if entry.turn.job_id not in running_ids}
    order = sort_by_turn(entry.turn for entry in by_id.values())
    running_left, queued_left = estimator.all_left(
        running, [by_id[job_id] for job_id in order], device=capacity.device
    )
    done_at = finish_times(
        running_left,
        queued_left,
        slots=max(capacity.slots, len(running), 1),
        warmup=capacity.warmup_seconds,
    )
    seconds_left = dict(zip(order, done_at, strict=True))
    seconds_left |= {job.job_id: left for job, left in zip(running, running_left, strict=True)}
    return Forecast(
        places={job_id: place for place, job_id in enumerate(order, 1)},
        seconds_left=seconds_left,
        queued_by_guild=Counter(entry.turn.guild_key for entry in by_id.values()),
        running=running,
    )
