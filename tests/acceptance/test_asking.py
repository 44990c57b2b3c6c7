"""Every way to make a request, what the card says about it, and suggestions for refused ones.

The scheduler is paused, so that no job runs unless a test resumes it.
"""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from PIL import Image, ImageChops

from bot.artefacts.keys import preview_key
from bot.jobs.models import GuildPreset, QueueMode
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite
from bot.presets import library
from stylenet.recipe import Recipe

from .conftest import CONTENT, STYLE, custom_ids, painting, said, settings_for

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

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


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def bot(app, playground):
    """The bot with its scheduler paused; jobs left over are cancelled."""
    scheduler, store = app._scheduler, app._bot._dependencies.store
    await scheduler.set_mode(QueueMode.PAUSED)
    yield app
    for job in await store.list_unfinished():
        await store.cancel(job.job_id)
    async with asyncio.timeout(60):
        while scheduler.running:
            await asyncio.sleep(0.05)


@pytest.fixture
def store(app):
    return app._bot._dependencies.store


async def _press(room, message, ending, member=None):
    """Press the button whose custom_id ends so, and return the interaction."""
    custom_id = next(each for each in custom_ids(message) if each.endswith(ending))
    pressed = room.playground.press(member or room.me, message, custom_id)
    await pressed.settled.wait()
    assert not pressed.failed
    return pressed


async def _whisper(room, words, member=None):
    member = member or room.me

    def look():
        for each in room.answers():
            if each.visible_to == member.id and words in said(each):
                return each
        return None

    return await room.wait(look)


async def _answer_with(room, words, *endings):
    """Wait for the answer with these words, and check that it has exactly these buttons."""
    answer = await room.answer(words)
    assert [each.rpartition(":")[2] for each in custom_ids(answer)] == list(endings)
    assert answer.content.count("\n") == 0
    return answer


def _video() -> tuple[str, bytes]:
    """Return a file that the playground's proxy accepts as a video: its frames are JPEGs."""
    frame = io.BytesIO()
    Image.open(io.BytesIO(painting(5))).save(frame, "JPEG")
    return "clip.mp4", b"\0\0\0\x18ftypmp42 mdat" + frame.getvalue() + b"moov"


def _emoji(room):
    [emoji] = room.playground.scene.guild.emojis.values()
    return f"<:{emoji.name}:{emoji.id}>"


def _sticker(room, name):
    stickers = room.playground.scene.guild.stickers.values()
    return next(each for each in stickers if each.name == name)


def _in_own_message(room):
    room.ask("!stylize size=512 strength=1.5", CONTENT, STYLE)


def _in_another_message(room):
    room.ask("!stylize", reply_to=room.ask("look", CONTENT, STYLE, author=room.other))


def _in_both_messages(room):
    room.ask("!stylize", STYLE, reply_to=room.ask("look", CONTENT, author=room.other))


def _forwarded(room):
    original = room.ask("look", CONTENT, author=room.other)
    room.ask("!stylize", STYLE, reply_to=room.ask("", forward=original))


def _blended(room):
    room.ask("!stylize weights=3:1", CONTENT, STYLE, THIRD)


def _swapped_in_words(room):
    room.ask("!stylize swap", STYLE, CONTENT)


def _me(room):
    room.ask("!stylize me mosaic")


def _avatar_as_style(room):
    room.ask("!stylize in the style of my avatar", CONTENT)


def _members_and_emoji(room):
    room.ask(f"!stylize <@{room.other.id}> style={_emoji(room)}")


def _linked(room):
    attachment = room.ask("look", CONTENT, author=room.other).attachments[0]
    room.ask(f"!stylize mosaic {room.playground.cdn.url_of(attachment)}")


def _hidden_link(room):
    attachment = room.ask("look", CONTENT, author=room.other).attachments[0]
    room.ask(f"!stylize || {room.playground.cdn.url_of(attachment)} ||", STYLE)


