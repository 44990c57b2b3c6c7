"""Responses match Discord's OpenAPI document: the facts drawn from it, and all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from ...conftest import SHARED
from ...contract.checker import FACTS
from .conftest import Rest, png

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.server import Playground

Check = "Callable[[str, str, int, Any], None]"


@pytest.fixture(scope="session")
def document() -> Any:
    """Discord's OpenAPI document; None where it is not beside the checkout."""
    path = SHARED / "discord" / "openapi.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


@pytest.fixture(scope="session")
def check(document: Any) -> Callable[[str, str, int, Any], None]:
    """Validate a response against the whole schema of its operation, where the document is.

    The facts drawn from it are checked everywhere, by the fixture `rest`.
    """

    def against(method: str, path: str, status: int, body: Any) -> None:
        assert f"{method} {path}" in FACTS["operations"]
        if document is None:
            return
        operation = document["paths"][path][method.lower()]
        content = operation["responses"][str(status)]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(body)

    return against


BUTTONS = {
    "type": 1,
    "components": [
        {"type": 2, "style": 4, "label": "Cancel", "custom_id": "c", "emoji": {"name": "🛑"}},
        {"type": 2, "style": 5, "label": "Docs", "url": "https://example.org/"},
    ],
}
MENU = {
    "type": 1,
    "components": [
        {
            "type": 3,
            "custom_id": "m",
            "placeholder": "Choose",
            "options": [{"label": "Waves", "value": "w", "description": "d", "default": True}],
        }
    ],
}
EMBED = {
    "title": "Painting",
    "description": "Step 3",
    "url": "https://example.org/",
    "color": 0x5B8DEF,
    "timestamp": "2026-01-01T00:00:00Z",
    "image": {"url": "attachment://a.png"},
    "thumbnail": {"url": "https://example.org/t.png"},
    "author": {"name": "Ada", "icon_url": "attachment://a.png", "url": "https://example.org/"},
    "footer": {"text": "two minutes left"},
    "fields": [{"name": "Loss", "value": "3.5", "inline": True}],
}


async def test_messages(playground: Playground, rest: Rest, check: Any) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    asked = playground.post_message(
        ada,
        f"<@{playground.scene.bot.id}> please",
        channel=general,
        files=[("a.png", png()), ("notes.txt", b"text")],
    )
    playground.react(ada, asked, "🌊")
    messages, one = (
        "/channels/{channel_id}/messages",
        "/channels/{channel_id}/messages/{message_id}",
    )
    path = f"/channels/{general.id}/messages"
    payload = {
        "content": "Here",
        "embeds": [EMBED],
        "components": [BUTTONS, MENU],
        "message_reference": {"message_id": asked.id},
        "nonce": "n",
        "enforce_nonce": True,
        "attachments": [{"id": 0, "description": "what it shows"}],
    }
    status, sent, _ = await rest.upload(path, payload, [("a.png", png()), ("b.png", png())])
    check("POST", messages, status, sent)
    status, edited, _ = await rest("PATCH", f"{path}/{sent['id']}", {"content": "There"})
    check("PATCH", one, status, edited)
    status, fetched, _ = await rest("GET", f"{path}/{asked.id}")
    check("GET", one, status, fetched)
    # Without a forward: the document lacks references of type 1, which Discord sends.
    playground.messages.delete(asked)  # the reply's target no longer exists
    status, history, _ = await rest("GET", path)
    check("GET", messages, status, history)
    assert history[0]["referenced_message"] is None


async def test_layout_components(playground: Playground, rest: Rest, check: Any) -> None:
    container = {
        "type": 17,
        "accent_color": 0x5B8DEF,
        "components": [
            {"type": 10, "content": "# Painting"},
            {
                "type": 12,
                "items": [
                    {"media": {"url": "attachment://a.png"}, "description": "d"},
                    {"media": {"url": "https://example.org/b.png"}, "spoiler": True},
                ],
            },
            {"type": 13, "file": {"url": "attachment://notes.txt"}},
            {"type": 14, "divider": False, "spacing": 2},
            {
                "type": 9,
                "components": [{"type": 10, "content": "More"}],
                "accessory": {"type": 11, "media": {"url": "attachment://a.png"}},
            },
            BUTTONS,
            MENU,
        ],
    }
    status, sent, _ = await rest.upload(
        f"/channels/{playground.scene.general.id}/messages",
        {"flags": 1 << 15, "components": [container]},
        [("a.png", png()), ("notes.txt", b"text")],
    )
    check("POST", "/channels/{channel_id}/messages", status, sent)


