"""Fixtures: a playground on a free port, and discord.py connected to it."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio
import yarl
from discord.ext import commands
from PIL import Image

from bot.playground.server import Playground
from bot.playground.state.permissions import ALL, Permission

from ...contract.checker import API, frame_faults, response_faults

Answer = tuple[int, Any, Any]


def png(width: int = 8, height: int = 6) -> bytes:
    """Return a small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 80, 40)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
async def playground() -> AsyncIterator[Playground]:
    """A playground without rate limits."""
    async with Playground(rate_limit_scale=0) as running:
        yield running


class Bot(commands.AutoShardedBot):
    """A real bot that records the messages and events it receives."""

    def __init__(self, **options: Any) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        intents.members = True
        options.setdefault("intents", intents)
        options.setdefault("guild_ready_timeout", 0.2)
        super().__init__(command_prefix="!", **options)
        self.received: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.events: list[str] = []
        self.ready_event = asyncio.Event()

    async def on_ready(self) -> None:
        self.ready_event.set()

    async def on_message(self, message: discord.Message) -> None:
        if message.author.id != self.user.id:
            self.received.put_nowait(message)

    async def on_socket_event_type(self, name: str) -> None:
        self.events.append(name)

    async def next_message(self) -> discord.Message:
        return await asyncio.wait_for(self.received.get(), 60)


@contextmanager
def discord_addresses() -> Iterator[Callable[[Playground], None]]:
    """Yield a function that directs discord.py to a playground; restore its addresses then."""
    before = (
        discord.http.Route.BASE,
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
        discord.asset.Asset.BASE,
    )

    def point(playground: Playground) -> None:
        discord.http.Route.BASE = f"{playground.url}/api/v10"
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(playground.gateway.url)
        discord.asset.Asset.BASE = f"{playground.url}/cdn"

    yield point
    (
        discord.http.Route.BASE,
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
        discord.asset.Asset.BASE,
    ) = before


@pytest.fixture
def discord_at() -> Iterator[Callable[[Playground], None]]:
    """Direct discord.py to a playground; restore its addresses afterwards."""
    with discord_addresses() as point:
        yield point


Start = Callable[..., Awaitable[Bot]]


@pytest.fixture
async def start(
    playground: Playground, discord_at: Callable[[Playground], None]
) -> AsyncIterator[Start]:
    """Start bots and wait until they are ready; close them afterwards."""
    running: list[tuple[Bot, asyncio.Task[None]]] = []

    async def start_bot(bot: Bot | None = None) -> Bot:
        discord_at(playground)
        bot = bot or Bot()
        task = asyncio.create_task(bot.start(playground.bot_token))
        running.append((bot, task))
        ready = asyncio.create_task(asyncio.wait_for(bot.ready_event.wait(), 60))
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)
            task.result()
        await ready
        return bot

    yield start_bot
    for bot, task in running:
        await bot.close()
        with suppress(discord.DiscordException):
            await asyncio.wait_for(task, 60)


class Rest:
    """Raw requests with the bot's token, for what discord.py never sends.

    Every response of the API is checked against the facts about Discord's.
    """

    def __init__(self, session: aiohttp.ClientSession, playground: Playground) -> None:
        self.session = session
        self.playground = playground
        self.headers = {"Authorization": f"Bot {playground.bot_token}"}

    async def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        if body is not None:
            options["json"] = body
        options.setdefault("headers", self.headers)
        url = path if path.startswith("http") else f"{self.playground.url}/api/v10{path}"
        async with self.session.request(method, url, **options) as response:
            raw = await response.read()
            found: Any = raw
            if response.headers.get("Content-Type", "").startswith("application/json"):
                found = json.loads(raw)
            match = API.match(response.url.path)
            # A guard of the playground's own, not of the API, looks at these two headers.
            if match and not options["headers"].keys() & {"Host", "Origin"}:
                body = None if raw == b"" else found
                faults = response_faults(method, match[1], response.status, body)
                assert not faults, f"{method} {path}: {faults}"
            return response.status, found, response.headers

    async def upload(
        self, path: str, payload: Any, files: list[tuple[str, bytes]], method: str = "POST"
    ) -> Answer:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", json.dumps(payload), content_type="application/json")
        for index, (name, data) in enumerate(files):
            form.add_field(f"files[{index}]", io.BytesIO(data), filename=name)
        return await self(method, path, data=form)


