"""The demo's two child processes: the local Discord and the bot."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import StyleBotError
from bot.ops.error_report import Where
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

__all__ = [
    "START_TIMEOUT_SECONDS",
    "ChildProcess",
    "DemoError",
    "PlaygroundAddress",
    "run_bot",
    "run_playground",
]

START_TIMEOUT_SECONDS = 120.0


class DemoError(StyleBotError):
    """The demo could not be finished; the message says why."""


@dataclass(frozen=True, kw_only=True)
class PlaygroundAddress:
    """Address and seeded ids of the local Discord. Ids are strings, as in Discord's API."""

    url: str
    bot_token: str
    channel_id: str
    member_id: str


class ChildProcess:
    """A child process that writes its output to a log file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def has_exited(self) -> bool:
        """Whether the process has exited."""
        return self._process.returncode is not None

    async def wait(self) -> None:
        """Wait until the process exits."""
        await self._process.wait()

    async def wait_or_interrupt(self) -> None:
        """Wait until the process exits, or this one receives SIGINT (Ctrl-C) or SIGTERM."""
        interrupted = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, interrupted.set)
        try:
            async with BackgroundTasks(Where.PROCESS) as tasks:
                waits = {
                    tasks.start_awaited(interrupted.wait(), name="wait for a signal"),
                    tasks.start_awaited(self._process.wait(), name=f"wait for the {self.name}"),
                }
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for signum in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(signum)

    def describe_exit(self) -> str:
        """Return the exit status and the last lines of the log."""
        log = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        status = self._process.returncode
        return "\n".join([f"the {self.name} exited with status {status}; its last output:", *log])

    async def stop(self, grace_seconds: float = 30) -> None:
        """Terminate the process; kill it if it does not exit within `grace_seconds`."""
        if self.has_exited:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), grace_seconds)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def _process(
    name: str, folder: Path, arguments: Sequence[str], environment: dict[str, str]
) -> AsyncIterator[ChildProcess]:
    log = folder / f"{name}.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=os.environ | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # so that Ctrl-C stops this process alone
        )
    child = ChildProcess(name, process, log)
    try:
        yield child
    finally:
        await child.stop()


@contextlib.asynccontextmanager
async def run_playground(folder: Path, *, port: int) -> AsyncIterator[PlaygroundAddress]:
    """Run a local Discord as a child process; ready when the block begins.

    Raises:
        DemoError: it exited, or took too long to start.
    """
    ready_file = folder / "playground.json"
    arguments = ["-m", "bot.playground", "--port", str(port), "--ready-file", str(ready_file)]
    async with _process("playground", folder, arguments, {}) as process:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not ready_file.exists():
            if process.has_exited or time.monotonic() > deadline:
                raise DemoError(process.describe_exit())
            await asyncio.sleep(0.05)
        seeded = json.loads(ready_file.read_text(encoding="utf-8"))
        yield PlaygroundAddress(
            url=seeded["url"],
            bot_token=seeded["bot_token"],
            channel_id=seeded["channel_id"],
            member_id=seeded["members"][0]["id"],
        )


@contextlib.asynccontextmanager
async def run_bot(
    folder: Path, playground: PlaygroundAddress, options: argparse.Namespace, *, data_dir: Path
) -> AsyncIterator[ChildProcess]:
    """Run the bot as a child process, connected to the local Discord.

    Args:
        folder: for its log.
        playground: the local Discord.
        options: the arguments of the demo.
        data_dir: where the bot keeps its jobs and pictures.
    """
    environment = {
        "DISCORD_TOKEN": playground.bot_token,
        "STYLEBOT_DISCORD_URL": playground.url,
        "STYLEBOT_DATA_DIR": str(data_dir),
        "STYLEBOT_RECIPE": options.recipe,
        "STYLEBOT_EDIT_INTERVAL_SECONDS": "1",  # the playground allows it
    }
    if options.size is not None:
        environment["STYLEBOT_SIZE"] = str(options.size)
    async with _process("bot", folder, ["-m", "bot", "run"], environment) as process:
        yield process
