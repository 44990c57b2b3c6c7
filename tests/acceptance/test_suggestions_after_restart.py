"""Suggestions, forms and pickers keep working after a restart."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.presets import library

from .conftest import CONTENT, STYLE, custom_ids, running, settings_for, text_of

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


async def test_suggestions_forms_and_pickers_survive_a_restart(playground, channel, tmp_path):
    settings = settings_for(playground, tmp_path)

    async def press(message, ending):
        custom_id = next(each for each in custom_ids(message) if each.endswith(ending))
        pressed = playground.press(channel.me, message, custom_id)
        await pressed.settled.wait()
        assert not pressed.failed
        return pressed

    async with running(settings):
        channel.ask("!stylize mosaic passes=1")
        first = (await channel.wait(channel.answers))[0]
        channel.ask("!stylize starlihgt passes=1")
        second = (await channel.wait(lambda: len(channel.answers()) == 2 and channel.answers()))[1]
        form = await press(first, ":upload")
        channel.ask("!stylize starlihgt passes=1", CONTENT)
        channel.ask("!stylize passes=1", STYLE)
        await channel.wait(lambda: len(channel.pickers()) == 2)
    one, another = sorted(channel.pickers(), key=lambda each: "starlihgt" not in text_of(each))
    async with running(settings):
        playground.submit_modal(channel.me, form, files={"content": CONTENT})
        await channel.wait(
            lambda: channel.cards() and "harbour.png × Mosaic" in text_of(channel.cards()[-1])
        )
        await press(one, ":starlight")
        await channel.wait(lambda: "harbour.png × Starlight" in text_of(channel.cards()[-1]))
        playground.react(channel.me, another, library.get("woodcut").emoji)
        await channel.wait(lambda: "brushes.png × Woodcut" in text_of(channel.cards()[-1]))
        await channel.wait(lambda: len(channel.finals()) == 3)
        await press(second, ":avatar")
        await channel.wait(channel.pickers)

        no_posts = playground.faults.fail(503, path=r"POST .*/messages$")
        channel.ask("!stylize discs passes=1", CONTENT)
        await no_posts.arrived.wait()
    playground.faults.clear()
    playground.faults.fail(503, path=r"GET /gateway/?$")  # the bot cannot connect
    app = App(settings)
    try:
        await app.start()
        await channel.wait(lambda: "harbour.png × Colour discs" in text_of(channel.cards()[-1]))
        assert not app.ready.is_set()
    finally:
        playground.faults.clear()
        await app.stop()
