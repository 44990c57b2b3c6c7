"""Decode members' pictures safely, each in a resource-limited process that is used once.

An uploaded picture is untrusted input to a decoder. Every picture is therefore fully decoded,
before its job is accepted, in a separate process with bounded memory and time and no secrets.
Starting such a process takes a few tenths of a second of CPU time, so idle processes are kept
ready, one for each inspection that may run at once. A used process is replaced a moment later,
after the request it served has been answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections import deque
from typing import TYPE_CHECKING, Final

from bot.errors import PictureProblem, PictureRefused
from bot.intake.inspection_reply import (
    MAX_REPLY_BYTES,
    PREVIEW_SIDE,
    InspectedPicture,
    parse_reply,
)
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.sandbox import Confinement, clean_environment
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path
    from typing import Self

    from bot.settings import Settings

__all__ = ["Inspector"]

logger = logging.getLogger(__name__)

PROCESS: Final = ("-m", "bot.intake.inspecting_process")

MAX_CONCURRENT: Final = 2
"""Pictures inspected at the same time; further ones wait."""

REFILL_DELAY_SECONDS: Final = 1.0
"""Delay before a used process is replaced. Longer than a request takes from here to its card,
which starting a process would slow down."""

START_TIMEOUT_SECONDS: Final = 30.0
"""Time limit for a process to start, generous because the machine may be busy painting."""

EXIT_TIMEOUT_SECONDS: Final = 2.0
"""Time limit for a process to exit after it has closed its output."""

READ_BYTES: Final = 65_536

PICTURE_PART_BYTES: Final = 256 * 1024
"""Largest part of a picture that is in memory while it is sent to its process."""


class Inspector:
    """Inspects pictures, each in its own process and never on the event loop.

    Call `start` and `close`, or use it as an asynchronous context manager.

    Attributes:
        confinement: what holds the processes, as the newest one reported when it was ready.
    """

    def __init__(self, settings: Settings) -> None:
        self.confinement = Confinement()
        self._timeout = settings.inspection_timeout_seconds
        self._max_pixels = settings.max_pixels
        self._limits = json.dumps(
            {
                "min_side": settings.min_side,
                "max_pixels": settings.max_pixels,
                "max_aspect_ratio": settings.max_aspect_ratio,
                "preview_side": PREVIEW_SIDE,
                "memory_bytes": settings.inspection_memory_bytes,
                "cpu_seconds": settings.inspection_cpu_seconds,
            }
        )
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)
        self._idle: deque[asyncio.Task[Process]] = deque()
        self._starts = BackgroundTasks(Where.INTAKE)
        self._exiting = BackgroundTasks(Where.INTAKE)
        self._refill_timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the idle processes, wait for the first, and warn if it is not fully confined.

        Raises:
            OSError: processes cannot be started here.
            TimeoutError: the process did not become ready in time.
        """
        self._refill()
        await asyncio.shield(self._idle[0])
        if self.confinement.gaps:
            logger.warning("decoders are not fully confined: %s", "; ".join(self.confinement.gaps))

    async def close(self) -> None:
        """Stop the idle processes; a running inspection stops its own when it is cancelled."""
        self._closed = True
        if self._refill_timer is not None:
            self._refill_timer.cancel()
        await self._starts.close()
        while self._idle:
            start = self._idle.popleft()
            if not start.cancelled() and start.exception() is None:
                await _stop(start.result())
        await self._exiting.close(grace_seconds=2 * EXIT_TIMEOUT_SECONDS)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def inspect(self, picture: Path, *, filename: str) -> InspectedPicture:
        """Fully decode a picture and describe it.

        Args:
            picture: its file.
            filename: the name the member gave it.

        Raises:
            PictureRefused: it is not a picture, damaged, of a wrong kind or size, or exceeds
                the memory or time limit.
            OSError: no process can be started.
            TimeoutError: the process did not become ready in time.
        """
        async with self._slots:
            process = await self._acquire()
            try:
                async with asyncio.timeout(self._timeout):
                    reply = await _exchange(process, picture)
            except TimeoutError as error:
                await _stop(process)
                count_error(Where.INTAKE, "inspection_timeout")
                logger.warning("inspection of %r timed out", filename)
                raise PictureRefused(
                    PictureProblem.INSPECTION_FAILED, filename=filename, got="timeout"
                ) from error
            except BaseException:
                await _stop(process)
                raise
            finally:
                self._schedule_refill()
        # The reply is complete; do not make the member wait until the process has exited.
        self._exiting.start(_stop(process), name="exit of an inspecting process")
        return parse_reply(reply, filename, max_pixels=self._max_pixels)

    async def _acquire(self) -> Process:
        """Return an idle process, or a new one if none is idle.

        Raises:
            OSError: no process can be started.
            TimeoutError: it did not become ready in time.
        """
        try:
            process = await (self._idle.popleft() if self._idle else self._start_process())
            if process.returncode is not None:  # it was killed while idle
                process = await self._start_process()
        except (OSError, TimeoutError):
            self._schedule_refill()
            raise
        return process

    def _schedule_refill(self) -> None:
        """Schedule the replacement of used processes after `REFILL_DELAY_SECONDS`."""
        if self._refill_timer is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._refill_timer = loop.call_later(REFILL_DELAY_SECONDS, self._refill)

    def _refill(self) -> None:
        """Start processes until `MAX_CONCURRENT` are idle."""
        self._refill_timer = None
        while not self._closed and len(self._idle) < MAX_CONCURRENT:
            start = self._starts.start_awaited(self._start_process(), name="inspecting process")
            self._idle.append(start)

    async def _start_process(self) -> Process:
        """Launch a process; log and count the error if that fails.

        Raises:
            OSError: the process cannot be started, or exited too early.
            TimeoutError: it did not become ready in time.
        """
        try:
            return await self._launch()
        except (OSError, TimeoutError) as error:
            count_error(Where.INTAKE, error)
            logger.warning("an inspecting process cannot be started: %r", error)
            raise
        except Exception as error:
            report_error(Where.INTAKE, "starting an inspecting process", error)
            raise

    async def _launch(self) -> Process:
        """Start a process; wait until it has set its limits and loaded its decoders.

        Raises:
            OSError: the process cannot be started, or exited too early.
            TimeoutError: it did not become ready in time.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *PROCESS,
            self._limits,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=clean_environment(),
        )
        confinement = None
        try:
            async with asyncio.timeout(START_TIMEOUT_SECONDS):
                # Written before any picture is read, so it can be believed.
                if line := await _stdout(process).readline():
                    confinement = Confinement(**json.loads(line))
        finally:
            if confinement is None:
                await _stop(process)
        if confinement is None:
            raise OSError("the inspecting process exited before it was ready")
        self.confinement = confinement
        return process


def _stdout(process: Process) -> asyncio.StreamReader:
    if process.stdout is None:
        raise AssertionError("started with a pipe")
    return process.stdout


async def _exchange(process: Process, picture: Path) -> bytes:
    """Send the picture in parts and return the reply; empty if the process died."""
    if process.stdin is None:
        raise AssertionError("started with a pipe")
    # If the process dies while reading, its reply is empty.
    position = 0
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while part := await asyncio.to_thread(_read_part, picture, position):
            position += len(part)
            process.stdin.write(part)
            await process.stdin.drain()
        process.stdin.close()
    reply = bytearray()
    while chunk := await _stdout(process).read(READ_BYTES):
        reply += chunk
        if len(reply) > MAX_REPLY_BYTES:
            return b""
    return bytes(reply)


def _read_part(file: Path, position: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(position)
        return stream.read(PICTURE_PART_BYTES)


async def _stop(process: Process) -> None:
    """Wait for the process to exit; kill it if it does not."""
    # A process that closed its output is about to exit. Killing it at that moment would reap it
    # without asyncio's knowledge, which logs a warning.
    if _stdout(process).at_eof():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXIT_TIMEOUT_SECONDS):
                await process.wait()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()
