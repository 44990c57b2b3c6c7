"""Rate limits and injected faults."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import pytest

from bot.playground.errors import RateLimited
from bot.playground.faults import Faults
from bot.playground.rest.rate_limits import RateLimiter

from .conftest import Rest, Start, png

if TYPE_CHECKING:
    from bot.playground.server import Playground


def messages(playground: Playground) -> str:
    return f"/channels/{playground.scene.general.id}/messages"


async def test_bucket_limits_and_headers(playground: Playground, rest: Rest) -> None:
    playground.rate_limiter.scale = 1.0
    remaining = []
    for number in range(5):
        status, _, headers = await rest("POST", messages(playground), {"content": str(number)})
        assert status == 200
        assert headers["X-RateLimit-Limit"] == "5"
        remaining.append(headers["X-RateLimit-Remaining"])
    assert remaining == ["4", "3", "2", "1", "0"]
    status, body, headers = await rest("POST", messages(playground), {"content": "6"})
    assert status == 429
    assert 0 < body["retry_after"] <= 5
    assert body["global"] is False
    assert headers["Via"]
    assert headers["X-RateLimit-Scope"] == "user"
    # Another channel has its own bucket with the same hash.
    other = f"/channels/{playground.scene.stylize.id}/messages"
    status, _, elsewhere = await rest("POST", other, {"content": "here"})
    assert status == 200
    assert elsewhere["X-RateLimit-Bucket"] == headers["X-RateLimit-Bucket"]


def test_bucket_reset_and_the_global_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    limits = RateLimiter()
    route, where = "/channels/{channel_id}/typing", {"channel_id": "1"}
    for _ in range(5):
        limits.count("POST", route, where)
    with pytest.raises(RateLimited) as refused:
        limits.count("POST", route, where)
    assert refused.value.status == 429
    now += 5.0
    assert limits.count("POST", route, where)["X-RateLimit-Remaining"] == "4"
    for channel in range(2, 2 + 49):
        limits.count("POST", route, {"channel_id": str(channel)})
    with pytest.raises(RateLimited) as refused:
        limits.count("POST", route, {"channel_id": "99"})
    assert refused.value.body["global"] is True
    assert refused.value.headers["X-RateLimit-Global"] == "true"
    # Interaction callbacks are not limited.
    assert limits.count("POST", "/interactions/{interaction_id}/{token}/callback", {}) == {}


async def test_the_client_waits_for_the_rate_limit(playground: Playground, start: Start) -> None:
    playground.rate_limiter.scale = 1.0
    bot = await start()
    channel = bot.get_channel(int(playground.scene.general.id))
    message = await channel.send("x")
    started = time.monotonic()
    for emoji in "🌊🎨🧩":
        await message.add_reaction(emoji)
    assert time.monotonic() - started > 0.4


async def test_injected_429s(playground: Playground, start: Start) -> None:
    bot = await start()
    fault = playground.faults.rate_limit(0.05, path="POST .*/messages$", count=3)
    sent = await bot.get_channel(int(playground.scene.general.id)).send("patient")
    assert fault.hits == 3
    assert sent.content == "patient"


async def test_server_errors(playground: Playground, start: Start) -> None:
    bot = await start()
    channel = bot.get_channel(int(playground.scene.general.id))
    playground.faults.fail(500, path="/messages", count=1)
    assert (await channel.send("tried twice")).content == "tried twice"
    playground.faults.fail(503, path="/messages", count=1)
    with pytest.raises(discord.DiscordServerError):
        await channel.send("not tried twice")
    assert len(playground.scene.general.messages) == 1


async def test_a_lost_response(playground: Playground, rest: Rest) -> None:
    fault = playground.faults.lose_response(path="POST .*/messages$")
    payload = {"content": "once", "nonce": "1", "enforce_nonce": True}
    with pytest.raises(aiohttp.ClientError):
        await rest("POST", messages(playground), payload)
    assert fault.hits == 1
    [kept] = playground.scene.general.messages.values()
    status, body, _ = await rest("POST", messages(playground), payload)
    assert (status, body["id"]) == (200, kept.id)


async def test_a_held_request(playground: Playground, rest: Rest) -> None:
    fault = playground.faults.hold(path="POST .*/messages$")
    task = asyncio.create_task(rest("POST", messages(playground), {"content": "held"}))
    await fault.arrived.wait()
    assert playground.scene.general.messages == {}
    fault.release()
    assert (await task)[0] == 200


async def test_unavailable_gateway(playground: Playground, rest: Rest) -> None:
    playground.faults.fail(502, path="GET /gateway$", count=1)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await rest.session.ws_connect(playground.gateway.url)
    assert refused.value.status == 502


async def test_slow_and_failing_downloads(playground: Playground, rest: Rest) -> None:
    message = playground.post_message(
        playground.scene.members[0], channel=playground.scene.general, files=[("a.png", png())]
    )
    url = playground.cdn.url_of(message.attachments[0])
    playground.faults.cdn_delay_seconds = 0.2
    started = time.monotonic()
    assert (await rest("GET", url, headers={}))[0] == 200
    assert time.monotonic() - started >= 0.2
    playground.faults.clear()
    playground.faults.cdn_status = 503
    assert (await rest("GET", url, headers={}))[0] == 503


@pytest.mark.parametrize(
    "wanted",
    [
        {"http_5xx": {"rate": 0.5}},
        {"rate_limit": {"retry_after": 2, "count": 3, "path": "/messages", "scope": "global"}},
        {"hold": {"path": "/messages"}},
        {"lose_response": {"count": 1}},
        {"slow_cdn": {"seconds": 2}},
        {"broken_cdn": {"status": 503}},
        {"drop_gateway": True},
        {"drop_gateway": "reconnect"},
    ],
)
async def test_faults_from_json(wanted: dict[str, Any]) -> None:
    faults = Faults()
    initial = faults.describe()
    faults.apply(wanted)
    if "drop_gateway" not in wanted:
        assert faults.describe() != initial
    faults.apply({"clear": True})
    assert faults.describe() == initial


@pytest.mark.parametrize(
    "wrong",
    [
        {"drop_gateway": "gently"},
        {"http_5xx": {"rat": 1}},
        {"hold": {"path": "("}},
        {"slow_cdn": {"seconds": "long"}},
    ],
)
async def test_invalid_faults_from_json(
    playground: Playground, rest: Rest, wrong: dict[str, Any]
) -> None:
    url = f"{playground.url}/_playground/faults"
    status, body, _ = await rest("POST", url, wrong, headers={})
    assert (status, body["code"]) == (400, 50035)


def test_fault_rates_are_reproducible() -> None:
    class Request:
        method, path = "GET", "/x"

    def hits() -> int:
        faults = Faults()
        faults.fail(rate=0.5)
        return sum(faults.match(Request()) is not None for _ in range(200))

    assert hits() == hits()
    assert 60 < hits() < 140
