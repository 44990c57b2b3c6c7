"""The whole bot against a local Discord, over real sockets, with small pictures."""

from __future__ import annotations

import asyncio
import io
import os
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from bot.app import App
from bot.executors import worker_process
from bot.executors.process import ProcessExecutor
from bot.jobs.models import QueueMode
from bot.playground.server import Playground
from bot.settings import Settings
from stylenet.events import Progress

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from bot.executors.protocol import Event, Work

WAIT_SECONDS = 150.0
"""Timeout of every wait; only a failing test takes so long."""


def painting(seed: int, width: int = 80, height: int = 64, kind: str = "PNG", **save: Any) -> bytes:
    """A small picture with structure: smooth colour fields and an edge or two."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(columns / random.uniform(4, 20) + rows / random.uniform(4, 20)) for _ in "rgb"]
    pixels = np.stack([(wave + 1) * 127.5 for wave in waves], axis=-1)
    pixels[height // 3 : height // 2, width // 4 : width // 2] = random.uniform(0, 255, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels.round().astype(np.uint8)).save(buffer, kind, **save)
    return buffer.getvalue()


ROOT = Path(__file__).resolve().parents[2]
SLEEPING_WORKER = "tests.acceptance.sleeping_worker"

CONTENT = ("harbour.png", painting(1))
STYLE = ("brushes.png", painting(2))


class ChannelClient:
    """A new channel of the playground's guild, seen by one member.

    It is empty, and messages of jobs that an earlier test left running do not appear in it.
    """

    def __init__(self, playground: Playground) -> None:
        self.playground = playground
        self.record = playground.add_channel(playground.scene.guild, "stylize")
        self.me, self.other, *_ = playground.scene.members

    def ask(self, text: str, *files: tuple[str, bytes], author: Any = None, **more: Any) -> Any:
        """Post a message as a member."""
        return self.playground.post_message(
            author or self.me, text, channel=self.record, files=files, **more
        )

    def answers(self) -> list[Any]:
        """Every message of the bot's, oldest first."""
        bot = self.playground.scene.bot
        return [each for each in self.record.messages.values() if each.author == bot]

    def cards(self) -> list[Any]:
        """Every card, oldest first."""
        return [each for each in self.answers() if _footer(each).startswith("job ")]

    def finals(self) -> list[Any]:
        """Every message that delivers a finished picture."""
        return [each for each in self.answers() if "here is" in each.content and each.attachments]

    def pickers(self) -> list[Any]:
        """Every picker that waits for a choice."""
        return [each for each in self.answers() if "picker:choose" in custom_ids(each)]

    async def wait(self, look: Any, seconds: float = WAIT_SECONDS) -> Any:
        """Wait until `look` finds something; a failure shows all that the bot has written."""
        try:
            return await self.playground.wait_for(lambda: look() or None, seconds)
        except TimeoutError as error:
            for answer in self.answers():
                error.add_note(f"the bot wrote: {text_of(answer)}")
            raise

    async def card(self) -> Any:
        """The first card."""
        return (await self.wait(self.cards))[0]

    async def card_saying(self, *words: str, seconds: float = WAIT_SECONDS) -> Any:
        """The first card, once it says all these words."""

        def look() -> Any:
            cards = self.cards()
            return cards[0] if cards and all(word in text_of(cards[0]) for word in words) else None

        return await self.wait(look, seconds)

    async def final(self) -> Any:
        """The first finished picture."""
        return (await self.wait(self.finals))[0]

    async def answer(self, *words: str) -> Any:
        """The first message of the bot's that says all these words."""
        return await self.wait(
            lambda: next(
                (each for each in self.answers() if all(word in text_of(each) for word in words)),
                None,
            )
        )

    async def press(self, message: Any, ending: str, *, member: Any = None) -> Any:
        """Press the button whose custom_id ends so, and return the handled interaction."""
        custom_id = next(each for each in custom_ids(message) if each.endswith(ending))
        pressed = self.playground.press(member or self.me, message, custom_id)
        await pressed.settled.wait()
        assert not pressed.failed
        return pressed

    async def ephemeral_reply(self, *words: str, member: Any = None) -> Any:
        """The newest message that only this member sees and that contains all these words."""
        member = member or self.me

        def look() -> Any:
            for each in reversed(self.answers()):
                if each.visible_to == member.id and all(word in text_of(each) for word in words):
                    return each
            return None

        return await self.wait(look)

    def picture(self, attachment: Any) -> Image.Image:
        """An attachment, opened."""
        return Image.open(io.BytesIO(self.playground.cdn.read(attachment)))


