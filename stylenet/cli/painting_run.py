"""Paint a request: write its pictures, report its progress, and keep what there is on Ctrl-C."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
import threading
import zipfile
from typing import TYPE_CHECKING

from stylenet import events
from stylenet.cli.picture_files import require_writable, write_bytes, write_picture
from stylenet.cli.progress_reports import choose_reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from stylenet.cli.painting_request import InputPictures, PaintingRequest

__all__ = ["REQUEST_NAME", "STATE_NAME", "checkpoint_path", "run_painting"]

REQUEST_NAME = "request.json"
STATE_NAME = "state"

_CHECKPOINT_SECONDS = 30.0


def checkpoint_path(out: Path) -> Path:
    """Return where the checkpoint of an unfinished painting is kept, beside the picture."""
    return out.with_name(f"{out.name}.checkpoint")


def run_painting(
    request: PaintingRequest,
    pictures: InputPictures,
    *,
    as_json: bool,
    resume: bytes | None = None,
) -> int:
    """Paint, and return the exit status.

    A checkpoint is kept beside the picture until it is finished.

    Args:
        request: what to paint.
        pictures: its input pictures.
        as_json: whether to report in JSON.
        resume: a `stylenet.Checkpoint.state` to resume from.

    Raises:
        KeyboardInterrupt: it was stopped; the latest picture and a checkpoint have been written.
        StylenetError: see `stylenet.paint`.
        ValueError: a file cannot be written.
    """
    require_writable(request.out)
    from stylenet.api import paint  # noqa: PLC0415 - imports torch, after the request is valid

    checkpoint = checkpoint_path(request.out)
    snapshot, step = None, 0
    with (
        _stop_on_interrupt() as should_stop,
        choose_reporter(request.recipe, as_json=as_json) as reporter,
    ):
        for event in paint(
            pictures.content,
            pictures.styles,
            request.recipe,
            masks=pictures.masks,
            start=pictures.start,
            weights=request.weights,
            device=request.device,
            precision=request.precision,
            memory_limit=request.memory_limit,
            resume=resume,
            should_stop=should_stop,
            checkpoint_seconds=_CHECKPOINT_SECONDS,
        ):
            match event:
                case events.Snapshot():
                    snapshot = event
                    if request.with_snapshots:
                        write_picture(_snapshot_path(request.out, event.step), event.pixels)
                case events.Checkpoint():
                    step = event.step
                    _write_checkpoint(checkpoint, request, event.state)
                case events.Painting():
                    record = pictures.record(request, event)
                    write_picture(request.out, event.pixels, record=record)
                    checkpoint.unlink(missing_ok=True)
                    reporter.report(event)
                    return 0
                case _:
                    pass
            reporter.report(event)
    if snapshot is not None:
        write_picture(request.out, snapshot.pixels)
    msg = f"interrupted after step {step}; to go on: python -m stylenet resume {checkpoint}"
    raise KeyboardInterrupt(msg)


def _snapshot_path(out: Path, step: int) -> Path:
    return out.with_name(f"{out.stem}-{step:04d}{out.suffix}")


def _write_checkpoint(path: Path, request: PaintingRequest, state: bytes) -> None:
    """Write a request and the state of its painting.

    Raises:
        ValueError: the file cannot be written.
    """
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(REQUEST_NAME, request.to_json())
        archive.writestr(STATE_NAME, state)
    write_bytes(path, data.getvalue())


@contextlib.contextmanager
def _stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C stop after the current step; the second stops at once.

    Yields:
        A function that returns whether to stop.
    """
    stopping = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, previous)
        print("Stopping after this step. Ctrl-C again stops at once.", file=sys.stderr)  # noqa: T201

    if threading.current_thread() is not threading.main_thread():
        yield stopping.is_set  # only the main thread receives signals
        return
    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stopping.is_set
    finally:
        signal.signal(signal.SIGINT, previous)
