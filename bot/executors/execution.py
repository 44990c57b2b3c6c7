"""The execution of one work on one worker: sends the work, receives events, cancels."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from bot.errors import WorkerDiedError
from bot.executors.pipe import Frame, FrameError
from bot.executors.protocol import (
    Cancelled,
    EncodedSnapshot,
    Event,
    Failed,
    Finished,
)
from bot.ops.error_report import Where
from bot.ops.tasks import BackgroundTasks
from stylenet.events import Checkpoint, Losses, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.executors.protocol import Work
    from bot.executors.worker_process import WorkerProcess

__all__ = ["WorkExecution"]

logger = logging.getLogger(__name__)


class WorkExecution:
    """One work on one worker, from sending it until the worker is free again.

    Args:
        run: number of this execution; frames of earlier ones are ignored by it.
        grace_seconds: how long the worker may take to stop before it is killed.
        silence_seconds: how long the worker may send nothing before it is killed.
    """

    def __init__(self, run: int, *, grace_seconds: float, silence_seconds: float) -> None:
        self._run = run
        self._grace_seconds = grace_seconds
        self._silence_seconds = silence_seconds
        self._busy_worker: WorkerProcess | None = None

    async def events(
        self, worker: WorkerProcess, work: Work, stop: asyncio.Event | None
    ) -> AsyncGenerator[Event, None]:
        """Send the work and yield its events; the last one is Finished, Failed or Cancelled.

        Raises:
            WorkerDiedError: the worker exited, or had to be killed.
            FrameError: the worker sent something that is not an event.
        """
        self._busy_worker = worker
        await worker.send(_encode_work(work, self._run))
        async with BackgroundTasks(Where.EXECUTOR) as tasks:
            stopped = tasks.start_awaited((stop or asyncio.Event()).wait(), name="wait for a stop")
            awaited: set[asyncio.Task[Any]] = {stopped}
            timeout = self._silence_seconds
            while True:
                done, _ = await asyncio.wait(
                    awaited | {worker.receive_task()},
                    timeout=timeout,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    logger.warning("worker %d sent nothing for %g s", worker.pid, timeout)
                    worker.kill()
                    raise WorkerDiedError(None)
                if stopped in done:
                    awaited.clear()
                    timeout = self._grace_seconds
                    await worker.send(Frame("cancel", {"run": self._run}))
                if worker.receive_task() not in done:
                    continue
                event = self._decode_event(worker.take_received())
                if event is None:
                    continue
                if isinstance(event, Finished | Failed | Cancelled):
                    self._busy_worker = None
                yield event
                if self._busy_worker is None:
                    return

    async def close(self) -> None:
        """Make sure that the worker is free: cancel the work, and kill the worker if need be."""
        worker = self._busy_worker
        if worker is None:
            return
        self._busy_worker = None
        try:
            async with asyncio.timeout(self._grace_seconds):
                await worker.send(Frame("cancel", {"run": self._run}))
                while True:
                    event = self._decode_event(await worker.receive())
                    if isinstance(event, Finished | Failed | Cancelled):
                        return
        except (TimeoutError, WorkerDiedError, FrameError):
            worker.kill()
        except asyncio.CancelledError:
            worker.kill()
            raise

    def _decode_event(self, frame: Frame) -> Event | None:
        """Return the frame as an event; None if it belongs to an earlier execution.

        Raises:
            FrameError: it is not an event.
        """
        fields = dict(frame.fields)
        if fields.pop("run", None) != self._run:
            return None
        try:
            return EVENT_DECODERS[frame.kind](fields, frame.blobs)
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            msg = f"not an event: {frame.kind!r} with {sorted(fields)} ({error!r})"
            raise FrameError(msg) from error


def _encode_work(work: Work, run: int) -> Frame:
    """Return the work as a frame with a blob per part; the fields name the parts."""
    parts: list[tuple[str, bytes | None]] = [("content", work.content)]
    parts += [("style", style) for style in work.styles]
    # An empty blob stands for a style without a mask; no encoded picture is empty.
    parts += [("mask", mask or b"") for mask in work.masks]
    parts += [("start", work.start), ("checkpoint", work.checkpoint)]
    present = [(name, data) for name, data in parts if data is not None]
    fields = {
        "run": run,
        "recipe": work.recipe.to_json(),
        "parts": [name for name, _ in present],
    }
    return Frame("work", fields, tuple(data for _, data in present))


EVENT_DECODERS: Final[dict[str, Callable[[dict[str, Any], tuple[bytes, ...]], Event]]] = {
    "progress": lambda fields, _: Progress(**fields | {"losses": Losses(fields["losses"])}),
    "snapshot": lambda fields, blobs: EncodedSnapshot(image=blobs[0], **fields),
    "checkpoint": lambda fields, blobs: Checkpoint(state=blobs[0], **fields),
    "finished": lambda fields, blobs: Finished(image=blobs[0], **fields),
    "failed": lambda fields, _: Failed(**fields),
    "cancelled": lambda _fields, _blobs: Cancelled(),
}
