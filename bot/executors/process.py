"""Painting in worker processes on this machine, one per device."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from typing import TYPE_CHECKING, Any

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors.pipe import Frame, FrameError
from bot.executors.protocol import (
    Cancelled,
    Checkpoint,
    Event,
    Failed,
    Finished,
    Progress,
    Snapshot,
)
from bot.executors.supervisor import START_SECONDS, WorkerSupervisor

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from pathlib import Path

    from bot.executors.protocol import Work
    from bot.executors.worker_process import WorkerProcess
    from bot.settings import Settings

__all__ = ["ProcessExecutor", "default_size"]

logger = logging.getLogger(__name__)

CPU_SIZE = 384
GPU_SIZE = 1024
SILENCE_SECONDS = 600.0


def default_size(settings: Settings, devices: tuple[str, ...]) -> int:
    """The longest side painted when nobody asks for another, in pixels."""
    if settings.size is not None:
        return settings.size
    return CPU_SIZE if all(device == "cpu" for device in devices) else GPU_SIZE


class ProcessExecutor:
    """An executor (see `bot.executors.protocol.Executor`) with one worker process per device.

    A worker that dies is replaced, after a delay that grows while workers keep dying.

    Args:
        devices: ``"auto"`` for every GPU, or else the CPU; or a list such as
            ``"cuda:0,cuda:1"``.
        weights: a weights file instead of the bundled one.
        memory_limit: bytes that one painting may take; None for all its device has.
        checkpoint_seconds: least time between two checkpoints of a job.
        grace_seconds: how long a worker that was told to stop may take before it is killed.
        silence_seconds: how long a working worker may say nothing before it is killed.

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
        self._grace_seconds = grace_seconds
        self._silence_seconds = silence_seconds
        self._runs = itertools.count(1)
        self._seats = [self._seat(name) for name in names]
        self._idle: asyncio.Queue[WorkerSupervisor] = asyncio.Queue()

    @classmethod
    def of(cls, settings: Settings) -> ProcessExecutor:
        """The executor an operator asked for."""
        return cls(
            devices=settings.devices,
            weights=settings.weights,
            memory_limit=settings.painting_memory_bytes,
            checkpoint_seconds=settings.checkpoint_seconds,
            grace_seconds=min(10.0, settings.shutdown_seconds / 2),
        )

    @property
    def slots(self) -> int:
        """How many works may run at once. With ``auto`` it may grow once torch has looked."""
        return len(self._seats)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that paint; ``"auto"`` until torch has looked."""
        return tuple(seat.device for seat in self._seats)

    @property
    def warmup_seconds(self) -> float:
        """See `bot.executors.protocol.Executor.warmup_seconds`."""
        return min(seat.warmup_seconds for seat in self._seats)

    @property
    def workers(self) -> tuple[int, ...]:
        """The process ids of the workers that live."""
        return tuple(seat.worker.pid for seat in self._seats if seat.worker is not None)

    async def start(self) -> None:
        """Begin to bring the workers up; `ready` waits for it."""
        for seat in self._seats:
            self._open(seat)

    async def ready(self, timeout: float = START_SECONDS) -> tuple[str, ...]:  # noqa: ASYNC109
        """Wait for the first worker and give the devices that paint.

        Raises:
            ConfigurationError: it cannot paint: wrong weights, no such device.
            WorkerDiedError: it is not ready after `timeout` seconds.
        """
        seat = self._seats[0]
        try:
            await asyncio.wait_for(seat.usable(), timeout)
        except TimeoutError as error:
            raise WorkerDiedError(None) from error
        return self.devices

    async def close(self) -> None:
        """Stop every worker and wait for it to be gone."""
        await asyncio.gather(*(seat.close() for seat in self._seats))

    async def run(
        self, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        """Paint, yielding events; see `bot.executors.protocol.Executor.run`."""
        seat = await self._idle.get()
        run = _Run(
            next(self._runs),
            grace_seconds=self._grace_seconds,
            silence_seconds=self._silence_seconds,
        )
        try:
            try:
                worker = await _unless(stop, seat.usable())
                if worker is None:
                    yield Cancelled()
                    return
                async with contextlib.aclosing(run.events(worker, work, stop)) as events:
                    async for event in events:
                        yield event
            except (WorkerDiedError, FrameError, TimeoutError, ConfigurationError) as error:
                if stop is not None and stop.is_set():
                    yield Cancelled()
                else:
                    yield _died(seat, error)
        finally:
            await run.settle()
            self._idle.put_nowait(seat)

    def _seat(self, device: str) -> WorkerSupervisor:
        return WorkerSupervisor(
            device,
            weights=self._weights,
            memory_limit=self._memory_limit,
            checkpoint_seconds=self._checkpoint_seconds,
            on_devices=self._found,
        )

    def _open(self, seat: WorkerSupervisor) -> None:
        seat.open()
        self._idle.put_nowait(seat)

    def _found(self, devices: tuple[str, ...]) -> None:
        """Seats for the other devices that ``auto`` turned out to stand for."""
        for device in devices[len(self._seats) :]:
            seat = self._seat(device)
            self._seats.append(seat)
            self._open(seat)


class _Run:
    """One work on one worker, from handing it over until the worker is free again."""

    def __init__(self, number: int, *, grace_seconds: float, silence_seconds: float) -> None:
        self._number = number
        self._grace_seconds = grace_seconds
        self._silence_seconds = silence_seconds
        self._worker: WorkerProcess | None = None  # while it may be at work

    async def events(
        self, worker: WorkerProcess, work: Work, stop: asyncio.Event | None
    ) -> AsyncGenerator[Event, None]:
        """Hand the work over and yield what comes of it.

        Raises:
            WorkerDiedError: the worker ended, or had to be killed.
            FrameError: what it says is not understood.
        """
        parts = _parts(work)
        fields = {
            "run": self._number,
            "recipe": work.recipe.to_json(),
            "parts": [name for name, _ in parts],
        }
        self._worker = worker
        await worker.send(Frame("work", fields, tuple(data for _, data in parts)))
        stopping = None if stop is None else asyncio.create_task(stop.wait())
        patience = self._silence_seconds
        try:
            while True:
                waited_for: set[asyncio.Task[Frame] | asyncio.Task[bool]] = {worker.receiving()}
                if stopping is not None:
                    waited_for.add(stopping)
                done, _ = await asyncio.wait(
                    waited_for, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    logger.warning("worker %d said nothing for %g s", worker.pid, patience)
                    worker.kill()
                    raise WorkerDiedError(None)
                if stopping is not None and stopping in done:
                    stopping = None
                    patience = self._grace_seconds
                    await worker.send(Frame("cancel", {"run": self._number}))
                if worker.receiving() not in done:
                    continue
                event = self._event(worker.received())
                if event is None:
                    continue
                if isinstance(event, Finished | Failed | Cancelled):
                    self._worker = None
                yield event
                if self._worker is None:
                    return
        finally:
            if stopping is not None:
                stopping.cancel()

    async def settle(self) -> None:
        """Make sure that the worker no longer works on this: ask, wait a little, kill."""
        worker = self._worker
        if worker is None:
            return
        self._worker = None
        try:
            async with asyncio.timeout(self._grace_seconds):
                await worker.send(Frame("cancel", {"run": self._number}))
                while True:
                    event = self._event(await worker.receive())
                    if isinstance(event, Finished | Failed | Cancelled):
                        return
        except (TimeoutError, WorkerDiedError, FrameError):
            worker.kill()
        except asyncio.CancelledError:
            worker.kill()
            raise

    def _event(self, frame: Frame) -> Event | None:
        """The frame as an event; None when it is of an earlier run."""
        fields = frame.fields
        if fields.get("run") != self._number:
            return None
        try:
            return _EVENTS[frame.kind](fields, frame.blobs)
        except (KeyError, IndexError, TypeError) as error:
            msg = f"not an event: {frame.kind!r} with {sorted(fields)} ({error!r})"
            raise FrameError(msg) from error


def _parts(work: Work) -> list[tuple[str, bytes]]:
    """What a work is made of, each part by what it is."""
    parts: list[tuple[str, bytes | None]] = [("content", work.content)]
    parts += [("style", style) for style in work.styles]
    # A style without a mask has an empty one: no picture is.
    parts += [("mask", mask or b"") for mask in work.masks]
    parts += [("start", work.start), ("checkpoint", work.checkpoint)]
    return [(name, data) for name, data in parts if data is not None]


async def _unless(
    stop: asyncio.Event | None, usable: Coroutine[None, None, WorkerProcess]
) -> WorkerProcess | None:
    """Wait for a worker, but not once `stop` is set; then there is None.

    Raises:
        ConfigurationError: there will be no worker.
        TimeoutError: there was none in time.
    """
    waiting = asyncio.create_task(usable)
    stopping = asyncio.create_task((stop or asyncio.Event()).wait())
    try:
        done, _ = await asyncio.wait(
            {waiting, stopping}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if stopping in done:
            return None
        if waiting in done:
            return waiting.result()
        raise TimeoutError
    finally:
        stopping.cancel()
        waiting.cancel()
        await asyncio.gather(waiting, stopping, return_exceptions=True)


def _died(seat: WorkerSupervisor, error: Exception) -> Failed:
    last_words = f"; its last words: {seat.last_words}" if seat.last_words else ""
    return Failed(code="worker_died", message=f"{error}{last_words}", retryable=True)


def _bare(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != "run"}


_EVENTS: dict[str, Callable[[dict[str, Any], tuple[bytes, ...]], Event]] = {
    "progress": lambda fields, _: Progress(**_bare(fields)),
    "snapshot": lambda fields, blobs: Snapshot(image=blobs[0], **_bare(fields)),
    "checkpoint": lambda fields, blobs: Checkpoint(state=blobs[0], **_bare(fields)),
    "finished": lambda fields, blobs: Finished(image=blobs[0], **_bare(fields)),
    "failed": lambda fields, _: Failed(**_bare(fields)),
    "cancelled": lambda _fields, _blobs: Cancelled(),
}
