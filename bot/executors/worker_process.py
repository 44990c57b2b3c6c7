"""The bot's handle on a worker process: start it, exchange frames with it, stop it."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Final

from bot.errors import ConfigurationError, WorkerDiedError
from bot.executors import pipe
from bot.executors.pipe import Frame, FrameError
from bot.ops.error_report import Where
from bot.ops.tasks import BackgroundTasks
from stylenet.threads import PASSIVE_WAITING

if TYPE_CHECKING:
    from pathlib import Path

    from bot.ops.sandbox import ResourceLimits

__all__ = ["WorkerProcess"]

logger = logging.getLogger(__name__)

# A worker handles the pixels of untrusted pictures, so it does not inherit secrets.
SECRET_PREFIXES: Final = ("DISCORD_", "STYLEBOT_", "AWS_", "PG")
WORKER_MODULE = "bot.executors.worker"

CLOSE_SECONDS: Final = 2.0
SEND_SECONDS: Final = 60.0
STDERR_LINES: Final = 20
READ_BYTES: Final = 65_536


class WorkerProcess:
    """A running worker, made by `spawn`. It runs one work at a time.

    Attributes:
        device: the device it paints on, once `wait_ready` has returned.
        devices: every device of this machine if it was started with ``auto``.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._reading: asyncio.Task[Frame] | None = None
        self._stderr_lines: collections.deque[str] = collections.deque(maxlen=STDERR_LINES)
        self._tasks = BackgroundTasks(Where.EXECUTOR)
        self._tasks.start(self._log_stderr(), name=f"stderr of {process.pid}")
        self._killed = False
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
        snapshot_seconds: float,
        decoding_limits: ResourceLimits,
    ) -> WorkerProcess:
        """Start a worker without waiting until it is ready.

        Raises:
            OSError: the process cannot be started.
        """
        arguments = [
            *("-m", WORKER_MODULE, "--parent", str(os.getpid()), "--device", device),
            *("--checkpoint-seconds", str(checkpoint_seconds)),
            *("--snapshot-seconds", str(snapshot_seconds)),
            *("--decoding-memory", str(decoding_limits.memory_bytes)),
            *("--decoding-cpu-seconds", str(decoding_limits.cpu_seconds)),
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
            env=_worker_environment(),
            start_new_session=True,  # Ctrl-C signals only the bot, which then stops the worker
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_dead(self) -> bool:
        """Whether it has exited or was killed."""
        return self._killed or self._process.returncode is not None

    @property
    def stderr_tail(self) -> str:
        """The last lines that it wrote to standard error."""
        return "\n".join(self._stderr_lines)

    async def wait_ready(self, timeout: float) -> None:  # noqa: ASYNC109 - kills nothing by itself
        """Wait until it has loaded the network.

        Args:
            timeout: seconds.

        Raises:
            ConfigurationError: it cannot paint: unusable weights, no such device.
            WorkerDiedError: it exited.
            FrameError: its first frame is not the expected one.
            TimeoutError: it is not ready within `timeout` seconds.
        """
        frame = await asyncio.wait_for(self.receive(), timeout)
        if frame.kind == "unusable":
            msg = f"{frame.fields['setting']}: the worker cannot paint: {frame.fields['message']}"
            raise ConfigurationError(msg)
        if frame.kind != "ready":
            msg = f"received {frame.kind!r} instead of 'ready'"
            raise FrameError(msg)
        self.device = str(frame.fields["device"])
        self.devices = tuple(frame.fields["devices"])

    async def send(self, frame: Frame) -> None:
        """Send a frame.

        Raises:
            WorkerDiedError: the pipe is closed, or the worker does not read from it.
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

    def receive_task(self) -> asyncio.Task[Frame]:
        """Return the task that reads the next frame.

        It is the same task until `take_received` is called, so that a caller can stop waiting for
        it at any time without losing half a frame. It raises WorkerDiedError or FrameError.
        """
        if self._reading is None:
            self._reading = self._tasks.start_awaited(self._read(), name=f"frame of {self.pid}")
        return self._reading

    def take_received(self) -> Frame:
        """Return the frame that `receive_task` has read.

        Raises:
            WorkerDiedError: the worker exited.
            FrameError: the data is not a frame.
        """
        task = self.receive_task()
        self._reading = None
        try:
            return task.result()
        except (WorkerDiedError, FrameError):
            self.kill()
            raise

    async def receive(self) -> Frame:
        """Wait for the next frame; cancelling the wait loses nothing.

        Raises:
            WorkerDiedError: the worker exited.
            FrameError: the data is not a frame.
        """
        await asyncio.wait({self.receive_task()})
        return self.take_received()

    async def wait(self) -> int:
        """Wait until it has exited and return its exit code."""
        return await self._process.wait()

    def kill(self) -> None:
        """Kill the process at once."""
        self._killed = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Close its standard input, which makes it exit; kill it if it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), CLOSE_SECONDS)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        except asyncio.CancelledError:
            self.kill()
            raise
        finally:
            await self._tasks.close()
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
        while chunk := await stream.read(READ_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            rest = rest[-READ_BYTES:]  # limits the memory that an endless line takes
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip()
                self._stderr_lines.append(text)
                logger.info("worker %d: %s", self.pid, text)


def _worker_environment() -> dict[str, str]:
    """Return the bot's environment without secrets."""
    shared = {k: v for k, v in os.environ.items() if not k.startswith(SECRET_PREFIXES)}
    return {**PASSIVE_WAITING, **shared}
