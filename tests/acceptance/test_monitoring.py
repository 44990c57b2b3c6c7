"""What an operator sees of the whole bot: readiness with its reasons, and every metric."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.app import App
from bot.playground.server import Playground

from .conftest import CONTENT, STYLE, WAIT_SECONDS, ChannelClient, settings_for

pytestmark = pytest.mark.slow


async def test_readiness_and_metrics_follow_what_happens(tmp_path, unused_tcp_port):
    async def get(path):
        url = f"http://127.0.0.1:{unused_tcp_port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await response.text()

    async def ready_when(condition):
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition(*(answer := await get("/readyz"))):
                await asyncio.sleep(0.05)
        return answer[1]

    async def metrics():
        families = text_string_to_metric_families((await get("/metrics"))[1])
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in families
            for sample in family.samples
        }

    playground, app = Playground(rate_limit_scale=0), None
    try:
        async with playground:
            app = App(settings_for(playground, tmp_path, health_port=unused_tcp_port))
            at_login = playground.faults.hold(path=r"GET .*/users/@me$")
            starting = asyncio.create_task(app.start())
            async with asyncio.timeout(WAIT_SECONDS):
                while not at_login.hits:
                    await asyncio.sleep(0.02)
            reasons = (await get("/readyz"))[1]
            assert "not logged in to Discord yet" in reasons
            at_login.release()
            await starting
            await ready_when(lambda status, _: status == 200)
            before = await metrics()

            playground.faults.fail(503, path=r"POST .*/messages$", count=1)
            playground.faults.rate_limit(0.01, path=r"POST .*/messages$", count=1)
            channel = ChannelClient(playground)
            channel.ask("!stylize passes=1", CONTENT, STYLE)
            await channel.final()

            async def is_recorded():
                now = await metrics()
                return now if now["stylebot_jobs", "succeeded"] else None

            now = await is_recorded()
            sent = ("stylebot_deliveries_ended_total", "sent")
            async with asyncio.timeout(WAIT_SECONDS):
                while now is None or now["stylebot_deliveries_pending",]:
                    now = await is_recorded()

        def grown(*sample):
            return now.get(sample, 0) - before.get(sample, 0)

        assert now["stylebot_jobs", "succeeded"] == 1
        assert now["stylebot_jobs", "queued"] == now["stylebot_jobs", "running"] == 0
        assert now["stylebot_oldest_delivery_seconds",] == 0
        assert grown("stylebot_jobs_ended_total", "succeeded") == 1
        assert grown("stylebot_queue_wait_seconds_count") == 1
        assert grown("stylebot_paint_seconds_count") == 1
        assert grown(*sent) == 2
        assert grown("stylebot_discord_errors_total", "503") == 1
        assert grown("stylebot_discord_rate_limits_total", "user") == 1
        assert now["stylebot_event_loop_lag_seconds_count",] > 0
        for folder in ("data", "pictures"):
            assert now["stylebot_free_disk_bytes", folder] > 0
        for check in ("discord", "database", "workers"):
            assert now["stylebot_ready", check] == 1
        assert any(name == "stylebot_build_info" for name, *_ in now)
        assert now["process_resident_memory_bytes",] > 0

        # The playground is closed, and with it the gateway.
        reasons = await ready_when(lambda status, _: status == 503)
        assert "the gateway connection is being restored, of shard 0" in reasons
        assert (await metrics())["stylebot_ready", "discord"] == 0
    finally:
        if app is not None:
            await app.stop()
