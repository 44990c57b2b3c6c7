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

from .conftest import CONTENT, STYLE, custom_ids, job_id_of, text_of

pytestmark = [
    pytest.mark.paints,
    pytest.mark.usefixtures("app"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def _paint(channel, text="!stylize passes=2", content=CONTENT):
    earlier = {each.id for each in channel.finals()}
    channel.ask(text, content, STYLE)
    finals = await channel.wait(lambda: [f for f in channel.finals() if f.id not in earlier])
    return finals[0]


def _button(message, action):
    return next(each for each in custom_ids(message) if each.endswith(f":{action}"))


def _labels(message):
    components = [component for row in message.components for component in row["components"]]
    return [component["label"] for component in components if "label" in component]


async def _press(channel, member, message, action):
    pressed = channel.playground.press(member, message, _button(message, action))
    await pressed.settled.wait()
    assert not pressed.failed
    return pressed


async def _ephemeral_reply(channel, member, *words):
    return await channel.wait(
        lambda: next(
            (
                each
                for each in reversed(channel.answers())
                if each.visible_to == member.id and all(word in text_of(each) for word in words)
            ),
            None,
        )
    )


async def _vary(channel, member, message, action):
    """Press a button that starts a job, and wait for its result."""
    earlier = {each.id for each in channel.finals()}
    if action in {"lighter", "stronger"}:
        menu = _button(message, "strength")
        chosen = channel.playground.select(member, message, menu, [action])
        await chosen.settled.wait()
        assert not chosen.failed
    else:
        await _press(channel, member, message, action)
    made = await channel.wait(lambda: [f for f in channel.finals() if f.id not in earlier])
    assert made[0].reference["message_id"] == message.id
    assert [user.id for user in made[0].mentions] == [member.id]
    return made[0]


async def test_anyone_can_vary_a_result(channel):
    first = await _paint(channel)
    again = await _vary(channel, channel.other, first, "again")
    assert "seed" in again.content
    stronger = await _vary(channel, channel.me, first, "stronger")
    assert "style ×2.5" in stronger.content
    fainter = await _vary(channel, channel.me, first, "lighter")
    assert "style ×0.4" in fainter.content
    kept = await _vary(channel, channel.me, first, "keep")
    assert "own colours kept" in kept.content
    assert "Style's colours" in _labels(kept)
    # A variation keeps its own copies, so the first result can be deleted.
    await _press(channel, channel.me, first, "delete")
    await channel.wait(lambda: first.id not in channel.record.messages)
    recoloured = await _vary(channel, channel.me, kept, "recolour")
    assert "own colours kept" not in recoloured.content
    larger = await _vary(channel, channel.me, again, "larger")
    assert "128 px" in larger.content
    assert channel.picture(larger.attachments[0]).width == 128
    assert "Largest (128 px)" in _labels(larger)
    await _press(channel, channel.me, larger, "twice")
    await _ephemeral_reply(channel, channel.me, "as large as I paint: 128 pixels")


async def test_another_style_opens_a_picker_with_the_same_picture_for_whoever_asks(channel):
    first = await _paint(channel, "!stylize passes=2 keep colours", ("SPOILER_a.png", CONTENT[1]))
    await _press(channel, channel.other, first, "restyle")
    picker = (await channel.wait(channel.pickers))[0]
    assert picker.reference["message_id"] == first.id
    await _press(channel, channel.me, first, "delete")
    await channel.wait(lambda: first.id not in channel.record.messages)
    chosen = channel.playground.select(channel.other, picker, "picker:choose", ["mosaic"])
    await chosen.settled.wait()
    second = (await channel.wait(channel.finals))[0]
    assert "a.png × Mosaic" in second.content
    assert "own colours kept · 2 passes" in second.content
    assert [user.id for user in second.mentions] == [channel.other.id]
    assert second.attachments[0].filename.startswith("SPOILER_")


async def test_a_direct_message_follows_where_it_can_and_the_channel_says_so_where_not(channel):
    private = channel.playground.state.direct_channel(channel.playground.scene.bot, channel.other)
    channel.ask("!stylize passes=2 message me when done", CONTENT, STYLE, author=channel.other)
    final = await channel.final()
    notice = (await channel.wait(lambda: list(private.messages.values())))[-1]
    assert "is done" in notice.content
    assert channel.picture(notice.attachments[0]).width == 64
    link = notice.components[0]["components"][0]
    assert link["url"].endswith(f"/{channel.record.id}/{final.id}")

    channel.other.accepts_dms = False
    try:
        channel.ask("!stylize passes=300", CONTENT, STYLE, author=channel.other)
        card = (await channel.wait(lambda: len(channel.cards()) == 2 and channel.cards()))[1]
        await _press(channel, channel.me, card, "notify")
        await _ephemeral_reply(channel, channel.me, "Only the member who asked")
        await _press(channel, channel.other, card, "notify")
        await channel.wait(lambda: "I'll message you" in _labels(card))
        await _press(channel, channel.other, card, "cancel")
        channel.ask("!stylize passes=1 notify", CONTENT, STYLE, author=channel.other)
        said = await channel.answer("yours are closed to me")
        assert said.reference["message_id"] == channel.finals()[1].id
    finally:
        channel.other.accepts_dms = True


async def test_the_gallery_opens_a_painting_with_its_buttons_and_knows_favourites(channel):
    first = await _paint(channel, content=("zebra.png", CONTENT[1]))
    await _press(channel, channel.other, first, "favourite")
    await _ephemeral_reply(channel, channel.other, "Added to your favourites")
    channel.ask("!gallery favourites", author=channel.other)
    page = await channel.answer("Favourites of")
    assert "zebra × brushes" in text_of(page)
    assert "❤️" in text_of(page)
    menu = _button(page, f"open:{channel.other.id}")
    job_id = page.components[0]["components"][0]["options"][0]["value"]
    chosen = channel.playground.select(channel.other, page, menu, [job_id])
    await chosen.settled.wait()
    opened = await _ephemeral_reply(channel, channel.other, "zebra × brushes", "message")
    assert channel.picture(opened.attachments[0]).width == 64
    assert [each.rpartition(":")[2] for each in custom_ids(opened)] == [
        each.rpartition(":")[2] for each in custom_ids(first)
    ]
    again = await _vary_from(channel, channel.other, opened, "again")
    assert "zebra.png" in again.content
    await _press(channel, channel.other, opened, "delete")
    await _ephemeral_reply(channel, channel.other, "Only the member who asked")

    search = next(each for each in custom_ids(page) if each.startswith("gallery:search"))
    await _form(channel, channel.other, page, search, "no such painting")
    await channel.wait(lambda: "Nothing. Try fewer" in text_of(page))
    everything = next(each for each in custom_ids(page) if each.startswith("gallery:view"))
    channel.playground.press(channel.other, page, everything)
    await channel.wait(lambda: "Paintings of" in text_of(page))


async def _vary_from(channel, member, message, action):
    """Press a button on a message that only the member sees, and wait for the result."""
    earlier = {each.id for each in channel.finals()}
    await _press(channel, member, message, action)
    return (await channel.wait(lambda: [f for f in channel.finals() if f.id not in earlier]))[0]


async def _form(channel, member, message, custom_id, words):
    pressed = channel.playground.press(member, message, custom_id)
    await channel.wait(lambda: pressed.modal)
    submitted = channel.playground.submit_modal(member, pressed, {"words": words})
    await submitted.settled.wait()
    assert not submitted.failed


async def test_three_pictures_and_a_preset_are_three_paintings(channel):
    files = [(f"{name}.png", CONTENT[1]) for name in ("one", "two", "three")]
    request = channel.ask("!stylize mosaic passes=1", *files)
    finals = await channel.wait(lambda: len(channel.finals()) == 3 and channel.finals())
    words = sorted(text_of(each).split("**")[1] for each in finals)
    assert words == ["one.png × Mosaic", "three.png × Mosaic", "two.png × Mosaic"]
    assert {each.reference["message_id"] for each in finals} == {request.id}
    assert len(channel.cards()) == 3


async def test_a_double_press_starts_one_job_and_two_members_start_two(channel):
    first = await _paint(channel)
    cards = len(channel.cards())
    await asyncio.gather(
        _press(channel, channel.me, first, "again"),
        _press(channel, channel.me, first, "again"),
        _press(channel, channel.other, first, "again"),
    )
    await channel.wait(lambda: len(channel.finals()) == 3)
    assert len(channel.cards()) == cards + 2
    asked = sorted(user.id for final in channel.finals()[1:] for user in final.mentions)
    assert asked == sorted([channel.me.id, channel.other.id])


async def test_details_are_private_and_reproduce_the_result(channel, tmp_path):
    first = await _paint(channel, "!stylize passes=2 strength=2 seed=7")
    await _press(channel, channel.other, first, "details")
    answer = await _ephemeral_reply(channel, channel.other, "harbour.png × brushes.png")
    fields = {field["name"]: field["value"] for field in answer.embeds[0]["fields"]}
    assert fields["Recipe"] == "default, 2 passes"
    assert fields["Seed"] == "7"
    assert fields["Size"] == "64 × 51 px"

    for name, data in (CONTENT, STYLE):
        (tmp_path / name).write_bytes(data)
    [recipe] = answer.attachments
    (tmp_path / recipe.filename).write_bytes(channel.playground.cdn.read(recipe))
    command = fields["Reproduce it yourself"].strip("`").removeprefix("sh\n")
    words = shlex.split(command.replace("\\\n", " "))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words[1:], "--no-snapshots", "--device", "cpu", cwd=tmp_path
    )
    assert await process.wait() == 0
    ours = np.asarray(channel.picture(first.attachments[0]), dtype=int)
    with Image.open(tmp_path / "painting.png") as file:
        theirs = np.asarray(file, dtype=int)
    assert np.abs(ours - theirs).mean() < 1


async def test_the_time_lapse_is_a_private_animation(channel, app):
    first = await _paint(channel, "!stylize passes=12", ("SPOILER_harbour.png", CONTENT[1]))
    await _wait_until_recorded(app, channel.cards()[0])
    await _press(channel, channel.other, first, "timelapse")
    answer = await _ephemeral_reply(channel, channel.other, "was painted")
    [animation] = answer.attachments
    assert animation.filename.startswith("SPOILER_")
    assert "Time-lapse" in animation.description
    picture = channel.picture(animation)
    assert picture.is_animated
    assert picture.n_frames >= 2
    await _press(channel, channel.other, answer, "post")
    posted = await channel.wait(
        lambda: [
            each
            for each in channel.answers()
            if "was painted" in each.content and not each.visible_to
        ]
    )
    [posted] = posted
    assert posted.reference["message_id"] == first.id
    assert channel.picture(posted.attachments[0]).is_animated
    await _press(channel, channel.me, first, "delete")
    await channel.wait(lambda: posted.id not in channel.record.messages)


async def _wait_until_recorded(app, card):
    """Wait until the bot knows the message that delivered a job's picture."""
    store = app._bot._dependencies.store
    async with asyncio.timeout(60):
        while (await store.get(job_id_of(card))).outcome_message_id is None:
            await asyncio.sleep(0.05)


async def test_only_the_requester_and_moderators_delete(channel, app, settings):
    first = await _paint(channel)
    card = channel.cards()[0]
    await _press(channel, channel.other, first, "delete")
    await _ephemeral_reply(channel, channel.other, "Only the member who asked")
    assert first.id in channel.record.messages

    playground = channel.playground
    allow = Overwrite(id=channel.other.id, type=1, allow=Permission.MANAGE_MESSAGES)
    playground.set_overwrite(channel.record, allow)
    try:
        await _press(channel, channel.other, first, "delete")
        await channel.wait(lambda: first.id not in channel.record.messages)
        await channel.wait(lambda: card.id not in channel.record.messages)
    finally:
        playground.clear_overwrites(channel.record)
    folder = settings.data_dir / "artefacts" / "jobs" / job_id_of(card)
    async with asyncio.timeout(60):
        while folder.exists():
            await asyncio.sleep(0.1)


async def test_buttons_are_answered_in_channels_closed_to_the_bot(channel):
    first = await _paint(channel, "!stylize passes=6")
    playground = channel.playground
    bot = playground.scene.bot.id
    deny = Permission.VIEW_CHANNEL | Permission.SEND_MESSAGES | Permission.READ_MESSAGE_HISTORY
    playground.set_overwrite(channel.record, Overwrite(id=bot, type=1, deny=deny))
    try:
        await _press(channel, channel.me, first, "again")
        await _ephemeral_reply(channel, channel.me, "I need the permission")
        await _press(channel, channel.me, first, "details")
        await _ephemeral_reply(channel, channel.me, "harbour.png × brushes.png")
        await _press(channel, channel.me, first, "timelapse")
        await _ephemeral_reply(channel, channel.me, "was painted")
        await _press(channel, channel.me, first, "delete")
        await channel.wait(lambda: first.id not in channel.record.messages)
    finally:
        playground.clear_overwrites(channel.record)


async def test_a_cancelled_job_can_be_started_again(channel):
    channel.ask("!stylize passes=300", CONTENT, STYLE)
    card = await channel.card_saying("Painting")
    await _press(channel, channel.me, card, "cancel")
    await channel.card_saying("Cancelled")
    await channel.wait(lambda: "Paint it after all" in _labels(card))
    await _press(channel, channel.me, card, "again")
    second = (await channel.wait(lambda: len(channel.cards()) == 2 and channel.cards()))[1]
    assert second.reference["message_id"] == card.id
    await _press(channel, channel.me, second, "cancel")
    await _press(channel, channel.me, card, "delete")
    await channel.wait(lambda: card.id not in channel.record.messages)


@pytest.fixture(scope="module")
def settings(playground, tmp_path_factory):
    """Settings whose largest size is twice the default size."""
    from .conftest import settings_for

    return settings_for(
        playground, tmp_path_factory.mktemp("bot"), largest_size=128, max_jobs_per_member=10
    )
