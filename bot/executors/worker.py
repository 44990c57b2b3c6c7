"""One worker process on one device: the only place in the bot where torch is.

Started with ``python -m bot.executors.worker``; nobody imports it. Frames come in on standard
input and go out on what was standard output; anything that prints goes to standard error.
The worker ends with its parent: when its standard input is closed, and on Linux by a signal.
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
from bot.executors.pipe import Frame
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

    from PIL import Image

    from stylenet.events import PaintingEvent

logger = logging.getLogger("worker")

NICENESS = 10
_PR_SET_PDEATHSIG = 1


class Channel:
    """The frames' way out; everything else that is written ends up on standard error."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def send(self, kind: str, *blobs: bytes, **fields: object) -> None:
        """Write one frame, waiting until the other side has room for it."""
        for piece in pipe.encode(Frame(kind, fields, blobs)):
            self._stream.write(piece)
        self._stream.flush()


class Inbox(threading.Thread):
    """Reads the frames that come in, on a thread of its own, while the main one paints."""

    def __init__(self) -> None:
        super().__init__(name="inbox", daemon=True)
        self._works: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._stopped_run = 0
        self._stream = os.fdopen(os.dup(0), "rb")

    def run(self) -> None:
        """Read until the parent is gone, and then end at once: nobody is left to paint for."""
        try:
            while (frame := pipe.read(self._stream)) is not None:
                if frame.kind == "work":
                    self._works.put(frame)
                elif frame.kind == "cancel":
                    self._stopped_run = int(frame.fields["run"])
        except pipe.FrameError as error:
            logger.error("unintelligible frame: %s", error)  # noqa: TRY400
            os._exit(2)
        os._exit(0)

    def next(self) -> Frame:
        """Wait for the next work."""
        return self._works.get()

    @property
    def is_empty(self) -> bool:
        """Whether no work waits."""
        return self._works.empty()

    def is_stopped(self, run: int) -> bool:
        """Whether this run, or a later one, was told to stop."""
        return self._stopped_run >= run


