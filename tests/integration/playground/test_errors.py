"""Errors have Discord's status, code and nested details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import Rest, png

if TYPE_CHECKING:
    from bot.playground.server import Playground

MIB = 1024 * 1024


def messages(playground: Playground) -> str:
    return f"/channels/{playground.scene.general.id}/messages"


def errors_at(body: Any, path: str) -> str:
    """Return the first error code at a dotted path."""
    node = body["errors"]
    for key in path.split("."):
        node = node[key]
    return str(node["_errors"][0]["code"])


@pytest.mark.parametrize("token", ["", "Bot", "Bot wrong.token.here", "Bearer {0}", "{0}"])
async def test_invalid_tokens(playground: Playground, rest: Rest, token: str) -> None:
    headers = {"Authorization": token.format(playground.bot_token)}
    status, body, response = await rest("GET", "/users/@me", headers=headers)
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/channels/1", 10003),
        ("GET", "/channels/1/messages", 10003),
        ("GET", "{messages}/1", 10008),
        ("PATCH", "{messages}/1", 10008),
        ("DELETE", "{messages}/1", 10008),
        ("PUT", "{messages}/1/reactions/%F0%9F%8C%8A/@me", 10008),
        ("GET", "/guilds/1", 10004),
        ("GET", "/guilds/{guild}/members/1", 10007),
        ("GET", "/users/1", 10013),
        ("GET", "/no/such/thing", 0),
    ],
)
async def test_unknown_ids(
    playground: Playground, rest: Rest, method: str, path: str, code: int
) -> None:
    path = path.format(messages=messages(playground), guild=playground.scene.guild.id)
    status, body, _ = await rest(method, path)
    assert (status, body["code"]) == (404, code)


@pytest.mark.parametrize(
    ("payload", "path", "why"),
    [
        ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
        ({"content": {"not": "text"}}, "content", "STRING_TYPE_CONVERT"),
        ({"content": "x", "nonce": "n" * 26}, "nonce", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x"}] * 11}, "embeds", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 4097}]}, "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 3100}] * 2}, "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
        ({"embeds": [{}]}, "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (
            {"embeds": [{"fields": [{"name": "a", "value": ""}]}]},
            "embeds.0.fields.0.value",
            "BASE_TYPE_REQUIRED",
        ),
        (
            {"embeds": [{"title": "t", "footer": {"text": "x" * 2049}}]},
            "embeds.0.footer.text",
            "BASE_TYPE_MAX_LENGTH",
        ),
        (
            {"embeds": [{"image": {"url": "ftp://a/b.png"}}]},
            "embeds.0.image.url",
            "URL_TYPE_INVALID_SCHEME",
        ),
        ({"embeds": [{"title": "t", "color": 1 << 24}]}, "embeds.0.color", "NUMBER_TYPE_MAX"),
        (
            {"content": "x", "message_reference": {"message_id": "1"}},
            "message_reference",
            "REPLIES_UNKNOWN_MESSAGE",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
    ],
)
async def test_malformed_messages(
    playground: Playground, rest: Rest, payload: Any, path: str, why: str
) -> None:
    status, body, _ = await rest("POST", messages(playground), payload)
    assert (status, body["code"], body["message"]) == (400, 50035, "Invalid Form Body")
    assert errors_at(body, path) == why
    assert playground.scene.general.messages == {}


def button(**changes: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **changes}


def row(*components: Any) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


SELECT = {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}]}


@pytest.mark.parametrize(
    ("components", "path", "why"),
    [
        ([row(button())] * 6, "components", "BASE_TYPE_MAX_LENGTH"),
        ([button()], "components.0.type", "BASE_TYPE_CHOICES"),
        ([row()], "components.0.components", "BASE_TYPE_BAD_LENGTH"),
        (
            [row(*(button(custom_id=str(i)) for i in range(6)))],
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [row(button(custom_id="x" * 101))],
            "components.0.components.0.custom_id",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [row(button(), button())],
            "components.0.components.1.custom_id",
            "COMPONENT_CUSTOM_ID_DUPLICATED",
        ),
        ([row(button(label="x" * 81))], "components.0.components.0.label", "BASE_TYPE_BAD_LENGTH"),
        (
            [row(button(label=None))],
            "components.0.components.0.label",
            "BUTTON_COMPONENT_INVALID_LABEL_EMOJI",
        ),
        ([row(button(style=9))], "components.0.components.0.style", "BASE_TYPE_CHOICES"),
        (
            [row(button(style=5, url="https://a.b"))],
            "components.0.components.0.custom_id",
            "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
        ),
        ([row(SELECT, button())], "components.0.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
        (
            [row({**SELECT, "options": []})],
            "components.0.components.0.options",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [row({**SELECT, "options": SELECT["options"] * 2})],
            "components.0.components.0.options.1.value",
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
        ),
        (
            [row({**SELECT, "max_values": 2})],
            "components.0.components.0.max_values",
            "SELECT_COMPONENT_MAX_VALUES_INVALID",
        ),
    ],
)
async def test_malformed_components(
    playground: Playground, rest: Rest, components: Any, path: str, why: str
) -> None:
    payload = {"content": "x", "components": components}
    status, body, _ = await rest("POST", messages(playground), payload)
    assert (status, body["code"]) == (400, 50035)
    assert errors_at(body, path) == why


async def test_layout_components(playground: Playground, rest: Rest) -> None:
    container = {
        "type": 17,
        "components": [
            {"type": 10, "content": "# Painting"},
            {"type": 12, "items": [{"media": {"url": "attachment://a.png"}}]},
            {"type": 14},
            {
                "type": 9,
                "components": [{"type": 10, "content": "More"}],
                "accessory": button(),
            },
        ],
    }
    payload = {"flags": 1 << 15, "components": [container]}
    status, body, _ = await rest("POST", messages(playground), payload)
    assert (status, body["code"]) == (400, 50035)  # the file is missing
    status, body, _ = await rest.upload(messages(playground), payload, [("a.png", png(5, 4))])
    assert status == 200
    inside = body["components"][0]["components"]
    media = inside[1]["items"][0]["media"]
    assert (media["width"], media["height"]) == (5, 4)
    assert len({c["id"] for c in inside}) == 4
    status, body, _ = await rest(
        "POST", messages(playground), {**payload, "content": "not with these"}
    )
    assert errors_at(body, "content") == "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"


@pytest.mark.parametrize("payload", [{}, {"content": ""}, {"content": "  \n "}, {"embeds": []}])
async def test_empty_messages(playground: Playground, rest: Rest, payload: Any) -> None:
    status, body, _ = await rest("POST", messages(playground), payload)
    assert (status, body["code"]) == (400, 50006)


async def test_malformed_bodies(playground: Playground, rest: Rest) -> None:
    headers = rest.headers | {"Content-Type": "application/json"}
    for raw, code in ((b"{nope", 50109), (b"[1]", 50035), (b'"text"', 50035)):
        status, body, _ = await rest("POST", messages(playground), data=raw, headers=headers)
        assert (status, body["code"]) == (400, code)
    headers["Content-Type"] = "multipart/form-data; boundary=x"
    status, body, _ = await rest("POST", messages(playground), data=b"--y\r\n", headers=headers)
    assert (status, body["code"]) == (400, 50035)


async def test_files_too_large(playground: Playground, rest: Rest) -> None:
    path = messages(playground)
    status, body, _ = await rest.upload(path, {}, [("big.png", bytes(10 * MIB + 1))])
    assert (status, body) == (413, {"message": "Request entity too large", "code": 40005})
    assert (await rest.upload(path, {}, [("fits.png", bytes(10 * MIB))]))[0] == 200
    nines = [(f"{i}.png", bytes(9 * MIB)) for i in range(3)]
    status, body, _ = await rest.upload(path, {}, nines)
    assert (status, body["code"]) == (413, 40005)
    playground.scene.guild.premium_tier = 2
    assert (await rest.upload(path, {}, [("boosted.png", bytes(11 * MIB))]))[0] == 200


async def test_too_many_files(playground: Playground, rest: Rest) -> None:
    files = [(f"{i}.png", b"x") for i in range(11)]
    status, body, _ = await rest.upload(messages(playground), {}, files)
    assert (status, body["code"]) == (400, 50035)
    assert errors_at(body, "attachments") == "BASE_TYPE_MAX_LENGTH"
    status, sent, _ = await rest.upload(messages(playground), {}, files[:10])
    assert status == 200
    kept = [{"id": a["id"]} for a in sent["attachments"]]
    status, body, _ = await rest.upload(
        f"{messages(playground)}/{sent['id']}",
        {"attachments": [*kept, {"id": 0}]},
        files[:1],
        "PATCH",
    )
    assert errors_at(body, "attachments") == "BASE_TYPE_MAX_LENGTH"
    status, body, _ = await rest(
        "PATCH", f"{messages(playground)}/{sent['id']}", {"attachments": [{"id": "123"}]}
    )
    assert errors_at(body, "attachments") == "ATTACHMENT_NOT_FOUND"


@pytest.mark.parametrize(
    ("denied", "payload", "files", "code"),
    [
        (Permission.VIEW_CHANNEL, {"content": "x"}, [], 50001),
        (Permission.SEND_MESSAGES, {"content": "x"}, [], 50013),
        (Permission.ATTACH_FILES, {}, [("a.png", b"x")], 50013),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "x"}]}, [], 50013),
        (
            Permission.READ_MESSAGE_HISTORY,
            {"content": "x", "message_reference": {"message_id": "1"}},
            [],
            160002,
        ),
    ],
)
async def test_missing_permissions(
    playground: Playground,
    rest: Rest,
    denied: Permission,
    payload: Any,
    files: list[tuple[str, bytes]],
    code: int,
) -> None:
    general = playground.scene.general
    playground.set_overwrite(general, Overwrite(id=playground.scene.bot.id, type=1, deny=denied))
    status, body, _ = await rest.upload(messages(playground), payload, files)
    assert (status, body["code"]) == (403, code)
    playground.clear_overwrites(general)
    if code != 160002:
        assert (await rest.upload(messages(playground), payload, files))[0] == 200


async def test_messages_of_other_users(playground: Playground, rest: Rest) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    path = f"{messages(playground)}/{playground.post_message(ada, 'mine', channel=general).id}"
    status, body, _ = await rest("PATCH", path, {"content": "yours"})
    assert (status, body["code"]) == (403, 50005)
    robots = next(r for r in playground.scene.guild.roles.values() if r.bot_id)
    robots.permissions &= ~Permission.MANAGE_MESSAGES
    status, body, _ = await rest("DELETE", path)
    assert (status, body["code"]) == (403, 50013)
    status, body, _ = await rest("DELETE", f"{path}/reactions")
    assert (status, body["code"]) == (403, 50013)
    robots.permissions |= Permission.MANAGE_MESSAGES
    assert (await rest("DELETE", path))[0] == 204


async def test_reactions(playground: Playground, rest: Rest) -> None:
    _, sent, _ = await rest("POST", messages(playground), {"content": "x"})
    path = f"{messages(playground)}/{sent['id']}/reactions"
    for wrong in ("word", "brush:123", "é", "%E2%80%8D"):
        status, body, _ = await rest("PUT", f"{path}/{wrong}/@me")
        assert (status, body["code"]) == (400, 10014), wrong
    for number in range(20):
        assert (await rest("PUT", f"{path}/{chr(0x1F600 + number)}/@me"))[0] == 204
    status, body, _ = await rest("PUT", f"{path}/🌊/@me")
    assert (status, body["code"]) == (403, 30010)
    for fine in ("🇫🇷", "👩‍🎨", "❤️", "3️⃣", "👍🏽", "‼️"):
        assert playground.reactions.parse_emoji(fine)["name"] == fine
    assert (await rest("DELETE", f"{path}/🌊/@me"))[1]["code"] == 10014
    playground.set_overwrite(
        playground.scene.general,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.ADD_REACTIONS),
    )
    assert (await rest("DELETE", f"{path}/😀/@me"))[0] == 204
    assert (await rest("PUT", f"{path}/🌊/@me"))[1]["code"] == 50013


async def test_nonces(playground: Playground, rest: Rest) -> None:
    payload = {"content": "once", "nonce": "job-1", "enforce_nonce": True}
    _, first, _ = await rest("POST", messages(playground), payload)
    _, again, _ = await rest("POST", messages(playground), {**payload, "content": "twice"})
    assert (again["id"], again["content"], again["nonce"]) == (first["id"], "once", "job-1")
    assert len(playground.scene.general.messages) == 1
    _, loose, _ = await rest("POST", messages(playground), {**payload, "enforce_nonce": False})
    assert loose["id"] != first["id"]
    playground.clock.advance(301)  # Discord remembers nonces for some minutes only
    _, later, _ = await rest("POST", messages(playground), payload)
    assert later["id"] not in (first["id"], loose["id"])


async def test_allowed_mentions(playground: Playground, rest: Rest) -> None:
    ada, vincent, _ = playground.scene.members
    general = playground.scene.general
    asked = playground.post_message(ada, "please", channel=general)
    text = f"<@{ada.id}> <@{vincent.id}> @everyone"
    reply = {"message_reference": {"message_id": asked.id}}

    async def pinged(**fields: Any) -> set[str]:
        _, body, _ = await rest("POST", messages(playground), {"content": text, **fields})
        assert not body["mention_everyone"]  # the bot lacks the permission
        return {u["username"] for u in body["mentions"]}

    assert await pinged() == {"ada", "vincent"}
    assert await pinged(allowed_mentions={"parse": []}) == set()
    assert await pinged(allowed_mentions={"users": [vincent.id]}) == {"vincent"}
    assert await pinged(allowed_mentions={"parse": []}, **reply) == set()
    assert await pinged(allowed_mentions={"parse": [], "replied_user": True}, **reply) == {"ada"}


async def test_invalid_query_parameters(playground: Playground, rest: Rest) -> None:
    for query in ("limit=0", "limit=101", "limit=x", "before=x"):
        status, body, _ = await rest("GET", f"{messages(playground)}?{query}")
        assert (status, body["code"]) == (400, 50035), query
    status, body, _ = await rest("GET", "/channels/not-a-snowflake")
    assert (status, body["code"]) == (400, 50035)


async def test_bulk_delete(playground: Playground, rest: Rest) -> None:
    ids = [
        (await rest("POST", messages(playground), {"content": str(i)}))[1]["id"] for i in range(3)
    ]
    path = f"{messages(playground)}/bulk-delete"
    assert (await rest("POST", path, {"messages": ids[:1]}))[1]["code"] == 50016
    assert (await rest("POST", path, {"messages": ids}))[0] == 204
    assert playground.scene.general.messages == {}


async def test_requests_of_other_hosts_are_refused(playground: Playground, rest: Rest) -> None:
    for headers, status in (
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost"}, 200),
    ):
        answer = await rest("GET", "/users/@me", headers=rest.headers | headers)
        assert answer[0] == status, headers
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await rest.session.ws_connect(
            playground.gateway.url, headers={"Origin": "http://evil.example"}
        )
    assert refused.value.status == 403


def test_only_loopback_addresses() -> None:
    from bot.playground.server import Playground as Server

    with pytest.raises(ValueError, match="loopback only"):
        Server(host="0.0.0.0")
