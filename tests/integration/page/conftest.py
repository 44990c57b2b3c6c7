"""Fixtures: a real browser on the playground's page, and a minimal bot.

The bot uses aiohttp and none of our code, so that a failing test points at the page or the
playground.
"""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import async_playwright, expect

from bot.playground.server import Playground

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from playwright.async_api import Browser, FilePayload, Locator, Page

Json = dict[str, Any]
expect.set_options(timeout=60_000)


class Files:
    """Small pictures, also as file chooser payloads."""

    def __init__(self) -> None:
        self.blue = self.picture((40, 90, 200))
        self.red = self.picture((200, 60, 40))

    @staticmethod
    def picture(color: tuple[int, int, int], size: tuple[int, int] = (96, 64)) -> bytes:
        """Return a PNG of one colour."""
        buffer = io.BytesIO()
        Image.new("RGB", size, color).save(buffer, "PNG")
        return buffer.getvalue()

    @staticmethod
    def chosen(name: str, data: bytes, kind: str = "image/png") -> FilePayload:
        return {"name": name, "mimeType": kind, "buffer": data}

    def two(self) -> list[FilePayload]:
        return [self.chosen("blue.png", self.blue), self.chosen("red.png", self.red)]


@pytest.fixture(scope="session")
def files() -> Files:
    """Pictures to post."""
    return Files()


class MinimalBot:
    """A bot over plain REST and a gateway connection."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession) -> None:
        self.playground = playground
        self.events: list[tuple[str, Json]] = []
        self._session = session
        self._changed = asyncio.Condition()

    async def rest(self, method: str, path: str, **request: Any) -> Any:
        headers = {"Authorization": f"Bot {self.playground.bot_token}"}
        url = f"{self.playground.url}/api/v10{path}"
        async with self._session.request(method, url, headers=headers, **request) as response:
            text = await response.text()
            assert response.status < 300, f"{method} {path}: {response.status} {text}"
            return json.loads(text) if text else None

    async def send(
        self,
        method: str,
        path: str,
        payload: Json,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Json:
        """Post or edit a message with files."""
        if not files:
            return dict(await self.rest(method, path, json=payload))
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps(payload), content_type="application/json")
        for index, (name, data) in enumerate(files):
            form.add_field(f"files[{index}]", data, filename=name)
        return dict(await self.rest(method, path, data=form))

    async def post(self, content: str = "", *, files: Any = (), **fields: Any) -> Json:
        channel = self.playground.scene.stylize.id
        payload = {"content": content, **fields}
        return await self.send("POST", f"/channels/{channel}/messages", payload, files)

    async def edit(self, message: Json, *, files: Any = (), **fields: Any) -> Json:
        path = f"/channels/{message['channel_id']}/messages/{message['id']}"
        return await self.send("PATCH", path, fields, files)

    async def respond(self, interaction: Json, kind: int, data: Json | None = None) -> None:
        """Answer an interaction with a callback."""
        path = f"/interactions/{interaction['id']}/{interaction['token']}/callback"
        await self.rest("POST", path, json={"type": kind, "data": data or {}})

    async def listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Identify, then record events until the connection ends."""
        async for frame in socket:
            body = json.loads(frame.data)
            if body["op"] == 10:
                await socket.send_json(
                    {
                        "op": 2,
                        "d": {
                            "token": self.playground.bot_token,
                            "intents": 1 << 0 | 1 << 9 | 1 << 10 | 1 << 15,
                            "properties": {"os": "linux", "browser": "test", "device": "test"},
                        },
                    }
                )
            elif body["op"] == 0:
                async with self._changed:
                    self.events.append((body["t"], body["d"]))
                    self._changed.notify_all()

    async def event(self, name: str, which: Callable[[Json], bool] = lambda _: True) -> Json:
        """Wait for the first event of that name."""

        def find() -> Json | None:
            return next((d for t, d in self.events if t == name and which(d)), None)

        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: find() is not None)
            found = find()
        assert found is not None
        return found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One headless Chromium for all tests of the page."""
    async with async_playwright() as driver:
        started = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def playground() -> AsyncIterator[Playground]:
    """A new playground for each test."""
    async with Playground(rate_limit_scale=0) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def minimal_bot(playground: Playground) -> AsyncIterator[MinimalBot]:
    """A bot that is logged in."""
    async with aiohttp.ClientSession() as session:
        bot = MinimalBot(playground, session)
        url = f"{playground.url.replace('http', 'ws')}/gateway?v=10&encoding=json"
        async with session.ws_connect(url) as socket:
            listening = asyncio.create_task(bot.listen(socket))
            await bot.event("READY")
            yield bot
            await socket.close()
            await listening


class Chat:
    """The page of one member, with locators for its parts."""

    def __init__(self, page: Page, problems: list[str]) -> None:
        self.page = page
        self.problems = problems
        self.expected: list[str] = []
        self.text = page.get_by_role("textbox", name="Message", exact=True)
        self.messages = page.locator(".message[data-id]")
        self.error = page.locator(".composer-error")

    def message(self, message_id: str) -> Locator:
        return self.page.locator(f'.message[data-id="{message_id}"]')

    def expect_console(self, text: str) -> None:
        """Expect console messages that contain this text."""
        self.expected.append(text)


OpenChat = Any


@pytest_asyncio.fixture(loop_scope="session")
async def open_chat(browser: Browser, playground: Playground) -> AsyncIterator[OpenChat]:
    """Open the page as a member; finally check that no console has errors."""
    chats: list[Chat] = []

    @asynccontextmanager
    async def contexts() -> AsyncIterator[list[Any]]:
        made: list[Any] = []
        try:
            yield made
        finally:
            for context in made:
                await context.close()

    async with contexts() as made:

        async def open_as(member: int = 0, **options: Any) -> Chat:
            context = await browser.new_context(
                **{"viewport": {"width": 1280, "height": 800}} | options
            )
            made.append(context)
            page = await context.new_page()
            problems: list[str] = []
            page.on(
                "console",
                lambda entry: (
                    problems.append(entry.text) if entry.type in ("error", "warning") else None
                ),
            )
            page.on("pageerror", lambda error: problems.append(str(error)))
            user = playground.scene.members[member]
            await page.goto(f"{playground.url}/?as={user.id}&channel={playground.scene.stylize.id}")
            await expect(page.locator(".you-state")).to_have_text("Connected")
            chat = Chat(page, problems)
            chats.append(chat)
            return chat

        yield open_as
    for chat in chats:
        expected = chat.expected
        assert [p for p in chat.problems if not any(text in p for text in expected)] == []


@pytest_asyncio.fixture(loop_scope="session")
async def chat(open_chat: OpenChat) -> Chat:
    """The page of the first member in a wide window."""
    opened: Chat = await open_chat()
    return opened