class Worker:
    """Paints one work after another on one device.

    Args:
        device: as `stylenet.paint` takes it.
        weights: a weights file instead of the bundled one.
        memory_limit: bytes that one painting may take; None for all the device has.
        checkpoint_seconds: least time between two checkpoints.
    """

    def __init__(
        self,
        channel: Channel,
        inbox: Inbox,
        *,
        device: str,
        weights: Path | None,
        memory_limit: int | None,
        checkpoint_seconds: float,
    ) -> None:
        self._channel = channel
        self._inbox = inbox
        self._device = device
        self._weights = weights
        self._memory_limit = memory_limit
        self._checkpoint_seconds = checkpoint_seconds

    def serve(self) -> NoReturn:
        """Paint whatever comes, for ever."""
        while True:
            frame = self._inbox.next()
            run = int(frame.fields["run"])
            if not self._paint(frame, run):
                # Something nobody foresaw. After a device's error, say, nothing in this
                # process can be trusted, so the next work gets a new one.
                sys.exit(1)

    def warm_up(self) -> None:
        """Load the network by painting something tiny, unless work is already waiting.

        Raises:
            WeightsError: the weights cannot be used.
        """
        from PIL import Image  # noqa: PLC0415 - after the parent was told that we are alive

        from stylenet import paint  # noqa: PLC0415

        tiny = Image.linear_gradient("L").resize((32, 32)).convert("RGB")
        recipe = Recipe(size=32, passes=1)
        for _ in paint(
            tiny,
            [tiny.rotate(90)],
            recipe,
            weights=self._weights,
            device=self._device,
            should_stop=lambda: not self._inbox.is_empty,
        ):
            pass

    def _paint(self, frame: Frame, run: int) -> bool:
        """Paint one work and say how it ended; False when this process should not go on."""
        try:
            finished = self._tell(self._events(frame, run), run)
        except DeviceMemoryError as error:
            self._fail(run, "out_of_memory", error)
        except MemoryError as error:
            self._fail(run, "out_of_memory", error)
            return False
        except DivergedError as error:
            self._fail(run, "diverged", error)
        except EmptyMaskError as error:
            self._fail(run, "empty_mask", error)
        except ImageError as error:
            self._fail(run, "unreadable_picture", error)
        except (RecipeError, WeightsError) as error:
            self._fail(run, "internal", error)
        except Exception as error:  # the last resort, and the process ends
            traceback.print_exc()
            self._fail(run, "internal", error, retryable=True)
            return False
        else:
            if not finished:
                self._channel.send("cancelled", run=run)
        return True

    def _events(self, frame: Frame, run: int) -> Iterator[PaintingEvent]:
        from stylenet import paint  # noqa: PLC0415

        recipe = Recipe.from_json(frame.fields["recipe"])
        resume: bytes | None = None
        start: Image.Image | None = None
        pictures: list[Image.Image] = []  # the content, then the styles
        masks: list[Image.Image | None] = []
        for part, data in zip(frame.fields["parts"], frame.blobs, strict=True):
            match part:
                case "checkpoint":
                    resume = data
                case "start":
                    start = images.decode(data)
                case "mask":
                    masks.append(images.decode_mask(data) if data else None)
                case "content" | "style":
                    pictures.append(images.decode(data))
                case _:
                    msg = f"a work with a part {part!r}"
                    raise ValueError(msg)
        content, *styles = pictures

        def painted(resume: bytes | None) -> Iterator[PaintingEvent]:
            return paint(
                content,
                styles,
                recipe,
                masks=masks,
                start=start,
                weights=self._weights,
                device=self._device,
                memory_limit=self._memory_limit,
                resume=resume,
                should_stop=lambda: self._inbox.is_stopped(run),
                checkpoint_seconds=self._checkpoint_seconds,
            )

        try:
            yield from painted(resume)
        except CheckpointError as error:
            if resume is None:
                raise
            logger.warning("run %d starts afresh: %s", run, error)
            yield from painted(None)

    def _tell(self, events: Iterator[PaintingEvent], run: int) -> bool:
        """Send every event; True when the last was a painting."""
        for event in events:
            match event:
                case Progress():
                    self._channel.send(
                        "progress",
                        run=run,
                        step=event.step,
                        total=event.total,
                        scale=event.scale,
                        losses=event.losses.with_total(),
                        seconds=event.seconds,
                    )
                case Snapshot():
                    image = images.encode(event.pixels, "webp")
                    self._channel.send("snapshot", image, run=run, step=event.step)
                case Checkpoint():
                    self._channel.send("checkpoint", event.state, run=run, step=event.step)
                case Painting():
                    self._channel.send(
                        "finished",
                        images.encode(event.pixels, "png"),
                        run=run,
                        report=_report(event),
                    )
                    return True
        return False

    def _fail(self, run: int, code: str, error: Exception, *, retryable: bool = False) -> None:
        message = f"{type(error).__name__}: {error}"
        self._channel.send("failed", run=run, code=code, message=message, retryable=retryable)


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
    """Have the kernel end this process when the bot dies, even while it is deep in torch."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            logger.warning("prctl failed: %s", os.strerror(ctypes.get_errno()))
        if os.getppid() != parent:  # it died before we asked
            os._exit(0)


def _resolve(device: str) -> tuple[str, list[str]]:
    """The device to paint on, and every device that `auto` would stand for."""
    import torch  # noqa: PLC0415 - takes a second or two, after everything cheap is done

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
    parser.add_argument("--parent", type=int, required=True, help="process id to die with")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--memory-limit", type=int)
    parser.add_argument("--checkpoint-seconds", type=float, default=5.0)
    arguments = parser.parse_args()

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    channel = Channel()
    _die_with(arguments.parent)
    inbox = Inbox()
    inbox.start()

    device, devices = _resolve(arguments.device)
    if device == "cpu":
        with contextlib.suppress(OSError):  # not allowed everywhere, and not needed to paint
            os.nice(NICENESS)  # the bot must answer within seconds while this uses every core
    worker = Worker(
        channel,
        inbox,
        device=device,
        weights=arguments.weights,
        memory_limit=arguments.memory_limit,
        checkpoint_seconds=arguments.checkpoint_seconds,
    )
    try:
        if inbox.is_empty:
            worker.warm_up()
    except (WeightsError, ValueError, DeviceMemoryError) as error:
        channel.send("broken", message=str(error))
        sys.exit(1)
    channel.send("ready", device=device, devices=devices)
    worker.serve()


if __name__ == "__main__":
    _main()