def _sticker_and_preset(room):
    room.ask("!stylize mosaic", stickers=[_sticker(room, "Bravo")])


def _embed_of_another_bot(room):
    attachment = room.ask("look", CONTENT, author=room.other).attachments[0]
    url = room.playground.cdn.url_of(attachment)
    message = room.ask("https://elsewhere.example/harbour.png", author=room.other)
    picture = {"url": "https://elsewhere.example/harbour.png", "proxy_url": url}
    room.playground.add_link_previews(message, {"type": "image", "thumbnail": picture})
    room.ask("!stylize mosaic", reply_to=message)


def _late_preview(room):
    attachment = room.ask("look", CONTENT, author=room.other).attachments[0]
    url = room.playground.cdn.url_of(attachment)
    message = room.ask("!stylize mosaic https://elsewhere.example/harbour.png")
    picture = {"url": "https://elsewhere.example/harbour.png", "proxy_url": url}
    room.playground.add_link_previews(message, {"type": "rich", "image": picture})


def _by_apps_menu(room):
    message = room.ask("look", CONTENT, STYLE, author=room.other)
    room.playground.context_menu(room.me, "Stylize", message)


def _by_slash(room):
    room.playground.slash(
        room.me,
        "stylize",
        {"weights": "1 : 1 : 2", "avatar": room.other.id, "emoji": _emoji(room)},
        channel=room.channel,
        files={"content": CONTENT, "style": STYLE},
    )


def _by_slash_without_content(room):
    room.playground.slash(
        room.me,
        "stylize",
        {"avatar": room.me.id},
        channel=room.channel,
        files={"style": STYLE},
    )


def _masked(room):
    room.ask("!stylize mosaic with a mask", CONTENT, MASK)


