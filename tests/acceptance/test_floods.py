"""Members are answered within Discord's three seconds, and the bot stops in its time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
import pytest_asyncio

from bot.jobs.db.engine import Database
from bot.playground.errors import ApiError
from bot.playground.server import Playground

from .conftest import CONTENT, STYLE, WAIT_SECONDS, ChannelClient, custom_ids, running, settings_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLASHES = (
    ("queue", {}), ("cancel", {}), ("again", {}), ("gallery", {}), ("presets", {}), ("help", {}),
    ("privacy", {}), ("settings", {}), ("style list", {}), ("style show", {"name": "mosaic"}),
    ("style remove", {"name": "mosaic"}), ("stylize", {"preset": "mosaic"}), ("stylize", {}),
)  # fmt: skip


@pytest.fixture
def hanging_database(monkeypatch):
    """Let every use of the database hang until the event is set."""
    released = asyncio.Event()
    read, write, close = Database.read, Database.write, Database.close

    def hang(use):
        @asynccontextmanager
        async def wait(self):
            await released.wait()
            async with use(self) as used:
                yield used

        return wait

    async def close_and_hang(self):
        await close(self)
        await released.wait()

    def begin():
        monkeypatch.setattr(Database, "read", hang(read))
        monkeypatch.setattr(Database, "write", hang(write))
        monkeypatch.setattr(Database, "close", close_and_hang)
        return released

    yield begin
    released.set()


@pytest_asyncio.fixture(loop_scope="module")
async def other_playground():
    """A local Discord without the bot that the module's tests share."""
    async with Playground(rate_limit_scale=0) as running_playground:
        yield running_playground


def _press_everything(channel):
    """Press every button and choose from every menu that I see."""
    for message in channel.answers():
        if not channel.playground.state.can_see(channel.me.id, message):
            continue
        for row in message.components:
            for component in row["components"]:
                values = [option["value"] for option in component.get("options", ())][:1]
                with suppress(ApiError):  # disabled
                    if component["type"] == 2:
                        yield channel.playground.press(channel.me, message, component["custom_id"])
                    elif values:
                        yield channel.playground.select(
                            channel.me, message, component["custom_id"], values
                        )


async def test_every_interaction_is_acknowledged_while_the_database_hangs(
    app, channel, hanging_database
):
    playground = channel.playground
    channel.ask("!stylize passes=1", CONTENT, STYLE)
    result = await channel.final()
    picture = channel.ask("!stylize", CONTENT)
    await channel.wait(channel.pickers)
    channel.ask("!stylize", ("notes.png", b"words"), STYLE)
    await channel.answer("is not a picture")
    for name in ("gallery", "privacy", "settings", "help"):
        await playground.slash(channel.me, name, channel=channel.record).settled.wait()
    await app._bot.in_flight.wait()
    kinds = {
        custom_id.split(":")[0] for each in channel.answers() for custom_id in custom_ids(each)
    }
    assert kinds >= {"job", "picker", "offer", "privacy", "rules", "ask"}

    released = hanging_database()
    used = list(_press_everything(channel))
    used += [playground.slash(channel.me, *each, channel=channel.record) for each in SLASHES]
    used += [playground.context_menu(channel.me, "Stylize", each) for each in (picture, result)]
    for each in list(used):
        await each.settled.wait()
        if each.modal is not None:
            files = {"content": CONTENT}
            used.append(playground.submit_modal(channel.me, each, files=files))
    used.append(
        playground.slash(channel.me, "stylize", channel=channel.record, files={"content": CONTENT})
    )
    suggested = await playground.autocomplete(
        channel.me, "stylize", "preset", "mos", channel=channel.record
    )
    for each in used:
        await each.settled.wait()
        assert not each.failed, each.data
    assert suggested == []
    released.set()
    await asyncio.wait_for(app._bot.in_flight.wait(), WAIT_SECONDS)


async def test_the_stop_ends_although_the_database_hangs(
    other_playground, tmp_path, hanging_database
):
    async with running(settings_for(other_playground, tmp_path, shutdown_seconds=3)) as app:
        released = hanging_database()
        try:
            await asyncio.wait_for(app.stop(), WAIT_SECONDS)
        finally:
            released.set()


async def test_a_member_who_does_too_much_is_told_once(other_playground, tmp_path):
    playground, channel = other_playground, ChannelClient(other_playground)
    limited = settings_for(playground, tmp_path, max_uses_per_member=2, cooldown_seconds=3600)
    async with running(limited) as app:
        for _ in range(5):
            channel.ask("!queue")
        await channel.answer("others are waiting too")
        channel.ask("!queue", author=channel.other)
        for _ in range(3):
            pressed = channel.playground.slash(channel.me, "queue", channel=channel.record)
            await pressed.settled.wait()
            assert not pressed.failed
        await channel.wait(lambda: len(channel.answers()) == 4)
        await app._bot.in_flight.wait()
    assert len(channel.answers()) == 4  # two queues, the sentence, and the other's queue
