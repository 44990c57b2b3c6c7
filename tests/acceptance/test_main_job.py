"""Two pictures in, one painting out: every way to ask, through the real client."""

from __future__ import annotations

import threading

import pytest

from bot.delivery import job_pictures
from bot.jobs.models import QueueMode
from bot.views import collage

from .conftest import CONTENT, PATIENCE_SECONDS, STYLE, custom_ids, job_id_of, said

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


async def test_two_pictures_become_one_painting(room):
    request = room.ask("!stylize passes=6", CONTENT, STYLE)
    card = await room.card()
    assert card.reference["message_id"] == request.id
    assert "harbour.png × brushes.png" in said(card)
    assert custom_ids(card) == [f"job:{job_id_of(card)}:{verb}" for verb in ("cancel", "swap")]
    assert "Repainting **harbour.png** in the style of **brushes.png**." in said(card)

    final = await room.final()
    assert final.reference["message_id"] == request.id
    assert [user.id for user in final.mentions] == [room.me.id]
    assert not final.mention_everyone
    attachment, strip = final.attachments
    assert strip.description.startswith("Side by side: harbour.png before")
    assert [embed["image"]["url"] for embed in final.embeds] == [f"attachment://{strip.filename}"]
    assert attachment.filename == "harbour-brushes.png"
    assert attachment.description == "harbour.png × brushes.png, painted by style transfer"
    picture = room.picture(attachment)
    assert (picture.format, picture.size) == ("PNG", (64, 51))

    done = await room.card_saying("100%", "Painted in")
    assert done is card or done.id == card.id
    assert custom_ids(done) == []
    assert len(room.cards()) == 1
    assert len(room.finals()) == 1


async def test_the_card_is_there_before_any_picture_of_it_is_drawn(room, app, monkeypatch):
    await app._scheduler.set_mode(QueueMode.PAUSED)
    may_draw = threading.Event()

    def held(*taken):
        may_draw.wait(PATIENCE_SECONDS)
        return collage.inputs_sheet(*taken)

    monkeypatch.setattr(job_pictures, "inputs_sheet", held)
    try:
        room.ask("!stylize", CONTENT, STYLE)
        card = await room.card()
        assert "Repainting **harbour.png** in the style of **brushes.png**." in said(card)
        assert card.attachments == []
    finally:
        may_draw.set()
    await room.wait(lambda: [each.filename for each in card.attachments] == ["taken.webp"])
    assert card.embeds[0]["image"]["url"] == "attachment://taken.webp"
    assert card.attachments[0].description.startswith("The picture to repaint, harbour.png")
    room.playground.press(room.me, card, f"job:{job_id_of(card)}:cancel")
    await room.card_saying("Cancelled")
    await app._scheduler.set_mode(QueueMode.OPEN)


async def test_the_card_shows_the_picture_growing(room):
    seen = []

    def look():
        for card in room.cards():
            state = (said(card), [each.filename for each in card.attachments])
            if state not in seen:
                seen.append(state)
        return room.finals()

    room.ask("!stylize passes=150", CONTENT, STYLE)
    await room.wait(look)
    await room.card_saying("100%")
    snapshots = {name for _, names in seen for name in names if name.startswith("step-")}
    assert len(snapshots) >= 2
    painting = [text for text, _ in seen if "Painting" in text]
    assert any("likeness" in text and "style" in text for text in painting)
    assert any("left" in text and "step" in text for text in painting)


async def test_a_mention_serves_as_prefix(room):
    room.ask(f"<@{room.playground.scene.bot.id}> stylize passes=2", CONTENT, STYLE)
    await room.final()


async def test_a_mention_with_two_pictures_needs_no_command(room):
    room.ask(f"<@{room.playground.scene.bot.id}> passes=2", CONTENT, STYLE)
    await room.final()


async def test_a_reply_takes_the_pictures_of_the_message_replied_to(room):
    message = room.ask("look at these", CONTENT, STYLE, author=room.other)
    request = room.ask("!stylize passes=2", reply_to=message)
    final = await room.final()
    assert final.reference["message_id"] == request.id
    assert [user.id for user in final.mentions] == [room.me.id]


async def test_a_reply_with_a_style_paints_the_picture_replied_to(room):
    picture = room.ask("my harbour", CONTENT, author=room.other)
    room.ask("!stylize passes=2", STYLE, reply_to=picture)
    assert "harbour.png × brushes.png" in said(await room.final())


async def test_a_forwarded_message_holds_pictures_too(room):
    original = room.ask("look at these", CONTENT, STYLE, author=room.other)
    forward = room.ask("", forward=original)
    room.ask("!stylize passes=2", reply_to=forward)
    await room.final()


async def test_swap_takes_the_second_picture_as_content(room):
    room.ask("!stylize swap passes=2", STYLE, CONTENT)
    assert "harbour.png × brushes.png" in said(await room.final())


async def test_the_slash_command_does_the_same(room):
    pressed = room.playground.slash(
        room.me,
        "stylize",
        {"passes": 2},
        channel=room.channel,
        files={"content": CONTENT, "style": STYLE},
    )
    final = await room.final()
    await pressed.settled.wait()
    assert "harbour.png × brushes.png" in said(final)
    assert [user.id for user in final.mentions] == [room.me.id]


async def test_the_apps_menu_paints_what_is_on_a_message(room):
    message = room.ask("look at these", CONTENT, STYLE, author=room.other)
    room.playground.context_menu(room.me, "Stylize", message)
    final = await room.final()
    assert final.reference["message_id"] == message.id
    assert [user.id for user in final.mentions] == [room.me.id]


@pytest.mark.parametrize("text", ["!stylize passes=2", "passes=2"])
async def test_pictures_may_be_sent_directly(room, text):
    playground = room.playground
    channel = playground.state.direct_channel(room.me, playground.scene.bot)
    earlier = set(channel.messages)
    playground.post_message(room.me, text, channel=channel, files=[CONTENT, STYLE])

    def painted():
        new = [each for key, each in channel.messages.items() if key not in earlier]
        return [each for each in new if "here is" in each.content and each.attachments]

    await room.wait(painted)


async def test_spoilers_stay_spoilers(room):
    room.ask("!stylize passes=4", ("SPOILER_harbour.png", CONTENT[1]), STYLE)
    final = await room.final()
    assert len(final.attachments) == 2
    assert final.embeds == []
    assert all(each.filename.startswith("SPOILER_") for each in final.attachments)
    for card in room.cards():
        assert not any(embed.get("image") or embed.get("thumbnail") for embed in card.embeds)
        assert all(each.filename.startswith("SPOILER_") for each in card.attachments)
