"""Malformed input gets one of Discord's errors and never a 500."""

from __future__ import annotations

from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

from bot.playground.errors import ApiError, FormErrors
from bot.playground.interactions.command_registry import CommandRegistry
from bot.playground.messages.component_validation import check_components
from bot.playground.messages.embed_validation import check_embeds
from bot.playground.messages.message_parser import Body, parse_edit, parse_message
from bot.playground.state.clock import Clock
from bot.playground.state.records import Application, User
from bot.playground.state.state import State

from .conftest import Rest, identify

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.server import Playground

FIELD_NAMES = [
    "type",
    "id",
    "content",
    "embeds",
    "components",
    "flags",
    "nonce",
    "attachments",
    "allowed_mentions",
    "parse",
    "users",
    "message_reference",
    "message_id",
    "title",
    "description",
    "fields",
    "name",
    "value",
    "image",
    "url",
    "footer",
    "text",
    "author",
    "icon_url",
    "options",
    "label",
    "custom_id",
    "style",
    "emoji",
    "placeholder",
    "min_values",
    "max_values",
    "items",
    "media",
    "file",
    "accessory",
    "choices",
    "required",
    "autocomplete",
    "data",
    "timestamp",
    "color",
]
VALUES = [None, True, 0, 1, 3, -5, 1 << 15, 0.5, "", "x", "1", "users", "attachment://a.png"]
VALUES += ["https://a.b/c", "http://[", "x" * 2001]
ROUNDS = 1000


def random_json(random: Random, depth: int = 3) -> Any:
    """Return random JSON made of known field names."""
    pick = random.random()
    if depth == 0 or pick < 0.3:
        return random.choice(VALUES)
    if pick < 0.5:
        return [random_json(random, depth - 1) for _ in range(random.randrange(4))]
    return random_object(random, depth - 1)


def random_object(random: Random, depth: int = 3) -> dict[str, Any]:
    """Return a random JSON object."""
    return {
        key: random_json(random, depth) for key in random.sample(FIELD_NAMES, random.randrange(8))
    }


def component(random: Random, depth: int = 3) -> dict[str, Any]:
    """Return a random object similar to a component, to reach the inner checks."""
    made = random_object(random, 2) | {"type": random.randrange(19)}
    if depth and random.random() < 0.7:
        below = range(random.randrange(3))
        made["components"] = [component(random, depth - 1) for _ in below]
        made["accessory"] = component(random, depth - 1)
        made["items"] = [random_object(random, 1) for _ in below]
        made["options"] = [random_object(random, 1) for _ in below]
    return made


def call_ignoring_api_errors(action: Callable[..., Any], *arguments: Any, **named: Any) -> None:
    with suppress(ApiError):  # any other exception is a bug
        action(*arguments, **named)


def test_message_bodies() -> None:
    for seed in range(ROUNDS):
        payload = random_object(Random(seed))
        call_ignoring_api_errors(parse_message, Body(payload=payload))
        call_ignoring_api_errors(parse_message, Body(payload=payload | {"flags": 1 << 15}))
        call_ignoring_api_errors(parse_edit, Body(payload=payload), flags=0)


def test_components() -> None:
    for seed in range(ROUNDS):
        random = Random(seed)
        components = [component(random, 2) for _ in range(3)]
        for flags in (0, 1 << 15):
            check_components(components, flags, FormErrors())


def test_embeds() -> None:
    for seed in range(ROUNDS):
        random = Random(seed)
        check_embeds([random_object(random) for _ in range(3)], FormErrors())


def test_commands() -> None:
    state = State(Clock())
    owner = User(id="1", name="ada")
    state.application = Application(id="2", name="bot", owner=owner, token="t")
    commands = CommandRegistry(state)
    for seed in range(ROUNDS):
        random = Random(seed)
        wanted = [random_object(random) for _ in range(3)]
        call_ignoring_api_errors(commands.replace_all, wanted, None)


async def test_malformed_rest_requests(playground: Playground, rest: Rest) -> None:
    playground.commands.upsert({"name": "ping", "description": "d", "type": 1}, None)
    general = playground.scene.general
    called = playground.slash(playground.scene.members[0], "ping", channel=general)
    callback = f"/interactions/{called.id}/{called.token}/callback"
    for payload in ({"type": []}, {"type": 4, "data": []}, {"type": 5, "data": {"flags": {}}}):
        assert (await rest("POST", callback, payload))[0] == 400
    page = f"{playground.url}/_playground/interactions"
    where = {"channel_id": general.id}
    for payload, status in (
        ({"type": []}, 404),  # it names no channel
        ({"type": 2, "options": {}, **where}, 400),
        ({"type": 3, "values": 7, "message_id": [], **where}, 400),
        ({"type": 5, "components": [1], **where}, 400),
        ({}, 404),
    ):
        assert (await rest("POST", page, payload, headers={}))[0] == status, payload


async def test_malformed_gateway_payloads(playground: Playground, connect: Any) -> None:
    for payload, code in (
        ({"shard": "01"}, 4010),
        ({"shard": [[], {}]}, 4010),
        ({"intents": True, "token": None}, 4004),
        ({"intents": "all"}, 4013),
    ):
        async with connect() as raw:
            await raw.receive()
            await raw.send(2, identify(playground, **payload))
            assert await raw.receive() == code
    async with connect() as raw:
        await raw.receive()
        await raw.send(2, identify(playground, presence=7))
        await raw.until("GUILD_CREATE")
        guild = playground.scene.guild.id
        await raw.send(8, {"guild_id": guild, "query": [], "limit": {}, "user_ids": {"a": 1}})
        assert (await raw.until("GUILD_MEMBERS_CHUNK"))["d"]["members"] == []
