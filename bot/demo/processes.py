"""The demonstration's two processes, the local Discord and the bot, certain to end with it."""

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

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

__all__ = [
    "START_TIMEOUT_SECONDS",
    "DemoError",
    "OwnedProcess",
    "PlaygroundAddress",
    "run_bot",
    "run_playground",
]

START_TIMEOUT_SECONDS = 120.0


class DemoError(StyleBotError):
    """The demonstration could not be finished; the message says why."""


@dataclass(frozen=True, kw_only=True)
class PlaygroundAddress:
    """Where the local Discord is, and who is there. Ids are Discord's strings."""

    url: str
    bot_token: str
    channel_id: str
    member_id: str


class OwnedProcess:
    """A child process that is certain to be gone at the end, with its log in a file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def died(self) -> bool:
        """Whether it is not running any more."""
        return self._process.returncode is not None

    async def wait_for_death(self) -> None:
        """Return when the process is gone."""
        await self._process.wait()

    async def wait_for_death_or_interrupt(self) -> None:
        """Return when the process is gone, or a person pressed Ctrl-C (or sent SIGTERM)."""
        interrupted = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, interrupted.set)
        waits = {
            asyncio.create_task(interrupted.wait()),
            asyncio.create_task(self._process.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            for signum in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(signum)

    def last_words(self) -> str:
        """Why it ended, from the end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return "\n".join(
            [f"the {self.name} ended with status {self._process.returncode}; it said:", *lines]
        )

    async def end(self, grace_seconds: float = 30) -> None:
        """Ask it to stop, and kill it when it does not within `grace_seconds`."""
        if self.died:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), grace_seconds)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@contextlib.asynccontextmanager
async def _process(
    name: str, scratch: Path, arguments: Sequence[str], environment: dict[str, str]
) -> AsyncIterator[OwnedProcess]:
    log = scratch / f"{name}.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=os.environ | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C is for us; we then end the children in order
        )
    owned = OwnedProcess(name, process, log)
    try:
        yield owned
    finally:
        await owned.end()


@contextlib.asynccontextmanager
async def run_playground(scratch: Path, *, port: int) -> AsyncIterator[PlaygroundAddress]:
    """A local Discord in a process of its own, ready to be used.

    Raises:
        DemoError: it ended or took too long to start.
    """
    ready = scratch / "playground.json"
    arguments = ["-m", "bot.playground", "--port", str(port), "--ready-file", str(ready)]
    async with _process("playground", scratch, arguments, {}) as process:
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not ready.exists():
            if process.died or time.monotonic() > deadline:
                raise DemoError(process.last_words())
            await asyncio.sleep(0.05)
        said = json.loads(ready.read_text(encoding="utf-8"))
        yield PlaygroundAddress(
            url=said["url"],
            bot_token=said["bot_token"],
            channel_id=said["channel_id"],
            member_id=said["members"][0]["id"],
        )


@contextlib.asynccontextmanager
async def run_bot(
    scratch: Path, playground: PlaygroundAddress, options: argparse.Namespace
) -> AsyncIterator[OwnedProcess]:
    """The real bot in a process of its own, pointed at the local Discord."""
    environment = {
        "DISCORD_TOKEN": playground.bot_token,
        "STYLEBOT_DISCORD_URL": playground.url,
        "STYLEBOT_DATA_DIR": str(scratch / "data"),
        "STYLEBOT_RECIPE": options.recipe,
        "STYLEBOT_EDIT_INTERVAL_SECONDS": "1",  # nobody rate-limits us here
    }
    if options.size is not None:
        environment["STYLEBOT_SIZE"] = str(options.size)
    async with _process("bot", scratch, ["-m", "bot", "run"], environment) as process:
        yield process
