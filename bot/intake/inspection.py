"""Decoding strangers' pictures where they can do no harm: in a limited process, used once.

A picture is code for a decoder. So each is decoded in full, before anything is accepted, by a
process of its own that is bounded in memory and in time, holds no secret and ends with it.
Starting one takes a few tenths of a second of a processor, so a spare is kept waiting for each
that may be needed at once: a request's two pictures need not wait for any. A spare that was used
is replaced a moment later, when the request it served has been answered.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import math
import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from bot.errors import PictureProblem, PictureRefused

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from typing import Self

    from bot.settings import Settings

__all__ = ["InspectedPicture", "Inspector"]

logger = logging.getLogger(__name__)

AT_ONCE = 2
"""Pictures inspected at the same time; the others wait their turn."""

REFILL_AFTER_SECONDS = 1.0
"""How long after a spare was used another is started: longer than a request takes from there to
its card, which would be slowed by it."""

START_SECONDS = 30.0
"""Longest time a process may take to come up, on a machine that is busy painting."""

LEAVING_SECONDS = 2.0
"""Time a process has to be gone once it has closed its output."""

PREVIEW_SIDE = 320
"""Longest side of the reduced copy of each picture, in pixels."""

MAX_ANSWER_BYTES = 4096 + 4 * PREVIEW_SIDE**2
"""A preview takes three bytes a pixel, and base64 a third more."""

READ_BYTES = 65_536

KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL")
"""All that the process inherits: above all, not the token."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class InspectedPicture:
    """A picture that decodes in full and is within the limits.

    Attributes:
        data: its bytes, as they came.
        filename: the member's own name of the file.
        width, height: pixels, upright (EXIF orientation applied).
        format: Pillow's name of the format, e.g. ``"PNG"``.
        animated: whether there is more than the one frame that is used.
        preview: a reduced copy, mode RGB, `PREVIEW_SIDE` pixels at most; it came as bare pixels,
            so encoding or showing it decodes nothing of a stranger's.
    """

    data: bytes
    filename: str
    width: int
    height: int
    format: str
    animated: bool
    preview: Image.Image