@pytest.fixture
async def rest(playground: Playground) -> AsyncIterator[Rest]:
    """Raw requests with the bot's token."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Rest(session, playground)


class Server:
    """A playground's guild as an administrating bot sees it, with raw requests beside it."""

    def __init__(self, playground: Playground, bot: Bot, rest: Rest) -> None:
        self.playground = playground
        self.scene = playground.scene
        self.bot = bot
        self.rest = rest

    @property
    def guild(self) -> discord.Guild:
        found = self.bot.get_guild(int(self.scene.guild.id))
        assert found is not None
        return found

    @property
    def general(self) -> discord.TextChannel:
        found = self.guild.get_channel(int(self.scene.general.id))
        assert isinstance(found, discord.TextChannel)
        return found

    def member(self, number: int) -> discord.Member:
        """Return one of the scene's members."""
        found = self.guild.get_member(int(self.scene.members[number].id))
        assert found is not None
        return found

    async def event(self, name: str, check: Callable[..., bool] = lambda *_: True) -> Any:
        """Return what the next such event of discord.py carries."""
        return await self.bot.wait_for(name, check=check, timeout=60)

    @contextmanager
    def denied(self, *denied: Permission) -> Iterator[None]:
        """Take permissions away from the bot, and its administrator's rights."""
        [role_id] = self.scene.guild.members[self.scene.bot.id].roles
        role = self.scene.guild.roles[role_id]
        before = role.permissions
        everyone = self.scene.guild.roles[self.scene.guild.id]
        granted = everyone.permissions
        for permission in (*denied, Permission.ADMINISTRATOR):
            role.permissions &= ~permission
            everyone.permissions &= ~permission
        yield
        role.permissions, everyone.permissions = before, granted

    async def code(self, method: str, path: str, body: Any = None) -> tuple[int, int]:
        """Return the status and the code with which a request is refused."""
        status, answer, _ = await self.rest(method, path, body)
        return status, answer["code"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Server]:
    """One playground and one real bot for a module's tests; the bot's role is above all others."""
    timeout = aiohttp.ClientTimeout(total=30)
    async with (
        Playground(rate_limit_scale=0) as playground,
        aiohttp.ClientSession(timeout=timeout) as session,
    ):
        guild = playground.scene.guild
        [role_id] = guild.members[playground.scene.bot.id].roles
        guild.roles[role_id].permissions = ALL
        guild.roles[role_id].position = 100
        with discord_addresses() as point:
            point(playground)
            bot = Bot()
            running = asyncio.create_task(bot.start(playground.bot_token))
            await asyncio.wait_for(bot.ready_event.wait(), 60)
            yield Server(playground, bot, Rest(session, playground))
            await bot.close()
            await running


class Raw:
    """A raw gateway connection; every frame is checked against the facts about Discord's."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, compressed: bool) -> None:
        self.socket = socket
        self._inflate = zlib.decompressobj() if compressed else None
        self._buffer = b""

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def receive(self) -> Any:
        """Return the next frame, or the close code."""
        frame = await self._receive()
        if isinstance(frame, dict):
            faults = frame_faults(frame)
            assert not faults, faults
        return frame

    async def _receive(self) -> Any:
        while True:
            message = await asyncio.wait_for(self.socket.receive(), 60)
            if message.type is aiohttp.WSMsgType.TEXT:
                return json.loads(message.data)
            if message.type is not aiohttp.WSMsgType.BINARY:
                return self.socket.close_code
            assert self._inflate is not None
            self._buffer += message.data
            if self._buffer.endswith(b"\x00\x00\xff\xff"):
                text = self._inflate.decompress(self._buffer)
                self._buffer = b""
                return json.loads(text)

    async def until(self, name: str) -> Any:
        """Skip frames until the event of this name."""
        while True:
            frame = await self.receive()
            assert isinstance(frame, dict), f"closed with {frame} while waiting for {name}"
            if frame.get("t") == name:
                return frame


@pytest.fixture
def connect(playground: Playground, rest: Rest) -> Any:
    """Open raw gateway connections."""

    @asynccontextmanager
    async def open_gateway(query: str = "?v=10&encoding=json") -> AsyncIterator[Raw]:
        compressed = "zlib-stream" in query
        async with rest.session.ws_connect(playground.gateway.url + query) as socket:
            yield Raw(socket, compressed=compressed)

    return open_gateway


def identify(playground: Playground, **changes: Any) -> dict[str, Any]:
    """Return a valid IDENTIFY payload with these changes."""
    return {
        "token": playground.bot_token,
        "intents": (1 << 9) | (1 << 15) | 1,
        "properties": {"os": "linux", "browser": "test", "device": "test"},
        **changes,
    }


def webp(width: int, height: int, kind: str) -> bytes:
    """Return the header of a WebP file in one of its three formats."""
    if kind == "VP8X":
        body = b"\x00" * 4 + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == "VP8L":
        body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        body = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    return b"RIFF\x00\x00\x00\x00WEBP" + kind.encode().ljust(4) + b"\x00\x00\x00\x00" + body
