"""The worker process, which paints on one device: the only module of the bot that imports torch.

It is started with ``python -m bot.executors.worker`` and never imported. It reads frames from
standard input and writes frames to standard output; whatever else is printed goes to standard
error. It exits with its parent: when its standard input is closed, and on Linux by a signal.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from bot.executors import pipe
from bot.executors.picture_decoder import DecodingError, PictureDecoder
from bot.executors.pipe import Frame
from bot.executors.work_parts import read_parts
from bot.ops.sandbox import ResourceLimits
from stylenet import images
from stylenet.errors import (
    CheckpointError,
    DeviceMemoryError,
    DivergedError,
    EmptyMaskError,
    ImageError,
    RecipeError,
    WeightsError,
)
from stylenet.events import Checkpoint, Painting, Progress, Snapshot
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stylenet.events import PaintingEvent

__all__ = ["FrameReader", "FrameWriter", "Worker"]

logger = logging.getLogger("worker")

NICENESS = 10
_PR_SET_PDEATHSIG = 1


class FrameWriter:
    """Writes frames to standard output, and redirects other output to standard error."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def send(self, kind: str, *blobs: bytes, **fields: object) -> None:
        """Write one frame; block while the pipe is full."""
        for piece in pipe.encode(Frame(kind, fields, blobs)):
            self._stream.write(piece)
        self._stream.flush()


class FrameReader(threading.Thread):
    """Reads frames on a thread of its own, while the main thread paints."""

    def __init__(self) -> None:
        super().__init__(name="frame reader", daemon=True)
        self._works: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._cancelled_run = 0
        self._stream = os.fdopen(os.dup(0), "rb")

    def run(self) -> None:
        """Read until the pipe is closed, which means that the parent exited; then exit at once."""
        try:
            while (frame := pipe.read(self._stream)) is not None:
                if frame.kind == "work":
                    self._works.put(frame)
                elif frame.kind == "cancel":
                    self._cancelled_run = int(frame.fields["run"])
        except pipe.FrameError as error:
            logger.error("invalid frame: %s", error)  # noqa: TRY400
            os._exit(2)
        os._exit(0)

    def next_work(self) -> Frame:
        """Wait for the next work and return its frame."""
        return self._works.get()

    @property
    def has_work(self) -> bool:
        """Whether a work is waiting."""
        return not self._works.empty()

    def is_cancelled(self, run: int) -> bool:
        """Return whether this run, or a later one, was cancelled."""
        return self._cancelled_run >= run


