"""Have a work's pictures decoded in a confined process, so that the worker runs no decoder."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from PIL import Image

from bot.executors import pipe
from bot.executors.pipe import Frame, FrameError
from bot.ops.sandbox import ResourceLimits, clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["DecodingError", "PictureDecoder", "WorkPictures"]

MAX_PICTURES: Final = 10
"""Pictures of one work: a content image, four styles, a mask each, and a start. The process's CPU
time is limited for all of them together."""

ANSWER_SECONDS: Final = 300.0
"""Time limit for one picture, which ends a process that waits for ever without using the CPU."""

EXIT_SECONDS: Final = 5.0
_CODES: Final = frozenset({"empty_mask", "out_of_memory", "unreadable_picture"})
LONGEST_MESSAGE: Final = 500
"""In characters; a reason is written into the log and the database."""

_CHANNELS: Final = {"L": 1, "RGB": 3, "RGBA": 4}


class DecodingError(Exception):
    """A picture of a work was not decoded.

    Attributes:
        code: as of `bot.executors.protocol.Failed`.
        is_retryable: whether another attempt may succeed: the process ended without an answer,
            as it does if the system has no memory left.
    """

    def __init__(self, code: str, message: str, *, is_retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.is_retryable = is_retryable


class PictureDecoder:
    """Starts a confined process for the pictures of each work.

    A process is kept ready, because starting one takes some tenths of a second.

    Args:
        limits: memory of a process, and CPU time for each picture.
    """

    def __init__(self, limits: ResourceLimits) -> None:
        cpu_seconds = MAX_PICTURES * limits.cpu_seconds
        self._limits = dataclasses.replace(limits, cpu_seconds=cpu_seconds)
        self._ready: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Start the process for the next work, if there is none; do not wait for it.

        Raises:
            OSError: it cannot be started.
        """
        if self._ready is None or self._ready.poll() is not None:
            self._ready = self.launch()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start a process.

        Raises:
            OSError: it cannot be started.
        """
        return subprocess.Popen(  # noqa: S603 - no word of it is a member's
            [
                *(sys.executable, "-m", "bot.executors.decoding_process"),
                json.dumps(dataclasses.asdict(self._limits)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
        )

    @contextlib.contextmanager
    def pictures(self) -> Iterator[WorkPictures]:
        """Open the decoding of one work's pictures; the process ends with the block.

        Raises:
            OSError: no process can be started.
        """
        self.prepare()
        process, self._ready = self._ready, None
        if process is None:
            raise AssertionError("a process was started")
        try:
            yield WorkPictures(process, most_bytes=self._limits.memory_bytes)
        finally:
            _end(process)


class WorkPictures:
    """Decodes pictures in one process.

    Args:
        process: the process.
        most_bytes: of a decoded picture; the process has no more memory than that.
    """

    def __init__(self, process: subprocess.Popen[bytes], *, most_bytes: int) -> None:
        self._process = process
        self._most_bytes = most_bytes

    def decode(
        self,
        data: bytes,
        *,
        part: str,
        keep_alpha: bool = False,
        longest_side: int | None = None,
        shortest_side: int | None = None,
    ) -> Image.Image:
        """Decode one picture.

        Args:
            data: the encoded picture.
            part: its role: ``"content"``, ``"style"``, ``"mask"`` or ``"start"``.
            keep_alpha: whether to return the opacity as well; not of a mask.
            longest_side: in pixels; a larger picture is reduced to it. Not of a mask.
            shortest_side: in pixels; a larger picture is reduced by a whole number, to no less.

        Returns:
            The picture in mode RGB, RGBA or, if it is a mask, L.

        Raises:
            DecodingError: it cannot be used, or exceeds a limit.
        """
        options: dict[str, bool | int | None] = {"shortest_side": shortest_side}
        if part != "mask":
            options |= {"keep_alpha": keep_alpha, "longest_side": longest_side}
        reply = self._ask(Frame("decode", {"part": part, "options": options}, (data,)))
        # The picture may have taken over the process: nothing in the reply is believed.
        try:
            if reply.kind == "picture":
                return _picture(reply, part)
            code, message = _reason(reply)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise _no_answer(f"malformed reply: {error!r}") from error
        raise DecodingError(code, f"{part}: {message}")

    def _ask(self, request: Frame) -> Frame:
        """Send a frame and wait for the answer.

        Raises:
            DecodingError: there is none.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise AssertionError("started with pipes")
        timer = threading.Timer(ANSWER_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            for piece in pipe.encode(request):
                stdin.write(piece)
            stdin.flush()
            reply = pipe.read(stdout, most=self._most_bytes)
        except (OSError, FrameError) as error:
            raise _no_answer(str(error)) from error
        finally:
            timer.cancel()
        if reply is None:
            raise _no_answer("it exceeded its memory or time, or was killed")
        return reply


def _picture(reply: Frame, part: str) -> Image.Image:
    """Build the picture from its pixels.

    Raises:
        KeyError, IndexError, TypeError, ValueError: the reply is malformed.
    """
    mode, width, height = (reply.fields[name] for name in ("mode", "width", "height"))
    modes = {"mask": {"L"}, "content": {"RGB", "RGBA"}}.get(part, {"RGB"})
    if mode not in modes or len(reply.blobs[0]) != width * height * _CHANNELS[mode]:
        raise ValueError(f"{mode} of {width}×{height} pixels")
    return Image.frombytes(mode, (width, height), reply.blobs[0])


def _reason(reply: Frame) -> tuple[str, str]:
    """Return why a picture cannot be used: the code and one line.

    Raises:
        KeyError, TypeError, ValueError: the reply is malformed.
    """
    code, message = reply.fields["code"], reply.fields["message"]
    if code not in _CODES:
        raise ValueError("unknown reason")
    return code, " ".join(str(message)[:LONGEST_MESSAGE].split())


def _no_answer(message: str) -> DecodingError:
    text = f"the decoding process gave no answer: {message}"
    return DecodingError("unreadable_picture", text, is_retryable=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, which makes the process exit; kill it if it does not."""
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # what was not sent is lost with the process
                stream.close()
    try:
        process.wait(EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