async def test_guilds_channels_and_users(playground: Playground, rest: Rest, check: Any) -> None:
    guild, general = playground.scene.guild, playground.scene.general
    ada = playground.scene.members[0]
    playground.set_overwrite(general, Overwrite(id=ada.id, type=1, deny=Permission.ADD_REACTIONS))
    for operation, path in (
        ("/gateway/bot", "/gateway/bot"),
        ("/users/@me", "/users/@me"),
        ("/users/@me/guilds", "/users/@me/guilds"),
        ("/users/{user_id}", f"/users/{ada.id}"),
        ("/applications/@me", "/applications/@me"),
        ("/oauth2/applications/@me", "/oauth2/applications/@me"),
        ("/guilds/{guild_id}", f"/guilds/{guild.id}?with_counts=true"),
        ("/guilds/{guild_id}/channels", f"/guilds/{guild.id}/channels"),
        ("/guilds/{guild_id}/roles", f"/guilds/{guild.id}/roles"),
        ("/guilds/{guild_id}/emojis", f"/guilds/{guild.id}/emojis"),
        ("/guilds/{guild_id}/members", f"/guilds/{guild.id}/members?limit=10"),
        ("/guilds/{guild_id}/members/{user_id}", f"/guilds/{guild.id}/members/{ada.id}"),
        ("/channels/{channel_id}", f"/channels/{general.id}"),
    ):
        status, body, _ = await rest("GET", path)
        check("GET", operation, status, body)
    status, direct, _ = await rest("POST", "/users/@me/channels", {"recipient_id": ada.id})
    check("POST", "/users/@me/channels", status, direct)
    status, body, _ = await rest("GET", f"/channels/{direct['id']}")
    check("GET", "/channels/{channel_id}", status, body)
    message = playground.post_message(ada, "x", channel=general)
    path = f"/channels/{general.id}/messages/{message.id}/reactions/🌊"
    await rest("PUT", f"{path}/@me")
    status, users, _ = await rest("GET", path)
    check(
        "GET",
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
        status,
        users,
    )


async def test_commands_and_emoji(playground: Playground, rest: Rest, check: Any) -> None:
    root = f"/applications/{playground.state.application.id}"
    option = {"type": 11, "name": "picture", "description": "the picture", "required": True}
    wanted = [
        {"name": "stylize", "description": "Repaint", "type": 1, "options": [option]},
        {"name": "Stylize this", "type": 3},
    ]
    everywhere = "/applications/{application_id}/commands"
    status, body, _ = await rest("PUT", f"{root}/commands", wanted)
    check("PUT", everywhere, status, body)
    status, body, _ = await rest("GET", f"{root}/commands")
    check("GET", everywhere, status, body)
    status, body, _ = await rest("GET", f"{root}/commands/{body[0]['id']}")
    check("GET", everywhere + "/{command_id}", status, body)
    here = f"{root}/guilds/{playground.scene.guild.id}/commands"
    status, body, _ = await rest("POST", here, wanted[0])
    check("POST", "/applications/{application_id}/guilds/{guild_id}/commands", status, body)
    status, body, _ = await rest(
        "POST",
        f"{root}/emojis",
        {"name": "brush", "image": "data:image/png;base64," + b64(png(16, 16))},
    )
    check("POST", "/applications/{application_id}/emojis", status, body)
    status, body, _ = await rest("GET", f"{root}/emojis")
    check("GET", "/applications/{application_id}/emojis", status, body)


async def test_interactions(playground: Playground, rest: Rest, check: Any) -> None:
    ada, general = playground.scene.members[0], playground.scene.general
    playground.commands.upsert({"name": "ping", "description": "d", "type": 1}, None)
    playground.commands.upsert({"name": "Look", "type": 3}, None)
    webhook = f"/webhooks/{playground.state.application.id}"
    callback = "/interactions/{interaction_id}/{interaction_token}/callback"
    hook = "/webhooks/{webhook_id}/{webhook_token}"

    async def respond(interaction: Any, body: Any) -> Any:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=true"
        status, found, _ = await rest("POST", path, body)
        check("POST", callback, status, found)
        return found

    called = playground.slash(ada, "ping", channel=general)
    await respond(called, {"type": 5})
    path = f"{webhook}/{called.token}"
    status, body, _ = await rest("GET", f"{path}/messages/@original")
    check("GET", hook + "/messages/@original", status, body)
    assert body["flags"] == 128
    status, body, _ = await rest(
        "PATCH",
        f"{path}/messages/@original",
        {"content": "done", "components": [BUTTONS]},
    )
    check("PATCH", hook + "/messages/@original", status, body)
    status, body, _ = await rest("POST", f"{path}?wait=true", {"content": "more"})
    check("POST", hook, status, body)

    pressed = playground.press(ada, called.original, "c")
    await respond(pressed, {"type": 7, "data": {"content": "Cancelled."}})
    pressed = playground.press(ada, called.original, "c")
    await respond(pressed, {"type": 4, "data": {"content": "Hidden", "flags": 64}})
    pressed = playground.press(ada, called.original, "c")
    text = {"type": 4, "custom_id": "t", "style": 1, "label": "Name"}
    form = {
        "custom_id": "f",
        "title": "Form",
        "components": [{"type": 1, "components": [text]}],
    }
    await respond(pressed, {"type": 9, "data": form})
    submitted = playground.submit_modal(ada, pressed, {"t": "Storm"})
    await respond(submitted, {"type": 4, "data": {"content": "Named."}})
    looked = playground.context_menu(ada, "Look", called.original)
    await respond(looked, {"type": 4, "data": {"content": "Seen."}})
    status, history, _ = await rest("GET", f"/channels/{general.id}/messages")
    check("GET", "/channels/{channel_id}/messages", status, history)


async def test_refusals(playground: Playground, rest: Rest) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    long = {"content": "x" * 2001, "embeds": [{"title": "x" * 300}]}
    for method, where, body, headers in (
        ("GET", "/users/@me", None, {}),
        ("GET", "/channels/1", None, rest.headers),
        ("POST", path, {}, rest.headers),
        ("POST", path, long, rest.headers),
    ):
        assert (await rest(method, where, body, headers=headers))[0] >= 400
    playground.faults.rate_limit(1.0, count=1)
    assert (await rest("POST", path, {"content": "x"}))[0] == 429


def b64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()
