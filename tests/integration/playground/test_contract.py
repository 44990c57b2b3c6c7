"""The checks of REST bodies and gateway frames see deliberate faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bot.playground.gateway.connection import Connection
from bot.playground.interactions.interaction_payloads import InteractionSerializer
from bot.playground.serializers import Serializer

from ...conftest import SHARED
from ...contract.checker import EVENTS, FACTS, faults_of
from ...contract.extract import FACTS as FACTS_FILE
from ...contract.extract import extract, render
from .conftest import Rest, identify, png

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.server import Playground

IDENTIFY = 2
BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
EMBED = {"title": "Painting", "color": 255, "timestamp": "2026-01-01T00:00:00Z"}


def put(path: str, value: Any) -> Callable[[Any], None]:
    """Return a function that sets what lies at a dotted path."""

    def change(shape: Any) -> None:
        *parents, last = path.split(".")
        for key in parents:
            shape = shape[int(key) if isinstance(shape, list) else key]
        shape[int(last) if isinstance(shape, list) else last] = value

    return change


def drop(path: str) -> Callable[[Any], None]:
    """Return a function that removes the key at a dotted path."""

    def change(shape: Any) -> None:
        *parents, last = path.split(".")
        for key in parents:
            shape = shape[int(key) if isinstance(shape, list) else key]
        del shape[last]

    return change


MESSAGE_FAULTS = {
    "a timestamp in words": put("timestamp", "yesterday"),
    "a timestamp without an offset": put("timestamp", "2026-01-01T00:00:00"),
    "an empty timestamp": put("edited_timestamp", ""),
    "a numeric id": put("id", 123),
    "an id that is no number": put("channel_id", "general"),
    "a missing author": drop("author"),
    "a missing field of a nested object": drop("author.username"),
    "an unknown field": put("paintings", 1),
    "an unknown nested field": put("author.paintings", 1),
    "null where it is not allowed": put("content", None),
    "an unknown type": put("type", 99),
    "flags in a string": put("flags", "0"),
    "flags of 64 bits": put("flags", 1 << 40),
    "a size in a string": put("attachments.0.size", "12"),
    "an address that is none": put("attachments.0.url", "here"),
    "a colour in a string": put("embeds.0.color", "red"),
    "an unknown component": put("components.0.components.0.type", 99),
    "a list that is an object": put("mentions", {}),
}


@pytest.mark.parametrize("fault", MESSAGE_FAULTS)
async def test_faults_of_messages(
    playground: Playground, rest: Rest, connect: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    payload = {"embeds": [EMBED], "components": [{"type": 1, "components": [BUTTON]}]}
    _, sent, _ = await rest.upload(path, payload, [("a.png", png())])
    mutate(monkeypatch, Serializer, "message", MESSAGE_FAULTS[fault])
    with pytest.raises(AssertionError, match=r"GET .*messages"):
        await rest("GET", f"{path}/{sent['id']}")
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        message = playground.scene.general.messages[sent["id"]]
        playground.messages.add_link_previews(message, [])
        with pytest.raises(AssertionError, match="MESSAGE_UPDATE"):
            await raw.receive()


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("guild_create", put("owner_id", None)),
        ("guild_create", put("members.0.joined_at", "today")),
        ("guild_create", drop("members.0.user.id")),
        ("guild_create", put("channels.0.position", "1")),
        ("guild_create", put("roles.0.permissions", 8)),
        ("guild_create", put("paintings", [])),
    ],
)
async def test_faults_of_guilds(
    playground: Playground, connect: Any, monkeypatch: pytest.MonkeyPatch, method: str, change: Any
) -> None:
    mutate(monkeypatch, Serializer, method, change)
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        with pytest.raises(AssertionError, match="GUILD_CREATE"):
            await raw.until("GUILD_CREATE")


@pytest.mark.parametrize(
    "change",
    [
        put("token", None),
        drop("member.permissions"),
        put("data.type", "1"),
        put("channel.id", 5),
        put("data.paintings", 1),
        drop("app_permissions"),
        put("version", 2),
    ],
)
async def test_faults_of_interactions(
    playground: Playground, connect: Any, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    playground.commands.upsert({"name": "ping", "description": "Test", "type": 1}, None)
    mutate(monkeypatch, InteractionSerializer, "payload", change)
    async with connect() as raw:
        await raw.receive()
        await raw.send(IDENTIFY, identify(playground))
        await raw.until("GUILD_CREATE")
        playground.slash(playground.scene.members[0], "ping", channel=playground.scene.general)
        with pytest.raises(AssertionError, match="INTERACTION_CREATE"):
            await raw.receive()


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, drop("s")),
        (0, put("t", "HELLO")),
        (0, put("d.heartbeat_interval", "41250")),
        (0, put("d.paintings", 1)),
        (1, put("s", "1")),
        (1, drop("d.session_id")),
        (1, put("d.resume_gateway_url", "here")),
        (1, put("d.user.id", 1)),
    ],
)
async def test_faults_of_frames(
    playground: Playground, connect: Any, monkeypatch: pytest.MonkeyPatch, number: int, change: Any
) -> None:
    send, sent = Connection.send, []

    def send_changed(self: Connection, frame: Any) -> None:
        if len(sent) == number:
            change(frame := json.loads(json.dumps(frame)))
        sent.append(frame)
        send(self, frame)

    monkeypatch.setattr(Connection, "send", send_changed)
    async with connect() as raw:
        for _ in range(number):
            await raw.receive()
            await raw.send(IDENTIFY, identify(playground))
        with pytest.raises(AssertionError):
            await raw.receive()


def mutate(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str, change: Callable[[Any], None]
) -> None:
    """Let a serializer's method return a copy of its result with a fault in it."""
    serialize = getattr(owner, method)

    def serialize_with_fault(*args: Any, **options: Any) -> Any:
        shape = json.loads(json.dumps(serialize(*args, **options)))
        change(shape)
        return shape

    monkeypatch.setattr(owner, method, serialize_with_fault)


def test_every_event_that_is_sent_is_described() -> None:
    from bot.playground.gateway.sessions import SENT_EVENTS

    assert set(SENT_EVENTS) == set(EVENTS)


def test_names_in_the_facts_are_defined() -> None:
    def types(kind: Any) -> list[Any]:
        if isinstance(kind, str):
            return [kind]
        if isinstance(kind, dict):
            return [name for part in kind.values() for name in types(part)]
        if kind is None or kind[0] == "enum":
            return []
        return [name for part in kind[1:] for name in types(part)]

    for entry in [*FACTS["operations"].values(), *FACTS["objects"].values(), *EVENTS.values()]:
        for name in types(entry):
            faults_of(None, name)  # raises KeyError for an unknown name


@pytest.mark.skipif(not SHARED.is_dir(), reason="Discord's OpenAPI document is not here")
def test_the_facts_are_drawn_from_discords_document() -> None:
    document = json.loads((SHARED / "discord" / "openapi.json").read_text(encoding="utf-8"))
    current = render(extract(document))
    assert FACTS_FILE.read_text(encoding="utf-8") == current, "run tests.contract.extract"
