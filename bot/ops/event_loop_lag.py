"""Measure how late the event loop runs what is due: the lag that every member notices."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.ops import metrics

__all__ = ["measure_lag"]

INTERVAL_SECONDS: Final = 0.5


async def measure_lag() -> None:
    """Sleep for a moment, and record how much later than that the event loop goes on."""
    loop = asyncio.get_running_loop()
    due = loop.time() + INTERVAL_SECONDS
    await asyncio.sleep(INTERVAL_SECONDS)
    metrics.EVENT_LOOP_LAG.observe(max(0.0, loop.time() - due))
