"""The bot's end of one worker: start it, speak with it, hear it die."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors import pipe
from bot.executors.pipe import Frame, FrameError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WorkerProcess"]

logger = logging.getLogger(__name__)

# The worker reads strangers' pictures. What it does not know, it cannot give away.
_KEPT_FROM_WORKERS = ("DISCORD_", "STYLEBOT_", "AWS_", "PG")
# Between two convolutions torch's threads wait for one another by spinning. Where other programs
# use the cores too, each spins while the other may not run: on two busy cores that took two to
# three times as long and three times the processor's time as waiting asleep.
_DEFAULTS = {"OMP_WAIT_POLICY": "PASSIVE"}
CLOSE_SECONDS = 2.0
SEND_SECONDS = 60.0
LAST_WORDS = 20


class WorkerProcess:
    """A running worker. Made by `spawn`; not for two works at once.

    Attributes:
        device: what it paints on, once `ready` has returned.
        devices: every device there is on this machine, for a worker started with ``auto``.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._reading: asyncio.Task[Frame] | None = None
        self._last_words: collections.deque[str] = collections.deque(maxlen=LAST_WORDS)
        self._stderr = asyncio.create_task(self._log_stderr(), name=f"stderr of {process.pid}")
        self._lost = False
        self.device = ""
        self.devices: tuple[str, ...] = ()

    @classmethod
    async def spawn(
        cls,
        *,
        device: str,
        weights: Path | None,
        memory_limit: int | None,
        checkpoint_seconds: float,
    ) -> WorkerProcess:
        """Start a worker; it is not ready yet.

        Raises:
            OSError: no process can be started.
        """
        arguments = [
            *("-m", "bot.executors.worker", "--parent", str(os.getpid()), "--device", device),
            *("--checkpoint-seconds", str(checkpoint_seconds)),
        ]
        if weights is not None:
            arguments += ["--weights", str(weights)]
        if memory_limit is not None:
            arguments += ["--memory-limit", str(memory_limit)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the bot, which then asks the worker to stop
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_lost(self) -> bool:
        """Whether it has ended, is about to, or can no longer be understood."""
        return self._lost or self._process.returncode is not None

    async def ready(self, timeout: float) -> None:  # noqa: ASYNC109 - it kills nothing by itself
        """Wait until it has loaded the network.

        Raises:
            ConfigurationError: it cannot paint: wrong weights, no such device.
            WorkerDiedError: it ended instead.
            TimeoutError: it took longer than `timeout` seconds.
        """
        frame = await asyncio.wait_for(self.receive(), timeout)
        if frame.kind == "broken":
            msg = f"the worker cannot paint: {frame.fields['message']}"
            raise ConfigurationError(msg)
        if frame.kind != "ready":
            msg = f"{frame.kind!r} where 'ready' was expected"
            raise FrameError(msg)
        self.device = str(frame.fields["device"])
        self.devices = tuple(frame.fields["devices"])

    async def send(self, frame: Frame) -> None:
        """Send a frame.

        Raises:
            WorkerDiedError: it no longer listens.
        """
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            raise WorkerDiedError(self._process.returncode)
        try:
            stdin.writelines(pipe.encode(frame))
            await asyncio.wait_for(stdin.drain(), SEND_SECONDS)
        except (OSError, TimeoutError) as error:
            self.kill()
            raise WorkerDiedError(self._process.returncode) from error

    def receiving(self) -> asyncio.Task[Frame]:
        """The task of reading the next frame.

        It stays the same until `received` has taken its result, so waiting for it can be given
        up at any time without losing half a frame. It raises WorkerDiedError or FrameError.
        """
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name=f"frame of {self.pid}")
        return self._reading

    def received(self) -> Frame:
        """The frame that `receiving` has read.

        Raises:
            WorkerDiedError: the worker ended.
            FrameError: what came is not a frame.
        """
        task = self.receiving()
        self._reading = None
        try:
            return task.result()
        except (WorkerDiedError, FrameError):
            self.kill()
            raise

    async def receive(self) -> Frame:
        """Wait for the next frame; cancelling the wait loses nothing.

        Raises:
            WorkerDiedError: the worker ended.
            FrameError: what came is not a frame.
        """
        await asyncio.wait({self.receiving()})
        return self.received()

    async def wait(self) -> int:
        """Wait until it has ended, and give its exit code."""
        return await self._process.wait()

    @property
    def last_words(self) -> str:
        """The last lines it wrote on standard error."""
        return "\n".join(self._last_words)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        self._lost = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """End it: by closing its standard input, and by force if that does not help."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), CLOSE_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        finally:
            for task in (self._reading, self._stderr):
                if task is not None:
                    task.cancel()
                    await asyncio.wait({task})
                    if not task.cancelled():
                        task.exception()  # looked at, since nobody else will
            self._reading = None

    async def _read(self) -> Frame:
        if self._process.stdout is None:
            raise WorkerDiedError(None)
        try:
            return await pipe.read_async(self._process.stdout)
        except (asyncio.IncompleteReadError, OSError) as error:
            # The pipe closes a moment before the exit code is known.
            exit_code = None
            with contextlib.suppress(TimeoutError):
                exit_code = await asyncio.wait_for(self._process.wait(), CLOSE_SECONDS)
            raise WorkerDiedError(exit_code) from error

    async def _log_stderr(self) -> None:
        stream = self._process.stderr
        if stream is None:
            return
        rest = b""
        while chunk := await stream.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-65536:]  # a line without an end must not grow for ever
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                self._last_words.append(text)
                logger.info("worker %d: %s", self.pid, text)


def _environment() -> dict[str, str]:
    """The bot's own, without what is secret."""
    shared = {k: v for k, v in os.environ.items() if not k.startswith(_KEPT_FROM_WORKERS)}
    return _DEFAULTS | shared
