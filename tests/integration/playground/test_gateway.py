"""The gateway's protocol, over raw connections."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from bot.playground.faults import GatewayDrop

from .conftest import identify

if TYPE_CHECKING:
    from bot.playground.server import Playground

HEARTBEAT, IDENTIFY, PRESENCE, RESUME, MEMBERS = 1, 2, 3, 6, 8


async def test_hello_heartbeat_identify(playground: Playground, connect: Any) -> None:
    async with connect() as raw:
        hello = await raw.receive()
        assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41250)
        sent_at = time.monotonic()
        await raw.send(HEARTBEAT, None)  # allowed before IDENTIFY; clients do so
        assert (await raw.receive())["op"] == 11
        assert time.monotonic() - sent_at > 0.015  # see gateway_server.ACK_SECONDS
        await raw.send(IDENTIFY, identify(playground))
        ready = (await raw.receive())["d"]
        assert ready["v"] == 10
        assert ready["resume_gateway_url"] == playground.gateway.url
        assert ready["guilds"] == [{"id": playground.scene.guild.id, "unavailable": True}]
        assert set(ready["application"]) == {"id", "flags"}
        created = await raw.until("GUILD_CREATE")
        # Without the members intent, only the bot itself is listed.
        assert [m["user"]["username"] for m in created["d"]["members"]] == ["StyleBot"]
        assert created["d"]["member_count"] == 4
        assert playground.gateway.online
    await playground.wait_for(lambda: not playground.gateway.online)


async def test_zlib_stream(playground: Playground, connect: Any) -> None:
    async with connect("?v=10&encoding=json&compress=zlib-stream") as raw:
        assert (await raw.receive())["op"] == 10
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        playground.post_message(
            playground.scene.members[0], "é🌊" * 500, channel=playground.scene.general
        )
        assert (await raw.until("MESSAGE_CREATE"))["d"]["content"] == "é🌊" * 500


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"intents": None}, 4013),
        ({"intents": 1 << 40}, 4013),
        ({"intents": -1}, 4013),
        ({"intents": 1 << 8}, 4014),  # presences are not enabled
        ({"shard": [1, 1]}, 4010),
    ],
)
async def test_identify_refused(
    playground: Playground, connect: Any, changes: dict[str, Any], code: int
) -> None:
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, **changes))
        assert await raw.receive() == code
    assert not playground.gateway.online


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{nope", 4002),
        ("[]", 4002),
        ('{"op": 99}', 4001),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 2, "d": 7}', 4002),
        (json.dumps({"op": 1, "d": "x" * 5000}), 4002),
    ],
)
async def test_bad_payloads(connect: Any, text: str, code: int) -> None:
    async with connect() as raw:
        await raw.receive()
        await raw.socket.send_str(text)
        assert await raw.receive() == code


async def test_second_identify_and_rate_limit(playground: Playground, connect: Any) -> None:
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        await raw.send(IDENTIFY, identify(playground))
        assert await raw.receive() == 4005
    async with connect() as raw:
        await raw.receive()
        for _ in range(121):
            await raw.send(HEARTBEAT, None)
        frames = [await raw.receive() for _ in range(121)]
        assert frames[-1] == 4008


async def test_unsupported_api_version(connect: Any) -> None:
    async with connect("?v=6") as raw:
        assert await raw.receive() == 4012


async def test_missing_heartbeats_close_the_connection(
    playground: Playground, connect: Any
) -> None:
    playground.gateway.heartbeat_seconds = 0.1
    async with connect() as raw:
        await raw.receive()
        assert await raw.receive() == 4009


async def test_resume_replays_missed_events(playground: Playground, connect: Any) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        session = (await raw.until("READY"))["d"]["session_id"]
        sequence = (await raw.until("GUILD_CREATE"))["s"]
        playground.faults.drop_gateway(GatewayDrop.ABORT)
        await raw.receive()
    for text in ("one", "two"):
        playground.post_message(ada, text, channel=general)
    data = {"token": playground.bot_token, "session_id": session, "seq": sequence}
    async with connect() as raw:
        await raw.receive()
        await raw.send(RESUME, data)
        first, second, resumed = [await raw.receive() for _ in range(3)]
        assert [first["d"]["content"], second["d"]["content"]] == ["one", "two"]
        assert [first["s"], second["s"]] == [sequence + 1, sequence + 2]
        assert resumed["t"] == "RESUMED"
        await raw.socket.close(code=4000)  # not a normal close
    await playground.wait_for(lambda: not playground.gateway.online)
    for wrong in ({"session_id": "unknown"}, {"seq": 999}, {"seq": None}):
        async with connect() as raw:
            await raw.receive()
            await raw.send(RESUME, {**data, **wrong})
            assert await raw.receive() == {"op": 9, "d": False, "s": None, "t": None}
    playground.clock.advance(121)
    async with connect() as raw:
        await raw.receive()
        await raw.send(RESUME, data)
        assert (await raw.receive())["op"] == 9


async def test_a_normal_close_ends_the_session(playground: Playground, connect: Any) -> None:
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        await raw.socket.close(code=1000)
    await playground.wait_for(lambda: not playground.gateway.sessions)


async def test_intents_filter_events(playground: Playground, connect: Any) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=1 | 1 << 10))
        await raw.until("GUILD_CREATE")
        message = playground.post_message(ada, "unheard", channel=general)
        playground.start_typing(ada, general)
        playground.react(ada, message, "🌊")
        event = await raw.receive()
        assert event["t"] == "MESSAGE_REACTION_ADD"
        assert event["d"]["message_author_id"] == ada.id
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=1 << 9))
        await raw.until("READY")  # no GUILDS intent: no GUILD_CREATE either
        playground.post_message(ada, "hidden", channel=general)
        event = await raw.receive()
        assert (event["t"], event["d"]["content"]) == ("MESSAGE_CREATE", "")


async def test_member_requests(playground: Playground, connect: Any) -> None:
    guild = playground.scene.guild.id
    hilma = playground.scene.members[2]
    intents = 1 | 1 << 1
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground, intents=intents))
        await raw.until("GUILD_CREATE")
        for wanted, names in (
            ({"query": "", "limit": 0}, ["ada", "vincent", "hilma", "StyleBot"]),
            ({"query": "vin", "limit": 5}, ["vincent"]),
            ({"user_ids": [hilma.id, "1"]}, ["hilma"]),
        ):
            await raw.send(MEMBERS, {"guild_id": guild, "nonce": "n", **wanted})
            chunk = (await raw.until("GUILD_MEMBERS_CHUNK"))["d"]
            assert [m["user"]["username"] for m in chunk["members"]] == names
            assert (chunk["chunk_index"], chunk["chunk_count"], chunk["nonce"]) == (0, 1, "n")
        assert chunk["not_found"] == ["1"]


async def test_presence(playground: Playground, connect: Any) -> None:
    assert playground.gateway.status == "offline"
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        assert playground.gateway.status == "online"
        await raw.send(PRESENCE, {"status": "idle", "activities": [], "since": 0, "afk": False})
        await playground.wait_for(lambda: playground.gateway.status == "idle")


async def test_closing_ends_every_connection(playground: Playground, connect: Any) -> None:
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        closing = asyncio.create_task(playground.close())
        while isinstance(code := await raw.receive(), dict):
            pass
        assert code == 1001
        await asyncio.wait_for(closing, 60)
    left = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in left if "writer" in name]