class PaintingGate:
    """Stops the paintings of a bot in this process while a test needs it; made by the fixture."""

    def __init__(self) -> None:
        self._is_held = False

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every painting at its first steps while the block runs, however fast the machine is.

        Tests of what happens during a job need this. A painting that is asked to stop does stop.
        """
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    async def is_free(self, *, unless: asyncio.Event) -> None:
        """Wait until paintings may go on, or the event is set."""
        while self._is_held and not unless.is_set():
            await asyncio.sleep(0.02)


def text_of(message: Any) -> str:
    """All the text of a message, embeds included."""
    embeds = [
        f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.embeds
    ]
    return "\n".join([message.content, *embeds]).replace("\u00a0", " ")


def custom_ids(message: Any) -> list[str]:
    """The custom ids of a message's components."""
    components = [component for row in message.components for component in row["components"]]
    return [each["custom_id"] for each in components if "custom_id" in each]  # links have none


def job_id_of(card: Any) -> str:
    """The job a card is about."""
    return _footer(card).removeprefix("job ")


def _footer(message: Any) -> str:
    for embed in message.embeds:
        text = embed.get("footer", {}).get("text", "")
        if text:
            return str(text)
    return ""


@pytest.fixture(scope="module", autouse=True)
def _sleeping_workers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Workers that sleep for every step and send noise, unless the module is marked `paints`.

    That spares tests that are not about paintings the import of torch.
    """
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("paints") is None:
            patch.setattr(worker_process, "WORKER_MODULE", SLEEPING_WORKER)
            patch.setenv("SLEEPING_WORKER_STEP_SECONDS", "0.03")
            patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *_python_path()]))
        yield


@pytest.fixture
def painting_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that paint, for one test of a module whose others sleep; it starts its own bot."""
    monkeypatch.setattr(worker_process, "WORKER_MODULE", "bot.executors.worker")


def _python_path() -> list[str]:
    return list(filter(None, [os.environ.get("PYTHONPATH")]))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playground() -> AsyncIterator[Playground]:
    """A local Discord without rate limits, where a slow machine is not too late for a press."""
    async with Playground(rate_limit_scale=0) as running:
        running.interactions.acknowledge_seconds = WAIT_SECONDS
        yield running


@pytest.fixture
def channel(playground: Playground) -> ChannelClient:
    """A channel for this test alone."""
    return ChannelClient(playground)


@pytest.fixture
def painting_gate(monkeypatch: pytest.MonkeyPatch) -> PaintingGate:
    """A gate that all paintings of a bot in this process pass after their first step."""
    painting_gate, run = PaintingGate(), ProcessExecutor.run

    async def held(
        self: ProcessExecutor, work: Work, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Event, None]:
        stop = stop or asyncio.Event()
        has_begun = False
        async with aclosing(run(self, work, stop=stop)) as events:
            async for event in events:
                if has_begun:  # a worker stops when its events are not read
                    await painting_gate.is_free(unless=stop)
                yield event
                has_begun = has_begun or (isinstance(event, Progress) and event.step > 0)

    monkeypatch.setattr(ProcessExecutor, "run", held)
    return painting_gate


@pytest.fixture(scope="module")
def settings(playground: Playground, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings for a quick bot: small pictures, frequent edits and checkpoints."""
    return settings_for(playground, tmp_path_factory.mktemp("bot"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(settings: Settings) -> AsyncIterator[App]:
    """The bot in this process, connected and warm; the tests of a module share it."""
    async with running(settings) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def paused_app(app: App) -> AsyncIterator[App]:
    """The bot with its scheduler paused, until the test resumes it; jobs left are cancelled."""
    scheduler, store = app._scheduler, app._bot._dependencies.store
    await scheduler.set_mode(QueueMode.PAUSED)
    yield app
    for job in await store.list_unfinished():
        await store.cancel(job.job_id)
    async with asyncio.timeout(60):
        while scheduler.running:
            await asyncio.sleep(0.05)


def settings_for(playground: Playground, folder: Path, **changes: Any) -> Settings:
    """Settings for a quick bot at a playground."""
    given = {
        "discord_token": playground.bot_token,
        "discord_url": playground.url,
        "data_dir": folder / "data",
        "size": 64,
        "edit_interval_seconds": 0.5,
        "checkpoint_seconds": 0,
        "min_free_disk_bytes": 0,
        "devices": "cpu",
        "paint_samples": False,
        "max_uses_per_member": 0,
        "max_uses_per_guild": 0,
    }
    return Settings(_env_file=None, **{**given, **changes})


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[App]:
    """The bot in this process, connected."""
    app = App(settings)
    try:
        await app.start()
        await asyncio.wait_for(app.ready.wait(), WAIT_SECONDS)
        yield app
    finally:
        await app.stop()


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for a bot in a process of its own."""
    named = settings.model_dump(exclude_defaults=True, exclude={"discord_token"})
    values = {f"STYLEBOT_{name.upper()}": _written(value) for name, value in named.items()}
    token = settings.token() or ""
    # Long enough for a test to stop the bot between two steps.
    pace = {"SLEEPING_WORKER_STEP_SECONDS": "0.12"}
    return {**os.environ, **pace, **values, "DISCORD_TOKEN": token}


def _written(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, frozenset) else str(value)
