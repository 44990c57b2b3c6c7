"""Every way to make a request, and what its card says about the pictures.

The scheduler is paused, so that no job runs unless a test resumes it.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageChops

from bot.artefacts.keys import preview_key
from bot.jobs.models import GuildPreset, QueueMode
from bot.presets import library

from .conftest import CONTENT, STYLE, custom_ids, painting, settings_for, text_of

pytestmark = [
    pytest.mark.paints,
    pytest.mark.usefixtures("paused_app"),
    pytest.mark.asyncio(loop_scope="module"),
]


THIRD = ("waves.png", painting(3))


def _half_mask() -> bytes:
    """Return a mask that is white on the left and black on the right."""
    mask = Image.new("L", (80, 64), 0)
    mask.paste(255, (0, 0, 40, 64))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return buffer.getvalue()


MASK = ("mask.png", _half_mask())


@pytest.fixture(scope="module")
def settings(playground, tmp_path_factory):
    return settings_for(
        playground,
        tmp_path_factory.mktemp("bot"),
        max_jobs_per_member=100,
        preview_wait_seconds=0.3,
    )


def _emoji(channel):
    [emoji] = channel.playground.scene.guild.emojis.values()
    return f"<:{emoji.name}:{emoji.id}>"


def _sticker(channel, name):
    stickers = channel.playground.scene.guild.stickers.values()
    return next(each for each in stickers if each.name == name)


def _in_own_message(channel):
    channel.ask("!stylize size=512 strength=1.5", CONTENT, STYLE)


def _in_another_message(channel):
    channel.ask("!stylize", reply_to=channel.ask("look", CONTENT, STYLE, author=channel.other))


def _in_both_messages(channel):
    channel.ask("!stylize", STYLE, reply_to=channel.ask("look", CONTENT, author=channel.other))


def _forwarded(channel):
    original = channel.ask("look", CONTENT, author=channel.other)
    channel.ask("!stylize", STYLE, reply_to=channel.ask("", forward=original))


def _blended(channel):
    channel.ask("!stylize weights=3:1", CONTENT, STYLE, THIRD)


def _swapped_in_words(channel):
    channel.ask("!stylize swap", STYLE, CONTENT)


def _me(channel):
    channel.ask("!stylize me mosaic")


def _avatar_as_style(channel):
    channel.ask("!stylize in the style of my avatar", CONTENT)


def _members_and_emoji(channel):
    channel.ask(f"!stylize <@{channel.other.id}> style={_emoji(channel)}")


def _linked(channel):
    attachment = channel.ask("look", CONTENT, author=channel.other).attachments[0]
    channel.ask(f"!stylize mosaic {channel.playground.cdn.url_of(attachment)}")


def _hidden_link(channel):
    attachment = channel.ask("look", CONTENT, author=channel.other).attachments[0]
    channel.ask(f"!stylize || {channel.playground.cdn.url_of(attachment)} ||", STYLE)


def _sticker_and_preset(channel):
    channel.ask("!stylize mosaic", stickers=[_sticker(channel, "Bravo")])


def _embed_of_another_bot(channel):
    attachment = channel.ask("look", CONTENT, author=channel.other).attachments[0]
    url = channel.playground.cdn.url_of(attachment)
    message = channel.ask("https://elsewhere.example/harbour.png", author=channel.other)
    picture = {"url": "https://elsewhere.example/harbour.png", "proxy_url": url}
    channel.playground.add_link_previews(message, {"type": "image", "thumbnail": picture})
    channel.ask("!stylize mosaic", reply_to=message)


def _late_preview(channel):
    attachment = channel.ask("look", CONTENT, author=channel.other).attachments[0]
    url = channel.playground.cdn.url_of(attachment)
    message = channel.ask("!stylize mosaic https://elsewhere.example/harbour.png")
    picture = {"url": "https://elsewhere.example/harbour.png", "proxy_url": url}
    channel.playground.add_link_previews(message, {"type": "rich", "image": picture})


def _by_apps_menu(channel):
    message = channel.ask("look", CONTENT, STYLE, author=channel.other)
    channel.playground.context_menu(channel.me, "Stylize", message)


def _by_slash(channel):
    channel.playground.slash(
        channel.me,
        "stylize",
        {"weights": "1 : 1 : 2", "avatar": channel.other.id, "emoji": _emoji(channel)},
        channel=channel.record,
        files={"content": CONTENT, "style": STYLE},
    )


def _by_slash_without_content(channel):
    channel.playground.slash(
        channel.me,
        "stylize",
        {"avatar": channel.me.id},
        channel=channel.record,
        files={"style": STYLE},
    )


def _masked(channel):
    channel.ask("!stylize mosaic with a mask", CONTENT, MASK)


def _masked_by_slash(channel):
    channel.playground.slash(
        channel.me,
        "stylize",
        channel=channel.record,
        files={"content": CONTENT, "style": STYLE, "mask": MASK},
    )


GUESS = "I guessed which is which"


@pytest.mark.parametrize(
    ("ask", "lines", "swap"),
    [
        (_in_own_message, ["Repainting **harbour.png** in the style of **brushes.png**."], True),
        (_in_another_message, ["**harbour.png** (replied to)", GUESS], True),
        (
            _in_both_messages,
            ["**harbour.png** (replied to)", "**brushes.png** (attached)", GUESS],
            True,
        ),
        (_forwarded, ["**harbour.png** (forwarded)", GUESS], True),
        (_blended, ["**brushes.png** (75%) and **waves.png** (25%)"], True),
        (_swapped_in_words, ["harbour.png × brushes.png"], True),
        (_me, ["Repainting **Ada's avatar**", "**Mosaic**."], False),
        (_avatar_as_style, ["harbour.png × Ada's avatar", GUESS], True),
        (_members_and_emoji, ["Vincent's avatar × :atelier:"], False),
        (_linked, ["**harbour.png** (linked)"], False),
        (_hidden_link, ["brushes.png × harbour.png", GUESS], True),
        (_sticker_and_preset, ["**Bravo** (sticker)"], False),
        (_embed_of_another_bot, ["**harbour.png** (from the preview)"], False),
        (_late_preview, ["**harbour.png** (from the preview)"], False),
        (_by_apps_menu, ["harbour.png × brushes.png", GUESS], True),
        (
            _by_slash,
            [
                "brushes.png",
                "(25%), **Vincent's avatar** (25%)",
                "(25%) and **:atelier:** (emoji) (50%)",
            ],
            False,
        ),
        (_masked, ["harbour.png × Mosaic", "where **mask.png** is white"], False),
        (_masked_by_slash, ["harbour.png × brushes.png", "where **mask.png**"], False),
        (_by_slash_without_content, ["Ada's avatar × brushes.png"], False),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
async def test_card_says_which_picture_is_which(channel, ask, lines, swap):
    ask(channel)
    card = await channel.card()
    for line in lines:
        assert line in text_of(card), text_of(card)
    assert (GUESS in text_of(card)) == (GUESS in lines)
    assert any(each.endswith(":swap") for each in custom_ids(card)) == swap
    await channel.wait(lambda: card.attachments)  # the pictures follow the words
    hidden = ask is _hidden_link
    assert all(each.filename.startswith("SPOILER_") == hidden for each in card.attachments)


async def test_pictures_can_be_swapped_until_the_job_ends(channel, paused_app, painting_gate):
    _in_another_message(channel)
    card = await channel.card()
    channel.ask("!stylize passes=5", CONTENT, STYLE)
    _, other = await channel.wait(lambda: len(channel.cards()) == 2 and channel.cards())
    await channel.press(card, ":swap", member=channel.other)
    await channel.ephemeral_reply(
        "Only the member who asked for this painting", member=channel.other
    )
    assert "harbour.png × brushes.png" in text_of(card)
    await channel.press(card, ":swap")
    await channel.card_saying(
        "brushes.png × harbour.png", "Repainting **brushes.png** (replied to)"
    )
    assert GUESS not in text_of(card)
    await channel.press(card, ":cancel")

    with painting_gate.hold():
        await paused_app._scheduler.set_mode(QueueMode.OPEN)
        await channel.wait(lambda: "Painting" in text_of(other))
        await channel.press(other, ":swap")
    await channel.wait(lambda: "brushes.png × harbour.png" in text_of(other))
    final = await channel.final()
    assert "brushes.png × harbour.png" in text_of(final)
    await channel.wait(lambda: not any(each.endswith(":swap") for each in custom_ids(other)))
    assert len(channel.finals()) == 1


async def test_slash_command_without_options_opens_the_form(channel):
    form = channel.playground.slash(channel.me, "stylize", channel=channel.record)
    await form.settled.wait()
    sent = channel.playground.submit_modal(
        channel.me, form, files={"content": CONTENT, "style": ("SPOILER_brushes.png", STYLE[1])}
    )
    await sent.settled.wait()
    card = await channel.card()
    assert "harbour.png × brushes.png" in text_of(card)
    await channel.ephemeral_reply("Got it!")
    form = channel.playground.slash(channel.me, "stylize", channel=channel.record)
    await form.settled.wait()
    channel.playground.submit_modal(channel.me, form, files={"content": CONTENT})
    await channel.wait(channel.pickers)


async def test_picker_has_pages_if_there_are_many_presets(channel, paused_app):
    artefacts = paused_app._bot._dependencies.artefacts
    store = paused_app._bot._dependencies.store
    spare = [chr(0x1F1E6 + number) for number in range(8)]
    for number, emoji in enumerate(spare):
        key = f"presets/{channel.playground.scene.guild.id}/own-{number}"
        thumbnail = library.PRESETS[number].thumbnail_bytes()
        await artefacts.put(key, thumbnail)
        await artefacts.put(preview_key(key), thumbnail)
        own = GuildPreset(
            guild_id=int(channel.playground.scene.guild.id),
            name=f"own-{number}",
            title=f"Own {number}",
            emoji=emoji,
            alt_text="One of ours.",
            picture_key=key,
            thumbnail_key=key,
            added_by=int(channel.me.id),
            created_at=datetime.now(UTC),
        )
        await store.guild_presets.add(own, limit=10)
    try:
        channel.ask("!stylize", CONTENT)
        picker = (await channel.wait(channel.pickers))[0]
        await channel.wait(lambda: len(picker.reactions) == 15)
        assert "Page 1 of 2" in picker.embeds[0]["footer"]["text"]
        assert "Own 7" in text_of(picker)
        assert "Watercolour" not in text_of(picker)
        await channel.press(picker, ":page:1", member=channel.other)
        await channel.ephemeral_reply(
            "Only the member who posted the picture", member=channel.other
        )
        await channel.press(picker, ":page:1")
        await channel.wait(lambda: "Watercolour" in text_of(picker))
        last = library.PRESETS[-1].emoji
        await channel.wait(lambda: len(picker.reactions) == 8 and last in picker.reactions)
        channel.playground.react(channel.other, picker, last)
        await channel.wait(
            lambda: picker.reactions[last].user_ids == [channel.playground.scene.bot.id]
        )
        assert channel.cards() == []
        await channel.press(picker, ":page:0")
        await channel.wait(lambda: len(picker.reactions) == 15)
        channel.playground.react(channel.me, picker, spare[3])
        assert "harbour.png × Own 3" in text_of(await channel.card())
    finally:
        for number in range(8):
            await store.guild_presets.remove(
                int(channel.playground.scene.guild.id), f"own-{number}"
            )


async def test_mask_is_saved_with_a_picker_and_keeps_black_regions(channel, paused_app):
    channel.ask("!stylize mask passes=1", CONTENT, MASK)
    picker = (await channel.wait(channel.pickers))[0]
    await paused_app._scheduler.set_mode(QueueMode.OPEN)
    channel.playground.select(channel.me, picker, "picker:choose", ["mosaic"])
    await channel.wait(channel.cards)
    assert "**mask.png**" in text_of(channel.cards()[0])
    final = await channel.final()
    painted = channel.picture(final.attachments[0]).convert("RGB")
    before = Image.open(io.BytesIO(CONTENT[1])).convert("RGB").resize(painted.size)
    difference = ImageChops.difference(painted, before).convert("L")
    width, height = painted.size
    untouched = difference.crop((width - 12, 0, width, height)).resize((1, 1), Image.BOX)
    changed = difference.crop((0, 0, width // 2, height)).resize((1, 1), Image.BOX)
    assert untouched.getpixel((0, 0)) < 6 < changed.getpixel((0, 0))


@pytest.mark.parametrize(
    "other", [("notes.txt", b"Dear diary"), ("song.mp3", b"ID3"), ("data.zip", b"PK\3\4")]
)
async def test_other_files_beside_pictures_are_left_out(channel, other):
    channel.ask("!stylize", other, CONTENT, STYLE)
    assert "harbour.png × brushes.png" in text_of(await channel.card())


async def test_another_file_alone_is_refused(channel):
    channel.ask("!stylize mosaic", ("notes.txt", b"Dear diary"))
    await channel.answer("`notes.txt` is not a picture")


async def test_the_picture_may_come_in_the_message_before(channel):
    channel.ask("older", STYLE)
    channel.ask("look at this", CONTENT)
    channel.ask("nice", THIRD, author=channel.other)
    channel.ask("!stylize starlight")
    card = await channel.card()
    assert "Repainting **harbour.png** (from your last message)" in text_of(card)
    channel.playground.slash(channel.me, "stylize", {"preset": "neon"}, channel=channel.record)
    await channel.wait(lambda: "harbour.png × Neon" in text_of(channel.cards()[-1]))
    channel.ask("!stylize")
    [picker] = await channel.wait(channel.pickers)
    assert "`harbour.png`" in text_of(picker)


async def test_a_greeting_paints_no_earlier_picture(channel):
    channel.ask("look at this", CONTENT)
    channel.ask(f"<@{channel.playground.scene.bot.id}> hello there")
    await channel.answer("Attach two pictures")


async def test_an_old_picture_is_not_taken(channel, app, monkeypatch):
    monkeypatch.setattr(app._bot.get_cog("Stylize"), "_recent_seconds", 0.001)
    channel.ask("look at this", CONTENT)
    channel.ask("!stylize mosaic")
    await channel.answer("Now post the picture here within 5 min")


@pytest.mark.parametrize("is_slash", [True, False])
async def test_a_style_without_a_picture_waits_for_the_picture(channel, is_slash):
    if is_slash:
        channel.playground.slash(
            channel.me, "stylize", {"preset": "neon", "size": 128}, channel=channel.record
        )
        answer = await channel.ephemeral_reply("`neon` it is!")
    else:
        channel.ask("!stylize neon size 128")
        answer = await channel.answer("`neon` it is!")
    assert [each.rpartition(":")[2] for each in custom_ids(answer)] == ["upload", "avatar", "help"]
    channel.ask("mine", STYLE, author=channel.other)
    channel.ask("not a picture", ("notes.txt", b"Dear diary"))
    channel.ask("here", CONTENT)
    card = await channel.card()
    assert "harbour.png × Neon" in text_of(card)
    assert "128 px" in text_of(card)
    channel.ask("and another", THIRD)
    channel.ask("!queue")
    await channel.answer("Queue")
    assert len(channel.cards()) == 1