class Inspector:
    """Inspects pictures, each in a process of its own; never on the event loop.

    Start it, or use it as an asynchronous context manager.
    """

    def __init__(self, settings: Settings) -> None:
        self._timeout = settings.inspection_timeout_seconds
        self._limits = json.dumps(
            {
                "min_side": settings.min_side,
                "max_pixels": settings.max_pixels,
                "max_aspect_ratio": settings.max_aspect_ratio,
                "preview_side": PREVIEW_SIDE,
                "memory_bytes": settings.inspection_memory_bytes,
                # A second more than the wall clock allows, which normally strikes first.
                "cpu_seconds": math.ceil(settings.inspection_timeout_seconds) + 1,
            }
        )
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._spares: deque[asyncio.Task[Process]] = deque()
        self._leaving: set[asyncio.Task[None]] = set()
        self._refilling: asyncio.TimerHandle | None = None
        self._closed = False

    async def start(self) -> None:
        """Bring the first processes up.

        Raises:
            OSError: processes cannot be started here.
            TimeoutError: they did not come up.
        """
        self._refill()
        await asyncio.shield(self._spares[0])

    async def close(self) -> None:
        """End the spare processes; inspections in progress end theirs as they are cancelled."""
        self._closed = True
        if self._refilling is not None:
            self._refilling.cancel()
        while self._spares:
            spare = self._spares.popleft()
            spare.cancel()
            await asyncio.wait({spare})
            if not spare.cancelled() and spare.exception() is None:
                await _end(spare.result())
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def inspect(self, data: bytes, *, filename: str) -> InspectedPicture:
        """Decode a picture in full and say what it is.

        Raises:
            PictureRefused: it is no picture, broken, of the wrong kind or size, or it took
                more memory or time than a picture may.
        """
        async with self._turns:
            process = await self._take(filename)
            try:
                async with asyncio.timeout(self._timeout):
                    reply = await _converse(process, data)
            except TimeoutError as error:
                await _end(process)
                logger.warning("inspection of %r took too long", filename)
                raise PictureRefused(
                    PictureProblem.INSPECTION_FAILED, filename=filename, got="timeout"
                ) from error
            except BaseException:
                await _end(process)
                raise
            finally:
                self._refill_soon()
        # It has said all it had to. Nobody need wait for it to clear away its memory.
        leaving = asyncio.create_task(_end(process), name="an inspecting process leaves")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        return _understood(reply, data, filename)

    async def _take(self, filename: str) -> Process:
        """A process that is ready: a spare one if there is one."""
        try:
            process = await (self._spares.popleft() if self._spares else self._launch())
            if process.returncode is not None:  # something killed it while it waited
                process = await self._launch()
        except (OSError, TimeoutError) as error:
            self._refill_soon()
            logger.exception("no inspecting process could be started")
            raise PictureRefused(
                PictureProblem.INSPECTION_FAILED, filename=filename, got="no process"
            ) from error
        return process

    def _refill_soon(self) -> None:
        """Replace the spares that were used, once nobody waits for what follows from them."""
        if self._refilling is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._refilling = loop.call_later(REFILL_AFTER_SECONDS, self._refill)

    def _refill(self) -> None:
        """Have as many spares as there may be inspections at once."""
        self._refilling = None
        while not self._closed and len(self._spares) < AT_ONCE:
            spare = asyncio.create_task(self._launch(), name="inspecting process")
            self._spares.append(spare)

    async def _launch(self) -> Process:
        """Start a process and wait until its limits are on and its decoders are loaded."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot.intake.inspecting_process",
            self._limits,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
        is_ready = False
        try:
            async with asyncio.timeout(START_SECONDS):
                is_ready = await _stdout(process).readline() == b"\n"
        finally:
            if not is_ready:
                await _end(process)
        if not is_ready:
            raise OSError("the inspecting process ended before it was ready")
        return process


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    # Each thread of a BLAS reserves address space, which is limited; none is needed.
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}


def _stdout(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise AssertionError("started with a pipe")
    return process.stdout


async def _converse(process: Process, data: bytes) -> bytes:
    """Send the picture, return the answer; empty if the process died of it."""
    if process.stdin is None:
        raise AssertionError("started with a pipe")
    # A process that dies while it is fed shows by its empty answer.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
        process.stdin.close()
    reply = bytearray()
    while chunk := await _stdout(process).read(READ_BYTES):
        reply += chunk
        if len(reply) > MAX_ANSWER_BYTES:
            return b""
    return bytes(reply)


async def _end(process: Process) -> None:
    """Make sure the process is gone."""
    # One that has said all it had to is about to go by itself. Killing it in that instant would
    # reap it behind asyncio's back, which logs a warning.
    if _stdout(process).at_eof():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                await process.wait()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()


def _understood(reply: bytes, data: bytes, filename: str) -> InspectedPicture:
    """The picture the answer describes; the answer is checked, its writer met a stranger.

    Raises:
        PictureRefused: the answer is a refusal, or makes no sense.
    """
    try:
        said: dict[str, Any] = json.loads(reply)
        if "problem" in said:
            got, limit = said.get("got"), said.get("limit")
            raise PictureRefused(
                PictureProblem(said["problem"]),
                filename=filename,
                got=None if got is None else str(got),
                limit=None if limit is None else str(limit),
            )
        return InspectedPicture(
            data=data,
            filename=filename,
            width=int(said["width"]),
            height=int(said["height"]),
            format=str(said["format"]),
            animated=bool(said["animated"]),
            preview=_preview(said["preview"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        logger.warning("the process inspecting %r died or made no sense", filename)
        raise PictureRefused(
            PictureProblem.INSPECTION_FAILED, filename=filename, got="died"
        ) from error


def _preview(said: dict[str, Any]) -> Image.Image:
    """The reduced copy; ValueError, TypeError or KeyError where it is not what it should be."""
    width, height = int(said["width"]), int(said["height"])
    if not (1 <= width <= PREVIEW_SIDE and 1 <= height <= PREVIEW_SIDE):
        raise ValueError("a preview of impossible size")
    return Image.frombytes("RGB", (width, height), base64.b64decode(said["pixels"], validate=True))
