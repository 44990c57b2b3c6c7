"""Pickers, cancelling and help; and who may use them."""

from __future__ import annotations

import pytest

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite
from bot.presets import library

from .conftest import CONTENT, STYLE, custom_ids, job_id_of, text_of

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]

MOSAIC = library.get("mosaic")


async def _picker(channel, text="!stylize passes=1"):
    request = channel.ask(text, CONTENT)
    picker = (await channel.wait(channel.pickers))[0]
    return request, picker


async def _wait_for_reactions(channel, picker):
    await channel.wait(lambda: len(picker.reactions) == min(20, len(library.PRESETS)))


async def _press(channel, member, message, custom_id):
    interaction = channel.playground.press(member, message, custom_id)
    await interaction.settled.wait()
    assert not interaction.failed
    return interaction


async def _ephemeral_reply(channel, member, *words):
    return await channel.wait(
        lambda: next(
            (
                each
                for each in channel.answers()
                if each.visible_to == member.id and all(word in text_of(each) for word in words)
            ),
            None,
        )
    )


async def test_one_picture_opens_a_picker_and_a_reaction_starts_the_job(channel):
    request, picker = await _picker(channel)
    assert picker.reference["message_id"] == request.id
    assert "Choose a style" in text_of(picker)
    assert picker.attachments[0].description
    await _wait_for_reactions(channel, picker)
    assert list(picker.reactions) == [preset.emoji for preset in library.PRESETS][:20]

    channel.playground.react(channel.other, picker, MOSAIC.emoji)
    channel.playground.react(channel.me, picker, "👍")
    channel.playground.react(channel.me, picker, MOSAIC.emoji)
    final = await channel.final()
    assert "harbour.png × Mosaic" in text_of(final)
    assert final.reference["message_id"] == request.id
    assert [user.id for user in final.mentions] == [channel.me.id]
    assert len(channel.cards()) == 1
    await channel.wait(lambda: "Mosaic" in picker.content and custom_ids(picker) == [])
    await channel.wait(lambda: not picker.reactions)  # they have no effect any more


async def test_the_menu_does_the_same(channel):
    _, picker = await _picker(channel)
    chosen = channel.playground.select(channel.me, picker, "picker:choose", ["woodcut"])
    await chosen.settled.wait()
    assert not chosen.failed
    assert "Woodcut" in text_of(await channel.final())


async def test_a_choice_by_another_member_is_refused(channel):
    _, picker = await _picker(channel)
    channel.playground.select(channel.other, picker, "picker:choose", ["woodcut"])
    await _ephemeral_reply(channel, channel.other, "Only the member who posted the picture")
    assert channel.cards() == []


async def test_a_preset_by_name_needs_no_picker(channel):
    channel.ask("!stylize mosaic passes=1", CONTENT)
    assert "Mosaic" in text_of(await channel.final())
    assert len(channel.cards()) == 1


async def test_a_misspelt_preset_gets_a_suggestion_and_the_picker(channel):
    await _picker(channel, "!stylize mosiac")
    assert "did you mean **Mosaic**" in text_of(channel.pickers()[0])


async def test_without_permission_to_react_only_the_menu_is_offered(channel):
    playground = channel.playground
    playground.set_overwrite(
        channel.record,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.ADD_REACTIONS),
    )
    try:
        _, picker = await _picker(channel)
        assert "Use the menu below" in text_of(picker)
        channel.playground.select(channel.me, picker, "picker:choose", ["mosaic"])
        await channel.final()
    finally:
        playground.clear_overwrites(channel.record)


async def test_picker_falls_back_to_the_menu_if_reactions_fail(channel):
    channel.playground.faults.fail(403, path=r".*/reactions/.*")
    try:
        channel.ask("!stylize passes=1", CONTENT)
        picker = (await channel.wait(channel.pickers))[0]
        await channel.wait(lambda: "I am not allowed to add reactions here" in text_of(picker))
    finally:
        channel.playground.faults.clear()
    channel.playground.select(channel.me, picker, "picker:choose", ["mosaic"])
    await channel.card()


async def test_preset_names_are_autocompleted(channel):
    offered = await channel.playground.autocomplete(
        channel.me, "stylize", "preset", "mosiac", channel=channel.record
    )
    assert [choice["value"] for choice in offered] == ["mosaic"]
    everything = await channel.playground.autocomplete(
        channel.me, "stylize", "preset", "", channel=channel.record
    )
    assert len(everything) == len(library.PRESETS) + 1  # and a random one


async def test_the_requester_cancels_and_nobody_else(channel):
    channel.ask("!stylize passes=300", CONTENT, STYLE)
    card = await channel.card_saying("Painting")
    cancel = f"job:{job_id_of(card)}:cancel"
    await _press(channel, channel.other, card, cancel)  # neither the requester nor a moderator
    await _press(channel, channel.me, card, cancel)
    await channel.card_saying("Cancelled")
    assert channel.finals() == []
    await _wait_until_gone(channel, card, cancel)


async def _wait_until_gone(channel, card, cancel):
    """Wait until the button is removed from the card."""
    await channel.wait(lambda: cancel not in custom_ids(card))


async def test_cancel_by_command(channel):
    channel.ask("!stylize passes=300", CONTENT, STYLE)
    await channel.card()
    channel.ask("!queue")
    queue = await channel.answer("Queue")
    assert "harbour × brushes · " in queue.embeds[0]["fields"][0]["value"]
    channel.ask("!cancel")
    await channel.answer("Cancelled **harbour × brushes · ")
    await channel.card_saying("Cancelled")
    channel.ask("!cancel")
    await channel.answer("no such painting")


@pytest.mark.parametrize("text", ["!help", "!presets"])
async def test_help_shows_the_presets(channel, text):
    channel.ask(text)
    answer = await channel.wait(lambda: next((a for a in channel.answers() if a.embeds), None))
    assert answer.embeds[0]["image"]
    assert answer.attachments[0].description


@pytest.mark.parametrize("name", ["help", "presets", "queue", "cancel"])
async def test_slash_commands_answer_the_member_alone(channel, name):
    channel.playground.slash(channel.me, name, channel=channel.record)
    answer = await channel.wait(
        lambda: next((a for a in channel.answers() if text_of(a).strip()), None)
    )
    assert answer.visible_to == channel.me.id
