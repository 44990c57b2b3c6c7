"""The bot in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .conftest import ROOT, WAIT_SECONDS, environment

if TYPE_CHECKING:
    from pathlib import Path


class BotProcess:
    """``python -m bot`` with a log that is shown when a test fails."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def wait_for_output(self, text: str, seconds: float = WAIT_SECONDS) -> None:
        async with asyncio.timeout(seconds):
            while text not in self.output:
                assert self.process.returncode is None, self.output
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def terminate(self) -> int:
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), WAIT_SECONDS)


@asynccontextmanager
async def bot_process(
    settings, log: Path, *arguments: str, is_painting: bool = True, **variables: str
):
    """Start a bot.

    Args:
        settings: as environment variables.
        log: its output is appended to this file.
        arguments: of the command line; ``run`` without any.
        is_painting: whether its workers paint. Otherwise they sleep for every step and send noise,
            which spares a test that is not about paintings the import of torch.
        variables: further environment variables.
    """
    module = "bot" if is_painting else "tests.acceptance.bot_with_sleeping_workers"
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, *(arguments or ("run",)),
            env={**environment(settings), "PYTHONPATH": path, **variables}, cwd=log.parent,
            stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink,
        )  # fmt: skip
    bot = BotProcess(process, log)
    try:
        yield bot
    finally:
        if process.returncode is None:
            await bot.kill()
        print(bot.output)
