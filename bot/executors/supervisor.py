"""A device, and the worker on it: kept alive, replaced when it dies."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors.pipe import FrameError
from bot.executors.worker_process import WorkerProcess
from bot.ops import metrics
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["START_SECONDS", "WorkerSupervisor"]

logger = logging.getLogger(__name__)

START_SECONDS = 180.0
RESTART_BACKOFF = Backoff(first=0.25, longest=30.0)

USUAL_START_SECONDS = 10.0
"""How long a worker takes to start, until that was seen."""


class WorkerSupervisor:
    """A device and the worker on it, replaced whenever it dies."""

    def __init__(
        self,
        device: str,
        *,
        weights: Path | None,
        memory_limit: int | None,
        checkpoint_seconds: float,
        on_devices: Callable[[tuple[str, ...]], None],
    ) -> None:
        self.device = device
        self.worker: WorkerProcess | None = None
        self.last_words = ""
        self._weights = weights
        self._memory_limit = memory_limit
        self._checkpoint_seconds = checkpoint_seconds
        self._on_devices = on_devices
        self._changed = asyncio.Condition()
        self._usable: WorkerProcess | None = None
        self._start_seconds = USUAL_START_SECONDS
        self._began_at: float | None = None
        self._broken: ConfigurationError | None = None
        self._tasks = BackgroundTasks()

    @property
    def warmup_seconds(self) -> float:
        """Seconds until there will be a worker, going by how long the last one took."""
        if self._alive() is not None:
            return 0.0
        if self._began_at is None:
            return self._start_seconds
        return max(0.0, self._start_seconds - (time.monotonic() - self._began_at))

    def open(self) -> None:
        """Start keeping a worker alive."""
        self._tasks.keep_running(
            self._run_worker,
            name=f"worker on {self.device}",
            transient=(OSError, TimeoutError, FrameError, WorkerDiedError, ConfigurationError),
            backoff=RESTART_BACKOFF,
        )

    async def close(self) -> None:
        """Stop keeping it alive, and end it."""
        await self._tasks.close()

    async def usable(self) -> WorkerProcess:
        """Wait for a worker that is ready.

        Raises:
            ConfigurationError: there will be none: wrong weights, no such device.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._alive() or self._broken)
            worker = self._alive()
            if worker is None:
                raise self._broken or WorkerDiedError(None)
            return worker

    def _alive(self) -> WorkerProcess | None:
        """The worker, unless it is gone and we have only not come round to replacing it yet."""
        return self._usable if self._usable is not None and not self._usable.is_lost else None

    async def _run_worker(self) -> None:
        """Start a worker and wait until it ends.

        Raises:
            ConfigurationError: it cannot paint: wrong weights, no such device.
            OSError, TimeoutError, FrameError, WorkerDiedError: it did not start, or it died.
        """
        try:
            await self._live()
        except ConfigurationError as error:
            logger.critical("%s", error)
            await self._become(None, broken=error)
            raise

    async def _live(self) -> None:
        self._began_at = time.monotonic()
        worker = await WorkerProcess.spawn(
            device=self.device,
            weights=self._weights,
            memory_limit=self._memory_limit,
            checkpoint_seconds=self._checkpoint_seconds,
        )
        self.worker = worker
        try:
            await worker.ready(START_SECONDS)
            self._start_seconds = time.monotonic() - self._began_at
            logger.info("worker %d is ready on %s", worker.pid, worker.device)
            self.device = worker.device
            self._on_devices(worker.devices)
            await self._become(worker)
            exit_code = await worker.wait()
            metrics.WORKER_DEATHS.inc()
            raise WorkerDiedError(exit_code)
        finally:
            self.last_words = worker.last_words
            self.worker = None
            await self._become(None)
            await worker.close()

    async def _become(
        self, worker: WorkerProcess | None, *, broken: ConfigurationError | None = None
    ) -> None:
        async with self._changed:
            self._usable = worker
            self._broken = broken
            self._changed.notify_all()
