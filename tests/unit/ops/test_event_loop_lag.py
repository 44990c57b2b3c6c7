"""The lag of the event loop is what something else has kept it from doing."""

from __future__ import annotations

import asyncio

from bot.ops import event_loop_lag
from bot.ops.metrics import EVENT_LOOP_LAG


async def test_the_lag_is_how_late_the_loop_is(monkeypatch):
    loop, clock = asyncio.get_running_loop(), [100.0]
    monkeypatch.setattr(loop, "time", lambda: clock[0], raising=False)

    async def sleep(seconds):
        clock[0] += seconds + 0.25  # something else took the time

    monkeypatch.setattr(event_loop_lag.asyncio, "sleep", sleep)
    before = EVENT_LOOP_LAG._sum.get()
    await event_loop_lag.measure_lag()
    monkeypatch.undo()
    assert EVENT_LOOP_LAG._sum.get() - before == 0.25
