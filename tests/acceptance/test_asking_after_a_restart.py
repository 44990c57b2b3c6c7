"""Suggestions, forms and pickers keep working after a restart."""

from __future__ import annotations

import pytest

from bot.app import App
from bot.presets import library

from .conftest import CONTENT, STYLE, custom_ids, running, said, settings_for

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


async def test_suggestions_forms_and_pickers_survive_a_restart(playground, room, tmp_path):
    settings = settings_for(playground, tmp_path)

    async def press(message, ending):
        custom_id = next(each for each in custom_ids(message) if each.endswith(ending))
        pressed = playground.press(room.me, message, custom_id)
        await pressed.settled.wait()
        assert not pressed.failed
        return pressed

    async with running(settings):
        room.ask("!stylize mosaic passes=1")
        first = (await room.wait(room.answers))[0]
        room.ask("!stylize starlihgt passes=1")
        second = (await room.wait(lambda: len(room.answers()) == 2 and room.answers()))[1]
        form = await press(first, ":upload")
        room.ask("!stylize starlihgt passes=1", CONTENT)
        room.ask("!stylize passes=1", STYLE)
        await room.wait(lambda: len(room.pickers()) == 2)
    one, another = sorted(room.pickers(), key=lambda each: "starlihgt" not in said(each))
    async with running(settings):
        playground.submit_modal(room.me, form, files={"content": CONTENT})
        await room.wait(lambda: room.cards() and "harbour.png × Mosaic" in said(room.cards()[-1]))
        await press(one, ":starlight")
        await room.wait(lambda: "harbour.png × Starlight" in said(room.cards()[-1]))
        playground.react(room.me, another, library.get("woodcut").emoji)
        await room.wait(lambda: "brushes.png × Woodcut" in said(room.cards()[-1]))
        await room.wait(lambda: len(room.finals()) == 3)
        await press(second, ":avatar")
        await room.wait(room.pickers)

        no_posts = playground.faults.fail(503, path=r"POST .*/messages$")
        room.ask("!stylize discs passes=1", CONTENT)
        await no_posts.arrived.wait()
    playground.faults.clear()
    playground.faults.fail(503, path=r"GET /gateway/?$")  # the bot cannot connect
    app = App(settings)
    try:
        await app.start()
        await room.wait(lambda: "harbour.png × Colour discs" in said(room.cards()[-1]))
        assert not app.ready.is_set()
    finally:
        playground.faults.clear()
        await app.stop()
