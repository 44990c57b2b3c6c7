"""Details of the wire that some client libraries depend on, over raw connections."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import zstandard

from bot.playground.faults import GatewayDrop
from bot.playground.rest.route_table import complete_routes, discord_operations, operation_key

from .conftest import Rest, identify

if TYPE_CHECKING:
    from bot.playground.server import Playground

HEARTBEAT, IDENTIFY, RESUME = 1, 2, 6
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_gateway_address_needs_no_token(playground: Playground, rest: Rest) -> None:
    status, body, _ = await rest("GET", "/gateway", headers={})
    assert (status, body) == (200, {"url": playground.gateway.url})
    assert (await rest("GET", "/gateway/bot", headers={}))[0] == 401


async def test_api_version_9_answers_too(playground: Playground, rest: Rest, connect: Any) -> None:
    url = f"{playground.url}/api/v9/users/@me"
    assert (await rest("GET", url))[1]["id"] == playground.scene.bot.id
    status, body, _ = await rest("GET", url.replace("v9", "v8"))
    assert (status, body["code"]) == (400, 50041)
    async with connect("?v=9") as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        assert (await raw.until("READY"))["d"]["v"] == 9


async def test_every_frame_has_the_four_fields(playground: Playground, connect: Any) -> None:
    async with connect() as raw:
        frames = [await raw.receive()]
        await raw.send(HEARTBEAT, None)
        frames.append(await raw.receive())
        await raw.send(RESUME, {"token": playground.bot_token, "session_id": "none", "seq": 1})
        frames.append(await raw.receive())
        playground.faults.drop_gateway(GatewayDrop.RECONNECT)
        frames.append(await raw.receive())
        playground.faults.drop_gateway(GatewayDrop.INVALIDATE)
        frames.append(await raw.receive())
        assert [frame["op"] for frame in frames] == [10, 11, 9, 7, 9]
        for frame in frames:
            assert frame.keys() == {"op", "d", "s", "t"}
            assert (frame["s"], frame["t"]) == (None, None)


async def test_identify_after_an_invalid_session(playground: Playground, connect: Any) -> None:
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        first = (await raw.until("READY"))["d"]["session_id"]
        await raw.until("GUILD_CREATE")
        playground.faults.drop_gateway(GatewayDrop.INVALIDATE)
        assert (await raw.receive())["op"] == 9
        assert not playground.gateway.online
        await raw.send(IDENTIFY, identify(playground))
        assert (await raw.until("READY"))["d"]["session_id"] != first
        await raw.until("GUILD_CREATE")
        playground.post_message(
            playground.scene.members[0], "again", channel=playground.scene.general
        )
        assert (await raw.until("MESSAGE_CREATE"))["d"]["content"] == "again"


async def test_zstd_stream(playground: Playground, rest: Rest) -> None:
    url = f"{playground.gateway.url}?v=10&encoding=json&compress=zstd-stream"
    stream = zstandard.ZstdDecompressor().decompressobj()
    async with rest.session.ws_connect(url) as socket:
        assert json.loads(stream.decompress(await socket.receive_bytes()))["op"] == 10
        await socket.send_json({"op": IDENTIFY, "d": identify(playground)})
        names = [json.loads(stream.decompress(await socket.receive_bytes()))["t"] for _ in "12"]
    assert names == ["READY", "GUILD_CREATE"]


@pytest.mark.parametrize("query", ["?v=10&compress=gzip", "?v=10&encoding=etf"])
async def test_unknown_encodings_are_refused(connect: Any, query: str) -> None:
    async with connect(query) as raw:
        assert await raw.receive() == 4002


async def test_forms(playground: Playground, rest: Rest) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    headers = rest.headers | FORM

    async def send(method: str, path: str, **fields: Any) -> Any:
        status, body, _ = await rest(method, path, data=urlencode(fields), headers=headers)
        assert status in (200, 204), body
        return body

    sent = await send("POST", path, content="a & b = {c}", tts="false", nonce="17", flags="4")
    assert (sent["content"], sent["tts"], sent["nonce"], sent["flags"]) == (
        "a & b = {c}",
        False,
        "17",
        4,
    )
    edited = await send("PATCH", f"{path}/{sent['id']}", content="12")
    assert edited["content"] == "12"
    sent = await send("POST", path, embeds='[{"title": "Painting"}]')
    assert sent["embeds"][0]["title"] == "Painting"
    sent = await send("POST", path, payload_json='{"content": "é🌊"}')
    assert sent["content"] == "é🌊"

    playground.commands.upsert({"name": "ping", "description": "Test", "type": 1}, None)
    called = playground.slash(playground.scene.members[0], "ping", channel=playground.scene.general)
    await send(
        "POST",
        f"/interactions/{called.id}/{called.token}/callback",
        type="4",
        data='{"content": "pong"}',
    )
    webhook = f"/webhooks/{playground.state.application.id}/{called.token}"
    assert (await send("POST", webhook, content="more"))["content"] == "more"
    changed = await send("PATCH", f"{webhook}/messages/@original", content="pong!")
    assert changed["content"] == "pong!"
    assert called.original.content == "pong!"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"content=%ff", 50035),
        (b"payload_json=%5B1%5D", 50035),
        (b"payload_json=no", 50109),
        (b"", 50006),
    ],
)
async def test_malformed_forms(playground: Playground, rest: Rest, data: bytes, code: int) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    status, body, _ = await rest("POST", path, data=data, headers=rest.headers | FORM)
    assert status == 400
    assert body["code"] == code


async def test_application_has_a_summary(playground: Playground, rest: Rest) -> None:
    for path in ("/applications/@me", "/oauth2/applications/@me"):
        assert (await rest("GET", path))[1]["summary"] == ""


async def test_components_of_a_submitted_modal_have_ids(playground: Playground, rest: Rest) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    playground.commands.upsert({"name": "form", "description": "Test", "type": 1}, None)
    sent: list[Any] = []
    playground.event_bus.subscribe(
        lambda event: sent.append(event.data) if event.name == "INTERACTION_CREATE" else None
    )
    called = playground.slash(ada, "form", channel=general)
    components = [
        {
            "type": 1,
            "components": [{"type": 4, "custom_id": "t", "style": 1, "label": "Name", "id": 2}],
        },
        {"type": 10, "content": "Choose:"},
        {
            "type": 18,
            "label": "Style",
            "component": {
                "type": 3,
                "custom_id": "s",
                "options": [{"label": "Waves", "value": "waves"}],
            },
        },
    ]
    form = {"type": 9, "data": {"custom_id": "f", "title": "Form", "components": components}}
    callback = f"/interactions/{called.id}/{called.token}/callback"
    assert (await rest("POST", callback, form))[0] == 204
    # As the page submits it: without ids, and without the text.
    entered = [
        {"type": 1, "components": [{"type": 4, "custom_id": "t", "value": "Storm"}]},
        {"type": 18, "component": {"type": 3, "custom_id": "s", "values": ["waves"]}},
    ]
    playground.interaction_builder.send_modal(ada, general, "f", entered)
    assert sent[-1]["data"]["components"] == [
        {
            "type": 1,
            "id": 1,
            "components": [{"type": 4, "id": 2, "custom_id": "t", "value": "Storm"}],
        },
        {"type": 10, "id": 3},
        {
            "type": 18,
            "id": 4,
            "component": {"type": 3, "id": 5, "custom_id": "s", "values": ["waves"]},
        },
    ]


@pytest.mark.parametrize("components", ["x", [1], [{"components": "x"}], [{"component": [1]}]])
async def test_malformed_modals(playground: Playground, rest: Rest, components: Any) -> None:
    playground.commands.upsert({"name": "form", "description": "Test", "type": 1}, None)
    called = playground.slash(playground.scene.members[0], "form", channel=playground.scene.general)
    form = {"type": 9, "data": {"custom_id": "f", "title": "Form", "components": components}}
    status, body, _ = await rest("POST", f"/interactions/{called.id}/{called.token}/callback", form)
    assert (status, body["code"]) == (400, 50035)


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_injected_429s_have_the_headers_of_the_bucket(
    playground: Playground, rest: Rest, scope: str
) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    playground.rate_limiter.scale = 1.0
    _, _, usual = await rest("POST", path, {"content": "x"})
    playground.faults.rate_limit(1.5, scope=scope, count=1)
    status, body, headers = await rest("POST", path, {"content": "x"})
    assert (status, body["retry_after"], headers["X-RateLimit-Scope"]) == (429, 1.5, scope)
    if scope == "global":
        assert headers["X-RateLimit-Global"] == "true"
        assert "X-RateLimit-Bucket" not in headers
        return
    assert headers["X-RateLimit-Bucket"] == usual["X-RateLimit-Bucket"]
    assert headers["X-RateLimit-Limit"] == "5"
    assert headers["X-RateLimit-Remaining"] == "0"
    assert float(headers["X-RateLimit-Reset-After"]) == pytest.approx(1.5, abs=0.01)
    assert float(headers["X-RateLimit-Reset"]) > 1.7e9


async def test_operations_that_are_not_implemented(
    playground: Playground, rest: Rest, caplog: pytest.LogCaptureFixture
) -> None:
    channel = f"/channels/{playground.scene.general.id}"
    with caplog.at_level(logging.WARNING, "bot.playground"):
        status, body, _ = await rest("POST", f"{channel}/send-soundboard-sound", {})
    assert (status, body) == (404, {"message": "404: Not Found", "code": 0})
    assert "POST /api/v10/channels/{channel_id}/send-soundboard-sound" in caplog.text
    for method, path, expected in (
        ("PATCH", f"{channel}/messages/pins", (405, 0)),
        ("GET", f"{channel}/messages/bulk-delete", (405, 0)),
        ("DELETE", "/gateway", (405, 0)),
        ("GET", "/no/such/thing", (404, 0)),
    ):
        status, body, _ = await rest(method, path)
        assert (status, body["code"]) == expected, path


def test_fixed_paths_come_before_parameters(playground: Playground) -> None:
    """No operation of Discord's is taken for another one."""
    routes = complete_routes(playground.rest_routes())
    order = [operation_key("", route.path)[1].split("/") for route in routes]
    for method, path in discord_operations():
        wanted = operation_key(method, path)[1].split("/")
        concrete = [part if part != "{}" else "1" for part in wanted]
        first = next(
            index
            for index, pattern in enumerate(order)
            if len(pattern) == len(concrete)
            and all(a in ("{}", b) for a, b in zip(pattern, concrete, strict=True))
        )
        assert order[first] == wanted
