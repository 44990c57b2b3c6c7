"""discord.py's HTTP client as the bot uses it, against a local Discord."""

from __future__ import annotations

import asyncio

import discord
import pytest

from bot import client
from bot.playground.server import Playground


async def test_a_request_cancelled_in_a_global_rate_limit_does_not_block_the_others(monkeypatch):
    monkeypatch.setattr(client, "RELEASE_SECONDS", 0.5)
    async with Playground(rate_limit_scale=0) as playground:
        client.set_discord_url(playground.url)
        http = discord.http.HTTPClient(asyncio.get_running_loop())
        client._release_global_rate_limits(http)
        try:
            await http.static_login(playground.bot_token)
            playground.faults.rate_limit(20.0, scope="global", count=1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await http.get_user(playground.scene.bot.id)
            async with asyncio.timeout(60):
                assert (await http.get_user(playground.scene.bot.id))["bot"]
        finally:
            await http.close()
