"""The buttons of a result: who may press them, and what they do."""

from __future__ import annotations

import asyncio
import shlex
import sys

import numpy as np
import pytest
from PIL import Image

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import CONTENT, STYLE, custom_ids, job_id_of, said

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


async def _paint(room, text="!stylize passes=2", content=CONTENT):
    earlier = {each.id for each in room.finals()}
    room.ask(text, content, STYLE)
    finals = await room.wait(lambda: [f for f in room.finals() if f.id not in earlier])
    return finals[0]


def _button(message, action):
    return next(each for each in custom_ids(message) if each.endswith(f":{action}"))


def _labels(message):
    return [component["label"] for row in message.components for component in row["components"]]


async def _press(room, member, message, action):
    pressed = room.playground.press(member, message, _button(message, action))
    await pressed.settled.wait()
    assert not pressed.failed
    return pressed


async def _private_answer(room, member, *words):
    return await room.wait(
        lambda: next(
            (
                each
                for each in reversed(room.answers())
                if each.visible_to == member.id and all(word in said(each) for word in words)
            ),
            None,
        )
    )


async def _vary(room, member, message, action):
    """Press a button that starts a job, and wait for its result."""
    earlier = {each.id for each in room.finals()}
    await _press(room, member, message, action)
    made = await room.wait(lambda: [f for f in room.finals() if f.id not in earlier])
    assert made[0].reference["message_id"] == message.id
    assert [user.id for user in made[0].mentions] == [member.id]
    return made[0]


async def test_anyone_can_vary_a_result(room):
    first = await _paint(room)
    again = await _vary(room, room.other, first, "again")
    assert "seed" in again.content
    stronger = await _vary(room, room.me, first, "style")
    assert "style ×2.5" in stronger.content
    fainter = await _vary(room, room.me, first, "content")
    assert "style ×0.4" in fainter.content
    kept = await _vary(room, room.me, first, "keep")
    assert "own colours kept" in kept.content
    assert "Style's colours" in _labels(kept)
    # A variation keeps its own copies, so the first result can be deleted.
    await _press(room, room.me, first, "delete")
    await room.wait(lambda: first.id not in room.channel.messages)
    recoloured = await _vary(room, room.me, kept, "recolour")
    assert "own colours kept" not in recoloured.content
    larger = await _vary(room, room.me, again, "larger")
    assert "128 px" in larger.content
    assert room.picture(larger.attachments[0]).width == 128
    assert "Largest (128 px)" in _labels(larger)


async def test_a_double_press_starts_one_job_and_two_members_start_two(room):
    first = await _paint(room)
    cards = len(room.cards())
    await asyncio.gather(
        _press(room, room.me, first, "again"),
        _press(room, room.me, first, "again"),
        _press(room, room.other, first, "again"),
    )
    await room.wait(lambda: len(room.finals()) == 3)
    assert len(room.cards()) == cards + 2
    asked = sorted(user.id for final in room.finals()[1:] for user in final.mentions)
    assert asked == sorted([room.me.id, room.other.id])


async def test_details_are_private_and_reproduce_the_result(room, tmp_path):
    first = await _paint(room, "!stylize passes=2 strength=2 seed=7")
    await _press(room, room.other, first, "details")
    answer = await _private_answer(room, room.other, "harbour.png × brushes.png")
    fields = {field["name"]: field["value"] for field in answer.embeds[0]["fields"]}
    assert fields["Recipe"] == "default, 2 passes"
    assert fields["Seed"] == "7"
    assert fields["Size"] == "64 × 51 px"

    for name, data in (CONTENT, STYLE):
        (tmp_path / name).write_bytes(data)
    [recipe] = answer.attachments
    (tmp_path / recipe.filename).write_bytes(room.playground.cdn.read(recipe))
    command = fields["Reproduce it yourself"].strip("`").removeprefix("sh\n")
    words = shlex.split(command.replace("\\\n", " "))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words[1:], "--no-snapshots", "--device", "cpu", cwd=tmp_path
    )
    assert await process.wait() == 0
    ours = np.asarray(room.picture(first.attachments[0]), dtype=int)
    with Image.open(tmp_path / "painting.png") as file:
        theirs = np.asarray(file, dtype=int)
    assert np.abs(ours - theirs).mean() < 1


async def test_the_time_lapse_is_a_private_animation(room):
    first = await _paint(room, "!stylize passes=12", ("SPOILER_harbour.png", CONTENT[1]))
    await _press(room, room.other, first, "timelapse")
    answer = await _private_answer(room, room.other, "was painted")
    [animation] = answer.attachments
    assert animation.filename.startswith("SPOILER_")
    assert "animation" in animation.description
    picture = room.picture(animation)
    assert picture.is_animated
    assert picture.n_frames >= 2


async def test_only_the_requester_and_moderators_delete(room, app, settings):
    first = await _paint(room)
    card = room.cards()[0]
    await _press(room, room.other, first, "delete")
    await _private_answer(room, room.other, "Only the member who asked")
    assert first.id in room.channel.messages

    playground = room.playground
    allow = Overwrite(id=room.other.id, type=1, allow=Permission.MANAGE_MESSAGES)
    playground.set_overwrite(room.channel, allow)
    try:
        await _press(room, room.other, first, "delete")
        await room.wait(lambda: first.id not in room.channel.messages)
        await room.wait(lambda: card.id not in room.channel.messages)
    finally:
        playground.clear_overwrites(room.channel)
    folder = settings.data_dir / "artefacts" / "jobs" / job_id_of(card)
    async with asyncio.timeout(60):
        while folder.exists():
            await asyncio.sleep(0.1)


async def test_buttons_are_answered_in_channels_closed_to_the_bot(room):
    first = await _paint(room, "!stylize passes=6")
    playground = room.playground
    bot = playground.scene.bot.id
    deny = Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.READ_MESSAGE_HISTORY
    playground.set_overwrite(room.channel, Overwrite(id=bot, type=1, deny=deny))
    try:
        await _press(room, room.me, first, "again")
        await _private_answer(room, room.me, "not allowed to post paintings")
        await _press(room, room.me, first, "details")
        await _private_answer(room, room.me, "harbour.png × brushes.png")
        await _press(room, room.me, first, "timelapse")
        await _private_answer(room, room.me, "was painted")
        await _press(room, room.me, first, "delete")
        await room.wait(lambda: first.id not in room.channel.messages)
    finally:
        playground.clear_overwrites(room.channel)


async def test_a_cancelled_job_can_be_started_again(room):
    room.ask("!stylize passes=300", CONTENT, STYLE)
    card = await room.card_saying("Painting")
    await _press(room, room.me, card, "cancel")
    await room.card_saying("Cancelled")
    await room.wait(lambda: "Paint it after all" in _labels(card))
    await _press(room, room.me, card, "again")
    second = (await room.wait(lambda: len(room.cards()) == 2 and room.cards()))[1]
    assert second.reference["message_id"] == card.id
    await _press(room, room.me, second, "cancel")
    await _press(room, room.me, card, "delete")
    await room.wait(lambda: card.id not in room.channel.messages)


@pytest.fixture(scope="module")
def settings(playground, tmp_path_factory):
    """Settings whose largest size is twice the default size."""
    from .conftest import settings_for

    return settings_for(
        playground, tmp_path_factory.mktemp("bot"), largest_size=128, max_jobs_per_member=10
    )
