"""The chat page's API and its live events."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import Rest, Start, png
from .test_interactions import CommandBot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.playground.server import Playground


class Page:
    """A client of the page's API."""

    def __init__(self, rest: Rest, playground: Playground, member: int) -> None:
        self.rest = rest
        self.base = f"{playground.url}/_playground"
        self.me = playground.scene.members[member]

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        options.setdefault("headers", {})
        return await self.rest(
            method, f"{self.base}{path}", body, params={"as": self.me.id}, **options
        )

    @asynccontextmanager
    async def live(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = f"{self.base}/live?as={self.me.id}"
        async with self.rest.session.ws_connect(url) as socket:
            yield socket


@pytest.fixture
def ada(playground: Playground, rest: Rest) -> Page:
    return Page(rest, playground, 0)


@pytest.fixture
def vincent(playground: Playground, rest: Rest) -> Page:
    return Page(rest, playground, 1)


async def next_event(socket: aiohttp.ClientWebSocketResponse, name: str) -> Any:
    while True:
        event = json.loads(await asyncio.wait_for(socket.receive_str(), 60))
        if event["t"] == name:
            return event["d"]


async def test_page_files(playground: Playground, rest: Rest) -> None:
    status, body, headers = await rest("GET", playground.url + "/", headers={})
    assert status == 200
    assert b"<html" in body.lower()
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    for path in (
        "/web/nothing.js",
        "/web/..%2fserver.py",
        "/web/%2e%2e%2f%2e%2e%2fsettings.py",
        "/web/../server.py",
        "/web/server.py",
        "/web/index",
    ):
        assert (await rest("GET", playground.url + path, headers={}))[0] == 404, path


async def test_state(playground: Playground, ada: Page, vincent: Page) -> None:
    general, stylize = playground.scene.general, playground.scene.stylize
    playground.post_message(ada.me, "hello", channel=general)
    status, state, _ = await ada("GET", "/state")
    assert status == 200
    assert state["me"]["id"] == ada.me.id
    assert [m["username"] for m in state["members"]] == ["ada", "vincent", "hilma", "StyleBot"]
    assert [c["name"] for c in state["channels"]] == ["general", "stylize"]
    assert [m["content"] for m in state["messages"][general.id]] == ["hello"]
    assert state["bot"]["status"] == "offline"
    assert state["guild"]["name"] == "The Atelier"
    assert state["commands"] == []
    assert [each["name"] for each in state["emoji"]] == ["atelier"]
    assert [each["name"] for each in state["stickers"]] == ["Bravo", "Wiggle"]
    playground.set_overwrite(
        stylize, Overwrite(id=vincent.me.id, type=1, deny=Permission.VIEW_CHANNEL)
    )
    _, state, _ = await vincent("GET", "/state")
    assert [c["name"] for c in state["channels"]] == ["general"]
    assert list(state["messages"]) == [general.id]


async def test_acting_as_the_bot_is_refused(playground: Playground, ada: Page) -> None:
    for actor in (playground.scene.bot.id, "123"):
        url = f"{ada.base}/state"
        status, body, _ = await ada.rest("GET", url, params={"as": actor}, headers={})
        assert (status, body["code"]) == (404, 10013)


async def test_messages_with_files(playground: Playground, ada: Page, vincent: Page) -> None:
    general = playground.scene.general
    path = f"/channels/{general.id}/messages"
    async with vincent.live() as socket:
        form = aiohttp.FormData(quote_fields=False)
        listed = [{"id": 0, "filename": "cat.png", "spoiler": True}, {"id": 1}]
        form.add_field("payload_json", json.dumps({"content": "two", "attachments": listed}))
        for index, name in enumerate(("cat.png", "dog.png")):
            form.add_field(f"files[{index}]", png(), filename=name)
        status, sent, _ = await ada("POST", path, data=form)
        assert status == 200
        assert [a["filename"] for a in sent["attachments"]] == ["SPOILER_cat.png", "dog.png"]
        heard = await next_event(socket, "MESSAGE_CREATE")
        assert (heard["id"], heard["author"]["username"]) == (sent["id"], "ada")
        reply = {"content": "nice", "message_reference": {"message_id": sent["id"]}}
        _, answered, _ = await vincent("POST", path, reply)
        assert answered["type"] == 19
        assert (await next_event(socket, "MESSAGE_CREATE"))["referenced_message"]["id"] == sent[
            "id"
        ]

        one = f"{path}/{sent['id']}"
        assert (await vincent("PUT", f"{one}/reactions/🌊"))[0] == 204
        assert (await next_event(socket, "MESSAGE_REACTION_ADD"))["user_id"] == vincent.me.id
        assert (await vincent("DELETE", f"{one}/reactions/🌊"))[0] == 204
        await next_event(socket, "MESSAGE_REACTION_REMOVE")
        assert (await ada("POST", f"/channels/{general.id}/typing"))[0] == 204
        assert (await next_event(socket, "TYPING_START"))["user_id"] == ada.me.id
        status, body, _ = await vincent("DELETE", one)
        assert (status, body["code"]) == (403, 50013)
        assert (await ada("DELETE", one))[0] == 204
        assert (await next_event(socket, "MESSAGE_DELETE"))["content"] == "two"


async def test_members_have_the_same_limits_as_bots(playground: Playground, ada: Page) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("files[0]", io.BytesIO(bytes(11 * 1024 * 1024)), filename="a.png")
    status, body, _ = await ada("POST", path, data=form)
    assert (status, body["code"]) == (413, 40005)
    status, body, _ = await ada("POST", path, {"content": ""})
    assert (status, body["code"]) == (400, 50006)


async def test_interactions(playground: Playground, start: Start, ada: Page, vincent: Page) -> None:
    await start(CommandBot())
    channel = playground.scene.stylize
    here = {"channel_id": channel.id}
    async with ada.live() as mine, vincent.live() as theirs:
        assert (await ada("POST", "/interactions", {"type": 2, "name": "buttons", **here}))[
            0
        ] == 204
        card = await next_event(mine, "MESSAGE_CREATE")
        await next_event(theirs, "MESSAGE_CREATE")
        press = {"type": 3, "component_type": 2, "message_id": card["id"], **here}
        assert (await ada("POST", "/interactions", {**press, "custom_id": "details"}))[0] == 204
        hidden = await next_event(mine, "MESSAGE_CREATE")
        assert hidden["flags"] == 64
        assert (await ada("POST", "/interactions", {**press, "custom_id": "form"}))[0] == 204
        form = await next_event(mine, "MODAL")
        assert form["title"] == "Name it"
        filled = [
            {
                "type": 1,
                "components": [{"type": 4, "custom_id": "name", "value": "Storm"}],
            }
        ]
        submit = {"type": 5, "custom_id": form["custom_id"], "components": filled, **here}
        assert (await ada("POST", "/interactions", submit))[0] == 204
        # The other member received the card and this, but not Ada's ephemeral message.
        assert (await next_event(theirs, "MESSAGE_CREATE"))["content"] == "Named Storm."
        _, state, _ = await vincent("GET", "/state")
        assert hidden["id"] not in [m["id"] for m in state["messages"][channel.id]]
        _, state, _ = await ada("GET", "/state")
        assert hidden["id"] in [m["id"] for m in state["messages"][channel.id]]
        # Only the user who sees an ephemeral message can dismiss it.
        gone = f"/channels/{channel.id}/messages/{hidden['id']}"
        assert (await vincent("DELETE", gone))[0] == 404
        assert (await ada("DELETE", gone))[0] == 204

        typed = [{"name": "preset", "value": "wo", "focused": True}]
        ask = {"type": 4, "name": "stylize", "options": typed, **here}
        status, body, _ = await ada("POST", "/interactions", ask)
        assert (status, body) == (200, {"choices": [{"name": "woodcut", "value": "woodcut"}]})

        form_data = aiohttp.FormData(quote_fields=False)
        options = [{"name": "content", "value": 0}, {"name": "preset", "value": "ink"}]
        call = {"type": 2, "name": "stylize", "options": options, **here}
        form_data.add_field("payload_json", json.dumps(call))
        form_data.add_field("files[0]", png(), filename="cat.png")
        assert (await ada("POST", "/interactions", data=form_data))[0] == 204
        while not (await next_event(mine, "MESSAGE_UPDATE"))["content"].startswith("cat.png"):
            pass
        for wrong, code in (
            ({"type": 1, **here}, 50035),
            ({"type": 2, "name": "nothing", **here}, 10063),
            ({**press, "custom_id": "nothing"}, 50035),
            ({"type": 5, "custom_id": "nothing", **here}, 10062),
            ({"type": 2, "name": "buttons", "channel_id": "1"}, 10003),
        ):
            assert (await ada("POST", "/interactions", wrong))[1]["code"] == code


async def test_interaction_timeout_is_shown(
    playground: Playground, start: Start, ada: Page
) -> None:
    playground.interactions.acknowledge_seconds = 0.2
    await start(CommandBot())
    async with ada.live() as socket:
        call = {"type": 2, "name": "silent", "channel_id": playground.scene.general.id}
        assert (await ada("POST", "/interactions", call))[0] == 204
        failed = await next_event(socket, "INTERACTION_FAILED")
        assert (failed["name"], failed["message_id"]) == ("silent", None)


async def test_presence_members_and_faults(playground: Playground, start: Start, ada: Page) -> None:
    async with ada.live() as socket:
        await start()
        assert (await next_event(socket, "PRESENCE_UPDATE"))["status"] == "online"
        status, added, _ = await ada("POST", "/members", {"name": "Georgia O'Keeffe"})
        assert (status, added["global_name"]) == (200, "Georgia O'Keeffe")
        assert (await next_event(socket, "GUILD_MEMBER_ADD"))["user"]["id"] == added["id"]
        for wrong in ("", "   ", "x" * 33):
            assert (await ada("POST", "/members", {"name": wrong}))[0] == 400
        status, faults, _ = await ada("POST", "/faults", {"http_5xx": {"rate": 0.5}})
        assert (status, faults["rules"][0]["rate"]) == (200, 0.5)
        assert (await ada("GET", "/faults"))[1] == faults
        await ada("POST", "/faults", {"clear": True, "drop_gateway": True})
        assert (await next_event(socket, "PRESENCE_UPDATE"))["status"] == "offline"


async def test_requests_of_other_sites_are_refused(playground: Playground, ada: Page) -> None:
    path = f"/channels/{playground.scene.general.id}/messages"
    for headers, expected in (
        ({"Host": "evil.example"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": playground.url}, 200),
    ):
        status, _, _ = await ada("POST", path, {"content": "x"}, headers=headers)
        assert status == expected


async def test_threads_are_channels_of_the_page(
    playground: Playground, rest: Rest, vincent: Page
) -> None:
    general = playground.scene.general
    body = {"name": "Side room", "type": 11}
    async with vincent.live() as socket:
        thread = (await rest("POST", f"/channels/{general.id}/threads", body))[1]
        assert (await next_event(socket, "CHANNEL_CREATE"))["name"] == "Side room"
        state = (await vincent("GET", "/state"))[1]
        assert thread["id"] in {channel["id"] for channel in state["channels"]}
        posted = await vincent("POST", f"/channels/{thread['id']}/messages", {"content": "hello"})
        assert posted[0] == 200
        assert (await rest("GET", f"/channels/{thread['id']}"))[1]["message_count"] == 1
