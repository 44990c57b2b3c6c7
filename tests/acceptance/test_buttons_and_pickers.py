"""Pickers, cancelling and help; and who may use them."""

from __future__ import annotations

import pytest

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite
from bot.presets import library

from .conftest import CONTENT, STYLE, custom_ids, job_id_of, said

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]

MOSAIC = library.get("mosaic")


async def _picker(room, text="!stylize passes=1"):
    request = room.ask(text, CONTENT)
    picker = (await room.wait(room.pickers))[0]
    return request, picker


async def _wait_for_reactions(room, picker):
    await room.wait(lambda: len(picker.reactions) == min(20, len(library.PRESETS)))


async def _press(room, member, message, custom_id):
    interaction = room.playground.press(member, message, custom_id)
    await interaction.settled.wait()
    assert not interaction.failed
    return interaction


async def _private_answer(room, member, *words):
    return await room.wait(
        lambda: next(
            (
                each
                for each in room.answers()
                if each.visible_to == member.id and all(word in said(each) for word in words)
            ),
            None,
        )
    )


async def test_one_picture_opens_a_picker_and_a_reaction_starts_the_job(room):
    request, picker = await _picker(room)
    assert picker.reference["message_id"] == request.id
    assert "Choose a style" in said(picker)
    assert picker.attachments[0].description
    await _wait_for_reactions(room, picker)
    assert list(picker.reactions) == [preset.emoji for preset in library.PRESETS][:20]

    room.playground.react(room.other, picker, MOSAIC.emoji)
    room.playground.react(room.me, picker, "👍")
    room.playground.react(room.me, picker, MOSAIC.emoji)
    final = await room.final()
    assert "harbour.png × Mosaic" in said(final)
    assert final.reference["message_id"] == request.id
    assert [user.id for user in final.mentions] == [room.me.id]
    assert len(room.cards()) == 1
    await room.wait(lambda: "Mosaic" in picker.content and custom_ids(picker) == [])
    await room.wait(lambda: not picker.reactions)  # they have no effect any more


async def test_the_menu_does_the_same(room):
    _, picker = await _picker(room)
    chosen = room.playground.select(room.me, picker, "picker:choose", ["woodcut"])
    await chosen.settled.wait()
    assert not chosen.failed
    assert "Woodcut" in said(await room.final())


async def test_others_are_told_that_the_choice_is_not_theirs(room):
    _, picker = await _picker(room)
    room.playground.select(room.other, picker, "picker:choose", ["woodcut"])
    await _private_answer(room, room.other, "Only the member who posted the picture")
    assert room.cards() == []


async def test_a_preset_by_name_needs_no_picker(room):
    room.ask("!stylize mosaic passes=1", CONTENT)
    assert "Mosaic" in said(await room.final())
    assert len(room.cards()) == 1


async def test_a_misspelt_preset_gets_a_suggestion_and_the_picker(room):
    await _picker(room, "!stylize mosiac")
    assert "did you mean **Mosaic**" in said(room.pickers()[0])


async def test_without_permission_to_react_only_the_menu_is_offered(room):
    playground = room.playground
    playground.set_overwrite(
        room.channel,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.ADD_REACTIONS),
    )
    try:
        _, picker = await _picker(room)
        assert "Use the menu below" in said(picker)
        room.playground.select(room.me, picker, "picker:choose", ["mosaic"])
        await room.final()
    finally:
        playground.clear_overwrites(room.channel)


async def test_preset_names_are_autocompleted(room):
    offered = await room.playground.autocomplete(
        room.me, "stylize", "preset", "mosiac", channel=room.channel
    )
    assert [choice["value"] for choice in offered] == ["mosaic"]
    everything = await room.playground.autocomplete(
        room.me, "stylize", "preset", "", channel=room.channel
    )
    assert len(everything) == len(library.PRESETS)


async def test_the_requester_cancels_and_nobody_else(room):
    room.ask("!stylize passes=300", CONTENT, STYLE)
    card = await room.card_saying("Painting")
    cancel = f"job:{job_id_of(card)}:cancel"
    await _press(room, room.other, card, cancel)  # neither the requester nor a moderator
    await _press(room, room.me, card, cancel)
    await room.card_saying("Cancelled")
    assert room.finals() == []
    await _wait_until_gone(room, card, cancel)


async def _wait_until_gone(room, card, cancel):
    """Wait until the button is removed from the card."""
    await room.wait(lambda: cancel not in custom_ids(card))


async def test_cancel_by_command(room):
    room.ask("!stylize passes=300", CONTENT, STYLE)
    await room.card()
    room.ask("!queue")
    queue = await room.answer("Queue")
    assert "harbour.png × brushes.png" in queue.embeds[0]["fields"][0]["value"]
    room.ask("!cancel")
    await room.answer("Cancelled **harbour.png × brushes.png**.")
    await room.card_saying("Cancelled")
    room.ask("!cancel")
    await room.answer("nothing to cancel")


@pytest.mark.parametrize("text", ["!help", "!presets"])
async def test_help_shows_the_presets(room, text):
    room.ask(text)
    answer = await room.wait(lambda: next((a for a in room.answers() if a.embeds), None))
    assert answer.embeds[0]["image"]
    assert answer.attachments[0].description


@pytest.mark.parametrize("name", ["help", "presets", "queue", "cancel"])
async def test_slash_commands_answer_the_member_alone(room, name):
    room.playground.slash(room.me, name, channel=room.channel)
    answer = await room.wait(lambda: next((a for a in room.answers() if said(a).strip()), None))
    assert answer.visible_to == room.me.id
