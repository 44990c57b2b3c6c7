"""A device, and the worker on it: kept alive, replaced when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors.pipe import FrameError
from bot.executors.worker_process import WorkerProcess
from bot.ops import metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["START_SECONDS", "WorkerSupervisor"]

logger = logging.getLogger(__name__)

START_SECONDS = 180.0
LONGEST_BACKOFF_SECONDS = 30.0
STEADY_SECONDS = 60.0

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
        self._keeper: asyncio.Task[None] | None = None

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
        self._keeper = asyncio.create_task(self._keep(), name=f"keeper of {self.device}")

    async def close(self) -> None:
        """Stop keeping it alive, and end it."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None

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

    async def _keep(self) -> None:
        deaths = 0
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._live()
            except ConfigurationError as error:
                logger.critical("%s", error)
                await self._become(None, broken=error)
            except (OSError, TimeoutError, FrameError, WorkerDiedError) as error:
                why = f"{error}\n{self.last_words}".rstrip()
                logger.error("the worker on %s did not start: %s", self.device, why)  # noqa: TRY400
            deaths = 0 if clock() - began > STEADY_SECONDS else deaths + 1
            await asyncio.sleep(min(LONGEST_BACKOFF_SECONDS, 2.0 ** (deaths - 1) - 1))

    async def _live(self) -> None:
        """One worker's life, from birth to death."""
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
            logger.warning("worker %d ended with exit code %d", worker.pid, exit_code)
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
