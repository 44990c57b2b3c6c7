"""The bot as a process that may die at any instant, and its worker with it or alone."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import psutil

from ..conftest import environment

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings

__all__ = ["BotUnderTest"]

WORKER = "bot.executors.worker"
CLOSE_SECONDS = 60.0


class BotUnderTest:
    """``python -m bot run``; every life writes to the same log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, settings: Settings, log: Path) -> BotUnderTest:
        """Start it; it is not connected yet."""
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run",
                env=environment(settings), cwd=log.parent,
                stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink,
            )  # fmt: skip
        return cls(process)

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.returncode

    def worker(self) -> int | None:
        """The process id of its worker, if it has one at this instant."""
        try:
            for child in psutil.Process(self._process.pid).children():
                if WORKER in child.cmdline():
                    return child.pid
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return None
        return None

    async def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def close(self) -> int:
        """SIGTERM; returns its exit code.

        Raises:
            TimeoutError: it does not end.
        """
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), CLOSE_SECONDS)