def _masked_by_slash(room):
    room.playground.slash(
        room.me,
        "stylize",
        channel=room.channel,
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
async def test_card_says_which_picture_is_which(room, ask, lines, swap):
    ask(room)
    card = await room.card()
    for line in lines:
        assert line in said(card), said(card)
    assert (GUESS in said(card)) == (GUESS in lines)
    assert any(each.endswith(":swap") for each in custom_ids(card)) == swap
    await room.wait(lambda: card.attachments)  # the pictures follow the words
    hidden = ask is _hidden_link
    assert all(each.filename.startswith("SPOILER_") == hidden for each in card.attachments)


async def test_pictures_can_be_swapped_until_the_job_ends(room, bot, easel):
    _in_another_message(room)
    card = await room.card()
    room.ask("!stylize passes=5", CONTENT, STYLE)
    _, other = await room.wait(lambda: len(room.cards()) == 2 and room.cards())
    await _press(room, card, ":swap", member=room.other)
    await _whisper(room, "Only the member who asked for this painting", member=room.other)
    assert "harbour.png × brushes.png" in said(card)
    await _press(room, card, ":swap")
    await room.card_saying("brushes.png × harbour.png", "Repainting **brushes.png** (replied to)")
    assert GUESS not in said(card)
    await _press(room, card, ":cancel")

    with easel.hold():
        await bot._scheduler.set_mode(QueueMode.OPEN)
        await room.wait(lambda: "Painting" in said(other))
        await _press(room, other, ":swap")
    await room.wait(lambda: "brushes.png × harbour.png" in said(other))
    final = await room.final()
    assert "brushes.png × harbour.png" in said(final)
    await room.wait(lambda: not any(each.endswith(":swap") for each in custom_ids(other)))
    assert len(room.finals()) == 1


async def test_missing_pictures_suggest_form_avatar_and_help(room):
    room.ask("!stylize mosaic size=128")
    answer = await _answer_with(room, "Attach two pictures", "upload", "avatar", "help")
    await _press(room, answer, ":avatar", member=room.other)
    await _whisper(room, "Only the member who asked can use this", member=room.other)
    await _press(room, answer, ":help")
    await _whisper(room, "mention me instead of typing `!stylize`")
    form = await _press(room, answer, ":upload")
    assert form.modal["title"] == "Your pictures"
    assert [row["component"]["required"] for row in form.modal["components"]] == [True, False]
    sent = room.playground.submit_modal(room.me, form, files={"content": CONTENT})
    await sent.settled.wait()
    assert "harbour.png × Mosaic" in said(await room.card())
    await room.wait(lambda: custom_ids(answer) == [])
    room.playground.submit_modal(room.me, form, files={"content": CONTENT})
    await _whisper(room, "You already used this one")
    assert len(room.cards()) == 1


async def test_slash_command_without_options_opens_the_form(room):
    form = room.playground.slash(room.me, "stylize", channel=room.channel)
    await form.settled.wait()
    sent = room.playground.submit_modal(
        room.me, form, files={"content": CONTENT, "style": ("SPOILER_brushes.png", STYLE[1])}
    )
    await sent.settled.wait()
    card = await room.card()
    assert "harbour.png × brushes.png" in said(card)
    await _whisper(room, "Got it!")
    form = room.playground.slash(room.me, "stylize", channel=room.channel)
    await form.settled.wait()
    room.playground.submit_modal(room.me, form, files={"content": CONTENT})
    await room.wait(room.pickers)


async def test_style_without_content_is_refused(room):
    room.playground.slash(
        room.me, "stylize", {"size": 128}, channel=room.channel, files={"style": STYLE}
    )
    answer = await _whisper(room, "nothing to repaint")
    await _press(room, answer, ":avatar")
    assert "Ada's avatar × brushes.png" in said(await room.card())


async def test_video_suggests_its_first_frame(room):
    room.ask("!stylize", _video(), STYLE)
    answer = await _answer_with(room, "`clip.mp4` is a video", "frame", "upload", "avatar")
    await _press(room, answer, ":frame")
    assert "Repainting **clip.mp4** (its first frame)" in said(await room.card())


async def test_unreadable_video_can_be_replaced(room):
    room.ask("!stylize mosaic", ("clip.mp4", b"\0\0\0\x18ftypmp42"))
    answer = await _answer_with(room, "is a video", "frame", "upload", "avatar")
    await _press(room, answer, ":frame")
    second = await _whisper(room, "could not fetch `clip.mp4`")
    assert [each.rpartition(":")[2] for each in custom_ids(second)] == ["retry", "upload", "avatar"]
    form = await _press(room, second, ":upload")
    room.playground.submit_modal(room.me, form, files={"content": CONTENT})
    assert "harbour.png × Mosaic" in said(await room.card())


async def test_vector_sticker_is_refused(room):
    room.ask("!stylize mosaic", stickers=[_sticker(room, "Wiggle")])
    answer = await _answer_with(room, "`Wiggle` is an animated sticker", "upload", "avatar")
    await _press(room, answer, ":avatar")
    assert "Ada's avatar × Mosaic" in said(await room.card())


async def test_invalid_style_can_be_replaced_or_left_out(room):
    room.ask("!stylize", CONTENT, ("notes.png", b"Dear diary"))
    answer = await _answer_with(room, "`notes.png` is not a picture", "upload", "preset")
    await _press(room, answer, ":preset")
    await room.wait(room.pickers)
    room.ask("!stylize", CONTENT, STYLE, ("notes.txt", b"Dear diary"))
    answer = await _answer_with(room, "`notes.txt` is not a picture", "upload", "leave")
    await _press(room, answer, ":leave")
    assert "harbour.png × brushes.png" in said(await room.card())


async def test_too_many_pictures_can_be_reduced(room):
    many = [(f"{number}.png", painting(number)) for number in range(6)]
    room.ask("!stylize", *many)
    answer = await _answer_with(room, "That makes 6 pictures", "two", "blend")
    await _press(room, answer, ":two")
    assert "0.png × 1.png" in said(await room.card())
    room.ask("!stylize", *many)
    answers = await room.wait(lambda: [a for a in room.answers() if "That makes 6" in said(a)][1:])
    await _press(room, answers[0], ":blend")
    await room.wait(lambda: "0.png × 1.png + 2.png + 3.png + 4.png" in said(room.cards()[-1]))


@pytest.mark.parametrize(
    ("text", "words", "ending", "setting"),
    [
        (
            "!stylize strenght=2",
            "did you mean `strength`",
            ":correct",
            ("style_weight", 2 * Recipe.named("default").style_weight),
        ),
        ("!stylize size=9", "64–2048 pixels", ":correct", ("size", 64)),
        ("!stylize size=huge", "64–2048 pixels", ":without", ("size", 64)),
        ("!stylize weights=2:1", "only one", ":without", ("blend", ())),
    ],
)
async def test_invalid_option_is_corrected_or_left_out(room, store, text, words, ending, setting):
    room.ask(text, CONTENT, STYLE)
    answer = await room.answer(words)
    await _press(room, answer, ending)
    await room.card()
    [job] = [
        each for each in await store.list_unfinished() if each.title == "harbour.png × brushes.png"
    ]
    assert getattr(job.recipe, setting[0]) == setting[1]


async def test_misspelt_preset_is_suggested(room):
    room.ask("!stylize starlihgt", CONTENT)
    picker = (await room.wait(room.pickers))[0]
    await _press(room, picker, ":starlight", member=room.other)
    await _whisper(room, "Only the member who posted the picture", member=room.other)
    await _press(room, picker, ":starlight")
    assert "harbour.png × Starlight" in said(await room.card())
    await room.wait(lambda: custom_ids(picker) == [])

    room.playground.slash(
        room.me,
        "stylize",
        {"preset": "mosiac"},
        channel=room.channel,
        files={"content": CONTENT, "style": STYLE},
    )
    answer = await _whisper(room, "did you mean `mosaic`")
    await _press(room, answer, ":correct")
    await room.wait(lambda: "brushes.png + Mosaic" in said(room.cards()[-1]))


async def test_misspelt_command_is_suggested(room):
    room.ask("!stilize mosaic", CONTENT)
    answer = await _answer_with(room, "Did you mean `!stylize`?", "stylize")
    assert room.cards() == []
    await _press(room, answer, ":stylize")
    assert "harbour.png × Mosaic" in said(await room.card())
    await room.wait(lambda: custom_ids(answer) == [])


async def test_help_has_a_button_that_starts_a_request(room):
    room.ask("!help")
    manual = await room.answer("Paint a picture in the style of another")
    form = await _press(room, manual, "ask:", member=room.other)
    files = {"content": CONTENT, "style": STYLE}
    sent = room.playground.submit_modal(room.other, form, files=files)
    await sent.settled.wait()
    assert "harbour.png × brushes.png" in said(await room.card())
    await _whisper(room, "Got it!", member=room.other)

    room.ask("!style show mosaic")
    shown = await room.answer("To use it: `!stylize mosaic`")
    form = await _press(room, shown, "ask:mosaic")
    assert len(form.modal["components"]) == 1
    room.playground.submit_modal(room.me, form, files={"content": THIRD})
    await room.wait(lambda: "waves.png × Mosaic" in said(room.cards()[-1]))


async def test_link_to_another_host_is_not_opened(room):
    room.ask("!stylize https://elsewhere.example/cat.png")
    await _answer_with(room, "I do not open links", "upload", "avatar", "help")


async def test_picker_has_pages_if_there_are_many_presets(room, store, app):
    artefacts = app._bot._dependencies.artefacts
    spare = [chr(0x1F1E6 + number) for number in range(8)]
    for number, emoji in enumerate(spare):
        key = f"presets/{room.playground.scene.guild.id}/own-{number}"
        thumbnail = library.PRESETS[number].thumbnail_bytes()
        await artefacts.put(key, thumbnail)
        await artefacts.put(preview_key(key), thumbnail)
        own = GuildPreset(
            guild_id=int(room.playground.scene.guild.id),
            name=f"own-{number}",
            title=f"Own {number}",
            emoji=emoji,
            alt_text="One of ours.",
            picture_key=key,
            thumbnail_key=key,
            added_by=int(room.me.id),
            created_at=datetime.now(UTC),
        )
        await store.guild_presets.add(own, limit=10)
    try:
        room.ask("!stylize", CONTENT)
        picker = (await room.wait(room.pickers))[0]
        await room.wait(lambda: len(picker.reactions) == 15)
        assert "Page 1 of 2" in picker.embeds[0]["footer"]["text"]
        assert "Own 7" in said(picker)
        assert "Watercolour" not in said(picker)
        await _press(room, picker, ":page:1", member=room.other)
        await _whisper(room, "Only the member who posted the picture", member=room.other)
        await _press(room, picker, ":page:1")
        await room.wait(lambda: "Watercolour" in said(picker))
        last = library.PRESETS[-1].emoji
        await room.wait(lambda: len(picker.reactions) == 8 and last in picker.reactions)
        room.playground.react(room.other, picker, last)
        await room.wait(lambda: picker.reactions[last].user_ids == [room.playground.scene.bot.id])
        assert room.cards() == []
        await _press(room, picker, ":page:0")
        await room.wait(lambda: len(picker.reactions) == 15)
        room.playground.react(room.me, picker, spare[3])
        assert "harbour.png × Own 3" in said(await room.card())
    finally:
        for number in range(8):
            await store.guild_presets.remove(int(room.playground.scene.guild.id), f"own-{number}")


async def test_picker_falls_back_to_the_menu_if_reactions_fail(room):
    room.playground.faults.fail(403, path=r".*/reactions/.*")
    try:
        room.ask("!stylize", CONTENT)
        picker = (await room.wait(room.pickers))[0]
        await room.wait(lambda: "I am not allowed to add reactions here" in said(picker))
    finally:
        room.playground.faults.clear()
    room.playground.select(room.me, picker, "picker:choose", ["mosaic"])
    await room.card()


async def test_suggestions_are_sent_by_dm_without_send_permission(room):
    playground = room.playground
    playground.set_overwrite(
        room.channel,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.SEND_MESSAGES),
    )
    try:
        room.ask("!stylize", CONTENT, STYLE)

        def told():
            for channel in playground.state.channels.values():
                for each in channel.messages.values():
                    if channel.type == 1 and "Send Messages" in each.content:
                        return each
            return None

        answer = await room.wait(told)
    finally:
        playground.clear_overwrites(room.channel)
    await _press(room, answer, ":retry")
    card = await room.card()
    assert "harbour.png × brushes.png" in said(card)


async def test_mask_is_saved_with_a_picker_and_keeps_black_regions(room, bot):
    room.ask("!stylize mask", MASK)
    await _answer_with(room, "it comes after the picture", "upload", "avatar", "help")
    room.ask("!stylize mask passes=1", CONTENT, MASK)
    picker = (await room.wait(room.pickers))[0]
    await bot._scheduler.set_mode(QueueMode.OPEN)
    room.playground.select(room.me, picker, "picker:choose", ["mosaic"])
    await room.wait(room.cards)
    assert "**mask.png**" in said(room.cards()[0])
    final = await room.final()
    painted = room.picture(final.attachments[0]).convert("RGB")
    before = Image.open(io.BytesIO(CONTENT[1])).convert("RGB").resize(painted.size)
    difference = ImageChops.difference(painted, before).convert("L")
    width, height = painted.size
    untouched = difference.crop((width - 12, 0, width, height)).resize((1, 1), Image.BOX)
    changed = difference.crop((0, 0, width // 2, height)).resize((1, 1), Image.BOX)
    assert untouched.getpixel((0, 0)) < 6 < changed.getpixel((0, 0))
