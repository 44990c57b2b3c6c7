"""The bot's process in a benchmark: its environment, and an executor that does not paint."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

import bot.app.composition
from bot.app import App
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from bot.executors.protocol import Event, Work
    from bot.playground.server import Playground

__all__ = ["StandInExecutor", "bot_environment", "noise", "run_bot_until_terminated"]

_ROOT = Path(__file__).resolve().parents[1]


class StandInExecutor:
    """Starts no worker. A subclass says what becomes of a job."""

    slots = 1
    devices = ("cpu",)
    warmup_seconds = 0.0

    async def start(self) -> None: ...

    async def ready(self, timeout: float = 0.0) -> tuple[str, ...]:  # noqa: ASYNC109 - protocol
        return self.devices

    async def all_ready(self) -> None: ...

    async def close(self) -> None: ...

    def run(self, work: Work, *, stop: asyncio.Event | None = None) -> AsyncGenerator[Event, None]:
        raise NotImplementedError


def noise(width: int, height: int, *, seed: int = 0, compress_level: int = 6) -> bytes:
    """A PNG that hardly compresses; at level 0 it has three bytes per pixel."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=compress_level)
    return out.getvalue()


def bot_environment(playground: Playground, folder: Path, **settings: str) -> dict[str, str]:
    """The environment of a bot that connects to a playground and keeps its data in a folder."""
    return {
        **os.environ,
        "DISCORD_TOKEN": playground.bot_token,
        "STYLEBOT_DISCORD_URL": playground.url,
        "STYLEBOT_DATA_DIR": str(folder / "data"),
        "STYLEBOT_MIN_FREE_DISK_BYTES": "0",
        "STYLEBOT_PAINT_SAMPLES": "false",
        "PYTHONPATH": str(_ROOT),
        **settings,
    }


async def run_bot_until_terminated(executor: StandInExecutor, on_ready: Callable[[], None]) -> None:
    """Run the bot with this executor; SIGTERM ends it at any time, while it connects too."""
    bot.app.composition.create_executor = lambda _: executor  # type: ignore[assignment]
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    app = App(Settings(_env_file=None))
    try:
        await app.start()
        await app.ready.wait()
        on_ready()
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        pass  # terminated
    finally:
        await app.stop()
