"""Two pictures in, one painting out: every way to ask, through the real client."""

from __future__ import annotations

import threading

import pytest

from bot.delivery import job_pictures
from bot.jobs.models import QueueMode
from bot.views import collage

from .conftest import CONTENT, STYLE, WAIT_SECONDS, custom_ids, job_id_of, text_of

pytestmark = [
    pytest.mark.paints,
    pytest.mark.usefixtures("app"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_two_pictures_become_one_painting(channel):
    request = channel.ask("!stylize passes=6", CONTENT, STYLE)
    card = await channel.card()
    assert card.reference["message_id"] == request.id
    assert "harbour.png × brushes.png" in text_of(card)
    assert custom_ids(card) == [
        f"job:{job_id_of(card)}:{verb}" for verb in ("cancel", "notify", "swap")
    ]
    assert "Repainting **harbour.png** in the style of **brushes.png**." in text_of(card)

    final = await channel.final()
    assert final.reference["message_id"] == request.id
    assert [user.id for user in final.mentions] == [channel.me.id]
    assert not final.mention_everyone
    attachment, strip = final.attachments
    assert strip.description.startswith("Side by side: harbour.png before")
    assert [embed["image"]["url"] for embed in final.embeds] == [f"attachment://{strip.filename}"]
    assert attachment.filename == "harbour-brushes.png"
    assert attachment.description == "harbour.png × brushes.png, painted by style transfer"
    picture = channel.picture(attachment)
    assert (picture.format, picture.size) == ("PNG", (64, 51))

    done = await channel.card_saying("100%", "Painted in")
    assert done.id == card.id
    assert custom_ids(done) == []
    assert len(channel.cards()) == 1
    assert len(channel.finals()) == 1


async def test_the_card_is_posted_before_its_pictures_are_drawn(channel, app, monkeypatch):
    await app._scheduler.set_mode(QueueMode.PAUSED)
    may_draw = threading.Event()

    def held(*taken):
        may_draw.wait(WAIT_SECONDS)
        return collage.inputs_sheet(*taken)

    monkeypatch.setattr(job_pictures, "inputs_sheet", held)
    try:
        channel.ask("!stylize", CONTENT, STYLE)
        card = await channel.card()
        assert "Repainting **harbour.png** in the style of **brushes.png**." in text_of(card)
        assert card.attachments == []
    finally:
        may_draw.set()
    await channel.wait(lambda: [each.filename for each in card.attachments] == ["taken.webp"])
    assert card.embeds[0]["image"]["url"] == "attachment://taken.webp"
    assert card.attachments[0].description.startswith("The picture to repaint, harbour.png")
    channel.playground.press(channel.me, card, f"job:{job_id_of(card)}:cancel")
    await channel.card_saying("Cancelled")
    await app._scheduler.set_mode(QueueMode.OPEN)


async def test_the_card_shows_snapshots(channel):
    seen = []

    def look():
        for card in channel.cards():
            state = (text_of(card), [each.filename for each in card.attachments])
            if state not in seen:
                seen.append(state)
        return channel.finals()

    channel.ask("!stylize passes=40", CONTENT, STYLE)
    await channel.wait(look)
    await channel.card_saying("100%")
    snapshots = {name for _, names in seen for name in names if name.startswith("step-")}
    assert len(snapshots) >= 2
    painting = [text for text, _ in seen if "Painting" in text]
    assert any("left" in text and "step" in text for text in painting)


async def test_a_mention_serves_as_prefix(channel):
    channel.ask(f"<@{channel.playground.scene.bot.id}> stylize passes=2", CONTENT, STYLE)
    await channel.final()


async def test_a_mention_with_two_pictures_needs_no_command(channel):
    channel.ask(f"<@{channel.playground.scene.bot.id}> passes=2", CONTENT, STYLE)
    await channel.final()


async def test_a_reply_takes_the_pictures_of_the_message_replied_to(channel):
    message = channel.ask("look at these", CONTENT, STYLE, author=channel.other)
    request = channel.ask("!stylize passes=2", reply_to=message)
    final = await channel.final()
    assert final.reference["message_id"] == request.id
    assert [user.id for user in final.mentions] == [channel.me.id]


async def test_a_reply_with_a_style_paints_the_picture_replied_to(channel):
    picture = channel.ask("my harbour", CONTENT, author=channel.other)
    channel.ask("!stylize passes=2", STYLE, reply_to=picture)
    assert "harbour.png × brushes.png" in text_of(await channel.final())


async def test_a_forwarded_message_holds_pictures_too(channel):
    original = channel.ask("look at these", CONTENT, STYLE, author=channel.other)
    forward = channel.ask("", forward=original)
    channel.ask("!stylize passes=2", reply_to=forward)
    await channel.final()


async def test_swap_takes_the_second_picture_as_content(channel):
    channel.ask("!stylize swap passes=2", STYLE, CONTENT)
    assert "harbour.png × brushes.png" in text_of(await channel.final())


async def test_the_slash_command_does_the_same(channel):
    pressed = channel.playground.slash(
        channel.me,
        "stylize",
        {"passes": 2},
        channel=channel.record,
        files={"content": CONTENT, "style": STYLE},
    )
    final = await channel.final()
    await pressed.settled.wait()
    assert "harbour.png × brushes.png" in text_of(final)
    assert [user.id for user in final.mentions] == [channel.me.id]


async def test_the_apps_menu_paints_what_is_on_a_message(channel):
    message = channel.ask("look at these", CONTENT, STYLE, author=channel.other)
    channel.playground.context_menu(channel.me, "Stylize", message)
    final = await channel.final()
    assert final.reference["message_id"] == message.id
    assert [user.id for user in final.mentions] == [channel.me.id]


@pytest.mark.parametrize("text", ["!stylize passes=2", "passes=2"])
async def test_pictures_may_be_sent_directly(channel, text):
    playground = channel.playground
    direct = playground.state.direct_channel(channel.me, playground.scene.bot)
    earlier = set(direct.messages)
    playground.post_message(channel.me, text, channel=direct, files=[CONTENT, STYLE])

    def painted():
        new = [each for key, each in direct.messages.items() if key not in earlier]
        return [each for each in new if "here is" in each.content and each.attachments]

    await channel.wait(painted)


async def test_spoilers_stay_spoilers(channel):
    channel.ask("!stylize passes=4", ("SPOILER_harbour.png", CONTENT[1]), STYLE)
    final = await channel.final()
    assert len(final.attachments) == 2
    assert final.embeds == []
    assert all(each.filename.startswith("SPOILER_") for each in final.attachments)
    for card in channel.cards():
        assert not any(embed.get("image") or embed.get("thumbnail") for embed in card.embeds)
        assert all(each.filename.startswith("SPOILER_") for each in card.attachments)
