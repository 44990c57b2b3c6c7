"""An executor with a worker process per device of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, Final

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors.execution import WorkExecution
from bot.executors.pipe import FrameError
from bot.executors.protocol import Cancelled, Event, Failed
from bot.executors.supervisor import START_SECONDS, WorkerSupervisor
from bot.ops.error_report import Where
from bot.ops.sandbox import ResourceLimits
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from bot.executors.protocol import Executor, Work
    from bot.executors.worker_process import WorkerProcess
    from bot.settings import Settings

__all__ = ["ProcessExecutor", "create_executor"]

SILENCE_SECONDS: Final = 600.0
DECODING_LIMITS: Final = ResourceLimits(memory_bytes=1 << 30, cpu_seconds=20)


def create_executor(settings: Settings) -> Executor:
    """Return the executor that the settings name, not started yet.

    Raises:
        ConfigurationError: the settings of the executor are invalid.
    """
    match settings.executor:
        case "process":
            return ProcessExecutor(
                devices=settings.devices,
                weights=settings.weights,
                memory_limit=settings.painting_memory_bytes,
                checkpoint_seconds=settings.checkpoint_seconds,
                snapshot_seconds=settings.snapshot_seconds,
                decoding_limits=ResourceLimits(
                    memory_bytes=settings.inspection_memory_bytes,
                    cpu_seconds=settings.inspection_cpu_seconds,
                ),
                grace_seconds=min(10.0, settings.shutdown_seconds / 2),
            )


class ProcessExecutor:
    """An executor (see `bot.executors.protocol.Executor`) with one worker process per device.

    A worker that dies is replaced, after a delay that grows while workers keep dying.

    Args:
        devices: ``"auto"`` for every GPU, or the CPU if there is none; or a list such as
            ``"cuda:0,cuda:1"``.
        weights: a weights file instead of the bundled one.
        memory_limit: bytes that one painting may take; None for all that its device has.
        checkpoint_seconds: least time between two checkpoints of a job.
        snapshot_seconds: time after which a step ends with a snapshot, in seconds.
        decoding_limits: of the process that decodes a job's pictures.
        grace_seconds: how long a worker may take to stop before it is killed.
        silence_seconds: how long a busy worker may send nothing before it is killed.

    Raises:
        ConfigurationError: the list of devices is empty.
    """

    def __init__(
        self,
        *,
        devices: str = "auto",
        weights: Path | None = None,
        memory_limit: int | None = None,
        checkpoint_seconds: float = 5.0,
        snapshot_seconds: float = 4.0,
        decoding_limits: ResourceLimits = DECODING_LIMITS,
        grace_seconds: float = 10.0,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        names = [name.strip() for name in devices.split(",") if name.strip()]
        if not names:
            msg = "STYLEBOT_DEVICES is empty: use auto, cpu, or a list such as cuda:0,cuda:1"
            raise ConfigurationError(msg)
        self._weights = weights
        self._memory_limit = memory_limit
        self._checkpoint_seconds = checkpoint_seconds
        self._snapshot_seconds = snapshot_seconds
        self._decoding_limits = decoding_limits
        self._grace_seconds = grace_seconds
        self._silence_seconds = silence_seconds
        self._run_numbers = itertools.count(1)
        self._supervisors = [self._create_supervisor(name) for name in names]
        self._idle: asyncio.Queue[WorkerSupervisor] = asyncio.Queue()

    @property
    def slots(self) -> int:
        """How many works can run at once; it may grow once ``auto`` is resolved."""
        return len(self._supervisors)

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each slot; ``"auto"`` until it is resolved."""
        return tuple(supervisor.device for supervisor in self._supervisors)

    @property
    def warmup_seconds(self) -> float:
        """Expected seconds until a worker is ready; 0 if one is."""
        return min(supervisor.warmup_seconds for supervisor in self._supervisors)

    @property
    def workers(self) -> tuple[int, ...]:
        """The process ids of the running workers."""
        return tuple(each.worker.pid for each in self._supervisors if each.worker is not None)

    async def start(self) -> None:
        """Start the workers; `ready` waits until the first one is ready."""
        for supervisor in self._supervisors:
            self._start_supervisor(supervisor)

    async def ready(self, timeout: float = START_SECONDS) -> tuple[str, ...]:  # noqa: ASYNC109
        """Wait until the first worker is ready and return the devices.

        Args:
            timeout: seconds.

        Raises:
            ConfigurationError: it cannot paint: unusable weights, no such device.
            WorkerDiedError: it is not ready within `timeout` seconds.
        """
        await _wait_ready(self._supervisors[0], timeout)
        return self.devices

    async def all_ready(self) -> tuple[str, ...]:
        """Wait until a worker of every device is ready; see `Executor.all_ready`."""
        for _ in range(2):  # the first round resolves ``auto``, which may add devices
            await asyncio.gather(*(_wait_ready(each, START_SECONDS) for each in self._supervisors))
        return self.devices

    async def close(self) -> None:
        """Stop every worker and wait until it has exited."""
        await asyncio.gather(*(supervisor.close() for supervisor in self._supervisors))

    async def run(
        self, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        """Paint and yield events; see `bot.executors.protocol.Executor.run`."""
        supervisor = await self._idle.get()
        execution = WorkExecution(
            next(self._run_numbers),
            grace_seconds=self._grace_seconds,
            silence_seconds=self._silence_seconds,
        )
        try:
            try:
                worker = await _wait_ready_or_stop(supervisor, stop)
                if worker is None:
                    yield Cancelled()
                    return
                async with contextlib.aclosing(execution.events(worker, work, stop)) as events:
                    async for event in events:
                        yield event
            except (WorkerDiedError, FrameError, TimeoutError, ConfigurationError) as error:
                if stop is not None and stop.is_set():
                    yield Cancelled()
                else:
                    yield _worker_died(supervisor, error)
        finally:
            await execution.close()
            self._idle.put_nowait(supervisor)

    def _create_supervisor(self, device: str) -> WorkerSupervisor:
        return WorkerSupervisor(
            device,
            weights=self._weights,
            memory_limit=self._memory_limit,
            checkpoint_seconds=self._checkpoint_seconds,
            snapshot_seconds=self._snapshot_seconds,
            decoding_limits=self._decoding_limits,
            on_devices=self._on_devices,
        )

    def _start_supervisor(self, supervisor: WorkerSupervisor) -> None:
        supervisor.start()
        self._idle.put_nowait(supervisor)

    def _on_devices(self, devices: tuple[str, ...]) -> None:
        """Start a supervisor for each further device that ``auto`` stands for."""
        for device in devices[len(self._supervisors) :]:
            supervisor = self._create_supervisor(device)
            self._supervisors.append(supervisor)
            self._start_supervisor(supervisor)


async def _wait_ready(supervisor: WorkerSupervisor, seconds: float) -> None:
    """Wait until a worker is ready.

    Raises:
        ConfigurationError: workers cannot paint.
        WorkerDiedError: none is ready in time.
    """
    try:
        await asyncio.wait_for(supervisor.wait_ready(), seconds)
    except TimeoutError as error:
        raise WorkerDiedError(None) from error


async def _wait_ready_or_stop(
    supervisor: WorkerSupervisor, stop: asyncio.Event | None
) -> WorkerProcess | None:
    """Wait until a worker is ready and return it; return None if `stop` is set first.

    Raises:
        ConfigurationError: workers cannot paint.
        TimeoutError: no worker is ready within `START_SECONDS`.
    """
    async with BackgroundTasks(Where.EXECUTOR) as tasks:
        ready = tasks.start_awaited(supervisor.wait_ready(), name="wait for a worker")
        stopped = tasks.start_awaited((stop or asyncio.Event()).wait(), name="wait for a stop")
        done, _ = await asyncio.wait(
            {ready, stopped}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if stopped in done:
            return None
        if ready in done:
            return ready.result()
        raise TimeoutError


def _worker_died(supervisor: WorkerSupervisor, error: Exception) -> Failed:
    output = f"; its last output: {supervisor.stderr_tail}" if supervisor.stderr_tail else ""
    return Failed(code="worker_died", message=f"{error}{output}", retryable=True)
