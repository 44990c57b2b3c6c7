"""Requests while the bot stops are served or answered."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from bot.app import App
from bot.playground.server import Playground

from .bot_process import bot_process
from .conftest import (
    CONTENT,
    STYLE,
    WAIT_SECONDS,
    ChannelClient,
    custom_ids,
    running,
    settings_for,
)


@asynccontextmanager
async def _stopping(tmp_path, monkeypatch, words, **changes):
    """Stop a bot while it downloads a member's pictures.

    Yields its channel, and the event that lets the downloads continue.
    """
    downloads, begun = asyncio.Event(), asyncio.Event()

    async def hold():
        begun.set()
        await downloads.wait()

    async with Playground(rate_limit_scale=0) as playground:
        app, channel = App(settings_for(playground, tmp_path, **changes)), ChannelClient(playground)
        stop = None
        try:
            await app.start()
            await asyncio.wait_for(app.ready.wait(), WAIT_SECONDS)
            monkeypatch.setattr(playground.faults, "apply_to_cdn", hold)
            channel.ask(words.format(bot=playground.scene.bot.id), CONTENT, STYLE)
            await asyncio.wait_for(begun.wait(), WAIT_SECONDS)
            stop = asyncio.create_task(app.stop())
            await _until(lambda: not app._scheduler.accepting)
            yield channel, downloads
            await stop
        finally:
            downloads.set()
            await (stop or app.stop())


async def _until(look):
    async with asyncio.timeout(WAIT_SECONDS):
        while not look():
            await asyncio.sleep(0.01)


async def test_a_request_in_flight_gets_its_card_and_a_new_one_a_sentence(
    tmp_path, monkeypatch, caplog
):
    stopping = _stopping(tmp_path, monkeypatch, "!stylize passes=1", shutdown_seconds=WAIT_SECONDS)
    async with stopping as (channel, downloads):
        channel.ask("!stylize passes=1", STYLE, CONTENT, author=channel.other)
        await channel.answer("no new requests")
        downloads.set()
        await channel.card()
    assert len(channel.cards()) == 1
    assert [each for each in caplog.records if each.exc_info] == []


@pytest.mark.parametrize("words", ["!stylize passes=1", "<@{bot}> passes=1"])
async def test_a_request_that_takes_too_long_is_answered(tmp_path, monkeypatch, caplog, words):
    async with _stopping(tmp_path, monkeypatch, words, shutdown_seconds=3) as (channel, _):
        await channel.answer("could not finish this")
    assert channel.cards() == []
    assert [each for each in caplog.records if each.exc_info] == []


async def test_a_slash_command_and_a_press_that_take_too_long_are_answered(
    tmp_path, monkeypatch, caplog
):
    endless, downloads = asyncio.Event(), []

    async def hang():
        downloads.append(None)
        await endless.wait()

    async with Playground(rate_limit_scale=0) as playground:
        channel = ChannelClient(playground)
        async with running(settings_for(playground, tmp_path, shutdown_seconds=2)) as app:
            channel.ask("!stylize")
            refusal = await channel.answer("Attach two pictures")
            await app._bot.in_flight.wait()
            monkeypatch.setattr(playground.faults, "apply_to_cdn", hang)
            avatar = next(each for each in custom_ids(refusal) if each.endswith(":avatar"))
            playground.press(channel.me, refusal, avatar)
            files = {"content": CONTENT, "style": STYLE}
            playground.slash(channel.other, "stylize", channel=channel.record, files=files)
            await _until(lambda: len(downloads) == 3)  # the avatar and both files
        endless.set()
        told = [each for each in channel.answers() if "could not finish this" in each.content]
        assert {each.visible_to for each in told} == {channel.me.id, channel.other.id}
    assert [each for each in caplog.records if each.exc_info] == []


@pytest.mark.slow
async def test_a_terminated_process_answers_a_slash_command_and_a_press(tmp_path, monkeypatch):
    released, downloads = asyncio.Event(), []

    async def hold():
        downloads.append(None)
        await (released.wait() if len(downloads) <= 2 else asyncio.Event().wait())

    async with Playground(rate_limit_scale=0) as playground:
        channel = ChannelClient(playground)
        settings = settings_for(playground, tmp_path, shutdown_seconds=8)
        async with bot_process(settings, tmp_path / "bot.log", is_painting=False) as bot:
            await bot.wait_for_output("connected as")
            channel.ask("!stylize")
            refusal = await channel.answer("Attach two pictures")
            monkeypatch.setattr(playground.faults, "apply_to_cdn", hold)
            files = {"content": CONTENT, "style": STYLE}
            playground.slash(channel.other, "stylize", channel=channel.record, files=files)
            await _until(lambda: len(downloads) == 2)
            avatar = next(each for each in custom_ids(refusal) if each.endswith(":avatar"))
            playground.press(channel.me, refusal, avatar)
            await _until(lambda: len(downloads) == 3)
            stopping = asyncio.create_task(bot.terminate())
            await _until(lambda: "stopping" in bot.output)
            released.set()  # the files of the slash command; the avatar never comes
            assert await stopping == 0
            cut_off = [each for each in channel.answers() if "could not finish" in each.content]
            answered = {each.visible_to for each in cut_off}
            # On a slow machine the card may not come in time; then there is the sentence.
            assert channel.cards() or channel.other.id in answered
            assert channel.me.id in answered
            assert "Traceback" not in bot.output
            assert "Session is closed" not in bot.output