class Worker:
    """Paints one work after another on one device.

    Args:
        writer: sends events.
        reader: receives works and cancellations.
        device: as `stylenet.paint` takes it.
        weights: a weights file instead of the bundled one.
        memory_limit: bytes that one painting may take; None for all that the device has.
        checkpoint_seconds: least time between two checkpoints.
        snapshot_seconds: time after which a step ends with a snapshot, in seconds.
        decoder: decodes the pictures of works, in processes of its own.
    """

    def __init__(
        self,
        writer: FrameWriter,
        reader: FrameReader,
        *,
        device: str,
        weights: Path | None,
        memory_limit: int | None,
        checkpoint_seconds: float,
        snapshot_seconds: float,
        decoder: PictureDecoder,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._device = device
        self._weights = weights
        self._memory_limit = memory_limit
        self._checkpoint_seconds = checkpoint_seconds
        self._snapshot_seconds = snapshot_seconds
        self._decoder = decoder

    def serve(self) -> NoReturn:
        """Paint every work that is received."""
        while True:
            self._decoder.prepare()
            frame = self._reader.next_work()
            run = int(frame.fields["run"])
            if not self._paint(frame, run):
                # After an unexpected error, such as one of the device, the state of this process
                # is unknown. The next work gets a new process.
                sys.exit(1)

    def warm_up(self) -> None:
        """Load the network by painting a tiny picture; stop if a work is waiting.

        Raises:
            WeightsError: the weights cannot be used.
        """
        from PIL import Image  # noqa: PLC0415 - slow to import

        from stylenet import paint  # noqa: PLC0415

        tiny = Image.linear_gradient("L").resize((32, 32)).convert("RGB")
        recipe = Recipe(size=32, passes=1)
        for _ in paint(
            tiny,
            [tiny.rotate(90)],
            recipe,
            weights=self._weights,
            device=self._device,
            should_stop=lambda: self._reader.has_work,
        ):
            pass

    def _paint(self, frame: Frame, run: int) -> bool:
        """Paint one work and send its outcome; return False if this process must exit."""
        try:
            finished = self._send_events(self._paint_events(frame, run), run)
        except DeviceMemoryError as error:
            self._send_failure(run, "out_of_memory", error)
        except MemoryError as error:
            self._send_failure(run, "out_of_memory", error)
            return False
        except DivergedError as error:
            self._send_failure(run, "diverged", error)
        except EmptyMaskError as error:
            self._send_failure(run, "empty_mask", error)
        except DecodingError as error:
            self._send_failure(run, error.code, error, retryable=error.is_retryable)
        except ImageError as error:
            self._send_failure(run, "unreadable_picture", error)
        except (RecipeError, WeightsError) as error:
            self._send_failure(run, "internal", error)
        except Exception as error:  # unexpected: the process exits
            traceback.print_exc()
            self._send_failure(run, "internal", error, retryable=True)
            return False
        else:
            if not finished:
                self._writer.send("cancelled", run=run)
        return True

    def _paint_events(self, frame: Frame, run: int) -> Iterator[PaintingEvent]:
        """Have a work decoded and paint it.

        Raises:
            DecodingError: one of its pictures cannot be used.
            StylenetError: it cannot be painted.
            ValueError: the frame is not a work.
        """
        from stylenet import paint  # noqa: PLC0415

        parts = read_parts(frame, self._decoder)

        def events(resume: bytes | None) -> Iterator[PaintingEvent]:
            return paint(
                parts.content,
                parts.styles,
                parts.recipe,
                masks=parts.masks,
                start=parts.start,
                weights=self._weights,
                device=self._device,
                memory_limit=self._memory_limit,
                resume=resume,
                should_stop=lambda: self._reader.is_cancelled(run),
                checkpoint_seconds=self._checkpoint_seconds,
                snapshot_seconds=self._snapshot_seconds,
            )

        try:
            yield from events(parts.checkpoint)
        except CheckpointError as error:
            if parts.checkpoint is None:
                raise
            logger.warning("run %d starts over: %s", run, error)
            yield from events(None)

    def _send_events(self, events: Iterator[PaintingEvent], run: int) -> bool:
        """Send every event; return whether the last one was the finished painting."""
        for event in events:
            match event:
                case Progress():
                    self._writer.send(
                        "progress",
                        run=run,
                        step=event.step,
                        total=event.total,
                        scale=event.scale,
                        losses=dict(event.losses),
                        passes=event.passes,
                        seconds=event.seconds,
                    )
                case Snapshot():
                    image = images.encode(event.pixels, "webp")
                    self._writer.send("snapshot", image, run=run, step=event.step)
                case Checkpoint():
                    self._writer.send("checkpoint", event.state, run=run, step=event.step)
                case Painting():
                    self._writer.send(
                        "finished",
                        images.encode(event.pixels, "png"),
                        run=run,
                        report=_report(event),
                    )
                    return True
        return False

    def _send_failure(
        self, run: int, code: str, error: Exception, *, retryable: bool = False
    ) -> None:
        message = f"{type(error).__name__}: {error}"
        self._writer.send("failed", run=run, code=code, message=message, retryable=retryable)


def _report(painting: Painting) -> dict[str, float | int | str]:
    height, width = painting.pixels.shape[:2]
    return {
        "width": int(width),
        "height": int(height),
        "steps": painting.steps,
        "passes": painting.passes,
        "seconds": painting.seconds,
        "device": painting.device,
        **{f"loss_{name}": value for name, value in painting.losses.with_total().items()},
    }


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the bot dies, even while torch computes."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            logger.warning("prctl failed: %s", os.strerror(ctypes.get_errno()))
        if os.getppid() != parent:  # it died before prctl was called
            os._exit(0)


def _resolve(device: str) -> tuple[str, list[str]]:
    """Return the device to paint on, and every device that ``auto`` stands for."""
    import torch  # noqa: PLC0415 - slow to import

    if device != "auto":
        return device, [device]
    if torch.cuda.is_available():
        devices = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    elif torch.backends.mps.is_available():
        devices = ["mps"]
    else:
        devices = ["cpu"]
    return devices[0], devices


def _main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="python -m bot.executors.worker", description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="id of the process to exit with")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--memory-limit", type=int)
    parser.add_argument("--checkpoint-seconds", type=float, default=5.0)
    parser.add_argument("--snapshot-seconds", type=float, default=4.0)
    parser.add_argument("--decoding-memory", type=int, required=True)
    parser.add_argument("--decoding-cpu-seconds", type=int, required=True)
    arguments = parser.parse_args()

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    writer = FrameWriter()
    _die_with(arguments.parent)
    reader = FrameReader()
    reader.start()

    device, devices = _resolve(arguments.device)
    if device == "cpu":
        # The bot must answer within seconds while this process uses every core.
        with contextlib.suppress(OSError):  # not permitted everywhere
            os.nice(NICENESS)
    worker = Worker(
        writer,
        reader,
        device=device,
        weights=arguments.weights,
        memory_limit=arguments.memory_limit,
        checkpoint_seconds=arguments.checkpoint_seconds,
        snapshot_seconds=arguments.snapshot_seconds,
        decoder=PictureDecoder(
            ResourceLimits(
                memory_bytes=arguments.decoding_memory,
                cpu_seconds=arguments.decoding_cpu_seconds,
            )
        ),
    )
    try:
        if not reader.has_work:
            worker.warm_up()
    except (WeightsError, ValueError, DeviceMemoryError) as error:
        setting = "STYLEBOT_WEIGHTS" if isinstance(error, WeightsError) else "STYLEBOT_DEVICES"
        writer.send("unusable", setting=setting, message=str(error))
        sys.exit(1)
    writer.send("ready", device=device, devices=devices)
    worker.serve()


if __name__ == "__main__":
    _main()
