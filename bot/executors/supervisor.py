"""Supervision of the worker on one device: start it, and replace it when it dies."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors.pipe import FrameError
from bot.executors.worker_process import WorkerProcess
from bot.ops import metrics
from bot.ops.error_report import Where
from bot.ops.retry import Backoff
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.ops.sandbox import ResourceLimits

__all__ = ["START_SECONDS", "WorkerSupervisor"]

logger = logging.getLogger(__name__)

START_SECONDS: Final = 180.0
RESTART_BACKOFF: Final = Backoff(first=0.25, longest=30.0)

EXPECTED_START_SECONDS: Final = 10.0
"""How long a worker is expected to take to start, until one was measured."""


class WorkerSupervisor:
    """Keeps one worker running on a device.

    Args:
        device: a device, or ``"auto"`` for the first one of this machine.
        weights: a weights file instead of the bundled one.
        memory_limit: bytes that one painting may take; None for all that the device has.
        checkpoint_seconds: least time between two checkpoints of a job.
        snapshot_seconds: time after which a step ends with a snapshot, in seconds.
        decoding_limits: of the process that decodes a job's pictures.
        on_devices: called with every device of this machine once ``"auto"`` is resolved.

    Attributes:
        device: the device, resolved once a worker was ready.
        worker: the running worker, ready or not; None while there is none.
        stderr_tail: the last lines that the latest dead worker wrote to standard error.
    """

    def __init__(
        self,
        device: str,
        *,
        weights: Path | None,
        memory_limit: int | None,
        checkpoint_seconds: float,
        snapshot_seconds: float,
        decoding_limits: ResourceLimits,
        on_devices: Callable[[tuple[str, ...]], None],
    ) -> None:
        self.device = device
        self.worker: WorkerProcess | None = None
        self.stderr_tail = ""
        self._weights = weights
        self._memory_limit = memory_limit
        self._checkpoint_seconds = checkpoint_seconds
        self._snapshot_seconds = snapshot_seconds
        self._decoding_limits = decoding_limits
        self._on_devices = on_devices
        self._changed = asyncio.Condition()
        self._ready_worker: WorkerProcess | None = None
        self._configuration_error: ConfigurationError | None = None
        self._start_seconds = EXPECTED_START_SECONDS
        self._started_at: float | None = None
        self._tasks = BackgroundTasks(Where.EXECUTOR)

    @property
    def warmup_seconds(self) -> float:
        """Expected seconds until a worker is ready, from how long the last one took to start."""
        if self._live_worker() is not None:
            return 0.0
        if self._started_at is None:
            return self._start_seconds
        return max(0.0, self._start_seconds - (time.monotonic() - self._started_at))

    def start(self) -> None:
        """Start to keep a worker running."""
        self._tasks.keep_running(
            self._run_worker,
            name=f"worker on {self.device}",
            transient=(OSError, TimeoutError, FrameError, WorkerDiedError, ConfigurationError),
            backoff=RESTART_BACKOFF,
        )

    async def close(self) -> None:
        """Stop the worker and start no other."""
        await self._tasks.close()

    async def wait_ready(self) -> WorkerProcess:
        """Wait until a worker is ready and return it.

        Raises:
            ConfigurationError: workers cannot paint: unusable weights, no such device.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._live_worker() or self._configuration_error)
            worker = self._live_worker()
            if worker is None:
                raise self._configuration_error or WorkerDiedError(None)
            return worker

    def _live_worker(self) -> WorkerProcess | None:
        """Return the ready worker, unless it has just died and is not replaced yet."""
        worker = self._ready_worker
        return worker if worker is not None and not worker.is_dead else None

    async def _run_worker(self) -> None:
        """Run one worker until it exits.

        Raises:
            ConfigurationError: it cannot paint: unusable weights, no such device.
            OSError: the process cannot be started.
            TimeoutError: it was not ready in time.
            FrameError: what it sent is not understood.
            WorkerDiedError: it exited.
        """
        self._started_at = time.monotonic()
        worker = await WorkerProcess.spawn(
            device=self.device,
            weights=self._weights,
            memory_limit=self._memory_limit,
            checkpoint_seconds=self._checkpoint_seconds,
            snapshot_seconds=self._snapshot_seconds,
            decoding_limits=self._decoding_limits,
        )
        self.worker = worker
        configuration_error = None
        try:
            await worker.wait_ready(START_SECONDS)
            self._start_seconds = time.monotonic() - self._started_at
            logger.info("worker %d is ready on %s", worker.pid, worker.device)
            self.device = worker.device
            self._on_devices(worker.devices)
            await self._set_worker(worker)
            exit_code = await worker.wait()
        except ConfigurationError as error:
            logger.critical("%s", error)
            configuration_error = error
            raise
        except (TimeoutError, FrameError, WorkerDiedError):
            logger.warning("last output of worker %d: %s", worker.pid, worker.stderr_tail or "none")
            raise
        finally:
            self.stderr_tail = worker.stderr_tail
            self.worker = None
            await self._set_worker(None, configuration_error=configuration_error)
            await worker.close()
        metrics.WORKER_DEATHS.inc()
        raise WorkerDiedError(exit_code)

    async def _set_worker(
        self,
        worker: WorkerProcess | None,
        *,
        configuration_error: ConfigurationError | None = None,
    ) -> None:
        async with self._changed:
            self._ready_worker = worker
            self._configuration_error = configuration_error
            self._changed.notify_all()
