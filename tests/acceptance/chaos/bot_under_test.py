"""A bot process that can be killed, stopped, frozen and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ..conftest import environment

if TYPE_CHECKING:
    from bot.settings import Settings

__all__ = ["BotUnderTest"]

ROOT = Path(__file__).resolve().parents[3]
WORKERS = {"bot.executors.worker", "tests.acceptance.sleeping_worker"}
PAINTING_BOT = "bot"
SLEEPING_BOT = "tests.acceptance.bot_with_sleeping_workers"
CLOSE_SECONDS = 60.0


class BotUnderTest:
    """``python -m bot run``, started any number of times; all of its processes share a log.

    Args:
        settings: the bot's settings.
        log: the file to append its output to.

    Attributes:
        settings: as given.
        log: as given.
    """

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings = settings
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and nobody has killed or stopped it; frozen counts as running."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The id of its process, if it is running."""
        return None if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code of a process that ended by itself, else None."""
        return None if self._process is None else self._process.returncode

    async def start(self, *, paints: bool) -> None:
        """Start it without waiting until it is connected.

        Args:
            paints: False for workers that sleep instead of painting.
        """
        module = PAINTING_BOT if paints else SLEEPING_BOT
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        with self.log.open("ab") as sink:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, "run",
                env={**environment(self.settings), "PYTHONPATH": path}, cwd=self.log.parent,
                stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink,
            )  # fmt: skip

    def worker(self) -> int | None:
        """Return the process id of its worker; None if it has none at the moment."""
        try:
            for child in psutil.Process(self.pid).children():
                if WORKERS & set(child.cmdline()):
                    return child.pid
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return None
        return None

    async def kill(self) -> None:
        """Send SIGKILL and wait until the process has ended."""
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
        self._process = None

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code.

        Raises:
            TimeoutError: it does not end.
        """
        assert self._process is not None
        self._process.terminate()
        exit_code = await asyncio.wait_for(self._process.wait(), CLOSE_SECONDS)
        self._process = None
        return exit_code

    async def freeze(self, seconds: float) -> None:
        """Send SIGSTOP, and SIGCONT after a while."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._process.send_signal(signal.SIGCONT)
