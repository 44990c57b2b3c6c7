"""Failed requests to Discord are counted by status, rate limits by scope."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from bot.ops.discord_requests import count_failures
from bot.ops.metrics import REGISTRY

ERRORS, RATE_LIMITS = "stylebot_discord_errors_total", "stylebot_discord_rate_limits_total"


def counted(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.mark.parametrize(
    ("status", "headers", "metric", "labels"),
    [
        (503, {}, ERRORS, {"status": "503"}),
        (404, {}, ERRORS, {"status": "404"}),
        (429, {"X-RateLimit-Scope": "global"}, RATE_LIMITS, {"scope": "global"}),
        (429, {}, RATE_LIMITS, {"scope": "unknown"}),
        (429, {"X-RateLimit-Scope": "x" * 99}, RATE_LIMITS, {"scope": "unknown"}),
        (200, {}, None, {}),
    ],
)  # fmt: skip
async def test_an_answer_is_counted_once(status, headers, metric, labels):
    async def answer(_):
        return web.Response(status=status, headers=headers)

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        before, total = counted(metric, **labels) if metric else 0, total_of_failures()
        async with (
            aiohttp.ClientSession(trace_configs=[count_failures()]) as session,
            session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/") as response,
        ):
            assert response.status == status
    finally:
        await runner.cleanup()
    assert total_of_failures() == total + (metric is not None)
    if metric:
        assert counted(metric, **labels) == before + 1


async def test_a_request_without_an_answer_is_counted(unused_tcp_port):
    before = counted(ERRORS, status="none")
    async with aiohttp.ClientSession(trace_configs=[count_failures()]) as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"http://127.0.0.1:{unused_tcp_port}/")
    assert counted(ERRORS, status="none") == before + 1


def total_of_failures():
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name in {ERRORS, RATE_LIMITS}
    )
