"""The bot's memory over many jobs, for ``python benchmarks/service.py --jobs N``.

The real bot, in a process of its own, at a local Discord without rate limits, with a worker that
returns a picture at once. Each job is a message with a picture and a preset: it is accepted, run
and delivered. The bot's resident memory and number of Python objects are printed, after a full
garbage collection, before the first job and after every `INTERVAL` of them, with the types that
have grown most since the first `INTERVAL`.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import gc
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bot_process import StandInExecutor, bot_environment, noise, run_bot_until_terminated

from bot.executors.protocol import Finished
from bot.ops.garbage_collection import exempt_loaded_objects
from bot.playground.server import Playground
from stylenet.events import Losses, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from bot.executors.protocol import Event, Work
    from bot.playground.state.records import Message

__all__ = ["measure_memory"]

INTERVAL = 200
AT_ONCE = 8
PATIENCE_SECONDS = 120.0
SETTLE_SECONDS = 5.0
MOST_GROWN = 8


# The bot's process.


class InstantExecutor(StandInExecutor):
    """Returns a small picture at once."""

    slots = 4

    async def run(
        self, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        losses = Losses({"content": 1.0})
        yield Progress(step=1, total=1, scale=0, losses=losses, passes=1, seconds=0.1)
        yield Finished(image=noise(96, 64, seed=3), report={})


def _watch_memory() -> None:
    """Print the memory now, and at each SIGUSR1."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, _print_memory)
    _print_memory()


def _print_memory() -> None:
    gc.collect()
    objects = gc.get_objects()
    kinds = collections.Counter(
        f"{type(each).__module__}.{type(each).__qualname__}" for each in objects
    )
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident = pages * os.sysconf("SC_PAGE_SIZE")
    print(json.dumps({"resident": resident, "objects": len(objects), "kinds": kinds}), flush=True)


# The other side: members at a local Discord.


async def measure_memory(jobs: int) -> None:
    """Have the bot serve jobs; print its memory and its objects after every `INTERVAL` of them.

    Raises:
        TimeoutError: a picture did not arrive.
    """
    playground = Playground(rate_limit_scale=0)
    early: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        async with playground, _running_bot(playground, Path(folder)) as process:
            assert process.stdout is not None
            for done in (*range(0, jobs, INTERVAL), jobs):
                if done:
                    await _serve(playground, done - (done % INTERVAL or INTERVAL), done)
                    await asyncio.sleep(SETTLE_SECONDS)  # the last deliveries are recorded
                    process.send_signal(signal.SIGUSR1)
                reading = json.loads(await process.stdout.readline())
                grown = collections.Counter(reading["kinds"])
                grown.subtract(early)
                if done <= INTERVAL:
                    early = collections.Counter(reading["kinds"])
                figures = {
                    "jobs": done,
                    "resident_mib": reading["resident"] >> 20,
                    "objects": reading["objects"],
                    "grown_most": dict(grown.most_common(MOST_GROWN)) if done > INTERVAL else {},
                }
                print(json.dumps(figures), flush=True)


async def _serve(playground: Playground, begin: int, end: int) -> None:
    """Ask for paintings, `AT_ONCE` at a time, until all are delivered."""
    files = (("harbour.png", noise(96, 80, seed=1)),)
    channel, members = playground.scene.stylize, playground.scene.members
    for first in range(begin, end, AT_ONCE):
        asked = {
            str(
                playground.post_message(
                    members[number % len(members)], "!stylize mosaic", channel=channel, files=files
                ).id
            )
            for number in range(first, min(first + AT_ONCE, end))
        }

        def all_delivered(asked: set[str] = asked) -> bool:
            newest = list(channel.messages.values())[-4 * AT_ONCE :]
            return asked <= {
                str((message.reference or {}).get("message_id"))
                for message in newest
                if _is_result(message)
            }

        await playground.wait_for(all_delivered, PATIENCE_SECONDS)


def _is_result(message: Message) -> bool:
    return "here is" in message.content and bool(message.attachments)


@contextlib.asynccontextmanager
async def _running_bot(
    playground: Playground, folder: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    variables = bot_environment(
        playground,
        folder,
        STYLEBOT_MAX_USES_PER_MEMBER="0",
        STYLEBOT_MAX_USES_PER_GUILD="0",
        STYLEBOT_MAX_JOBS_PER_MEMBER="1000",
        STYLEBOT_MAX_JOBS_PER_GUILD="1000",
    )
    log = folder / "bot.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__,
            env=variables, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=sink,
            limit=1 << 20,
        )  # fmt: skip
    try:
        yield process
    except BaseException as error:
        error.add_note(log.read_text(errors="replace")[-3000:])
        raise
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


if __name__ == "__main__":
    exempt_loaded_objects()
    asyncio.run(run_bot_until_terminated(InstantExecutor(), _watch_memory))
