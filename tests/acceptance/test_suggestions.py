"""A refused request is answered with suggestions, and each of them continues it.

The scheduler is paused, so that no job runs.
"""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite
from stylenet.recipe import Recipe

from .conftest import CONTENT, STYLE, custom_ids, painting, settings_for, text_of

pytestmark = [
    pytest.mark.usefixtures("paused_app"),
    pytest.mark.asyncio(loop_scope="module"),
]

THIRD = ("waves.png", painting(3))


@pytest.fixture(scope="module")
def settings(playground, tmp_path_factory):
    return settings_for(
        playground,
        tmp_path_factory.mktemp("bot"),
        max_jobs_per_member=100,
        preview_wait_seconds=0.3,
    )


@pytest.fixture
def store(app):
    return app._bot._dependencies.store


async def _answer_with(channel, words, *endings):
    """Wait for the answer with these words, and check that it has exactly these buttons."""
    answer = await channel.answer(words)
    assert [each.rpartition(":")[2] for each in custom_ids(answer)] == list(endings)
    assert answer.content.count("\n") == 0
    return answer


def _video() -> tuple[str, bytes]:
    """Return a file that the playground's proxy accepts as a video: its frames are JPEGs."""
    frame = io.BytesIO()
    Image.open(io.BytesIO(painting(5))).save(frame, "JPEG")
    return "clip.mp4", b"\0\0\0\x18ftypmp42 mdat" + frame.getvalue() + b"moov"


async def test_missing_pictures_suggest_form_avatar_and_help(channel):
    channel.ask("!stylize size=128")
    answer = await _answer_with(channel, "Attach two pictures", "upload", "avatar", "help")
    await channel.press(answer, ":avatar", member=channel.other)
    await channel.ephemeral_reply("Only the member who asked can use this", member=channel.other)
    await channel.press(answer, ":help")
    await channel.ephemeral_reply("mention me instead of typing `!stylize`")
    form = await channel.press(answer, ":upload")
    assert form.modal["title"] == "Your pictures"
    assert [row["component"]["required"] for row in form.modal["components"]] == [True, False]
    files = {"content": CONTENT, "style": STYLE}
    sent = channel.playground.submit_modal(channel.me, form, files=files)
    await sent.settled.wait()
    assert "harbour.png × brushes.png" in text_of(await channel.card())
    await channel.wait(lambda: custom_ids(answer) == [])
    channel.playground.submit_modal(channel.me, form, files={"content": CONTENT})
    await channel.ephemeral_reply("You already used this one")
    assert len(channel.cards()) == 1


async def test_style_without_content_is_refused(channel):
    channel.playground.slash(
        channel.me, "stylize", {"size": 128}, channel=channel.record, files={"style": STYLE}
    )
    answer = await channel.ephemeral_reply("nothing to repaint")
    await channel.press(answer, ":avatar")
    assert "Ada's avatar × brushes.png" in text_of(await channel.card())


async def test_mask_without_a_picture_is_refused(channel):
    channel.ask("!stylize mask", STYLE)
    await _answer_with(channel, "A mask shows where to paint", "upload", "avatar", "help")


async def test_video_suggests_its_first_frame(channel):
    channel.ask("!stylize", _video(), STYLE)
    answer = await _answer_with(channel, "`clip.mp4` is a video", "frame", "upload", "avatar")
    await channel.press(answer, ":frame")
    assert "Repainting **clip.mp4** (its first frame)" in text_of(await channel.card())


async def test_unreadable_video_can_be_replaced(channel):
    channel.ask("!stylize mosaic", ("clip.mp4", b"\0\0\0\x18ftypmp42"))
    answer = await _answer_with(channel, "is a video", "frame", "upload", "avatar")
    await channel.press(answer, ":frame")
    second = await channel.ephemeral_reply("could not fetch `clip.mp4`")
    assert [each.rpartition(":")[2] for each in custom_ids(second)] == ["retry", "upload", "avatar"]
    form = await channel.press(second, ":upload")
    channel.playground.submit_modal(channel.me, form, files={"content": CONTENT})
    assert "harbour.png × Mosaic" in text_of(await channel.card())


async def test_vector_sticker_is_refused(channel):
    stickers = channel.playground.scene.guild.stickers.values()
    wiggle = next(each for each in stickers if each.name == "Wiggle")
    channel.ask("!stylize mosaic", stickers=[wiggle])
    answer = await _answer_with(channel, "`Wiggle` is an animated sticker", "upload", "avatar")
    await channel.press(answer, ":avatar")
    assert "Ada's avatar × Mosaic" in text_of(await channel.card())


async def test_invalid_style_can_be_replaced_or_left_out(channel):
    channel.ask("!stylize", CONTENT, ("notes.png", b"Dear diary"))
    answer = await _answer_with(channel, "`notes.png` is not a picture", "upload", "preset")
    await channel.press(answer, ":preset")
    await channel.wait(channel.pickers)
    channel.ask("!stylize", CONTENT, STYLE, ("third.png", b"Dear diary"))
    answer = await _answer_with(channel, "`third.png` is not a picture", "upload", "leave")
    await channel.press(answer, ":leave")
    assert "harbour.png × brushes.png" in text_of(await channel.card())


async def test_too_many_pictures_can_be_reduced(channel):
    many = [(f"{number}.png", painting(number)) for number in range(6)]
    channel.ask("!stylize", *many)
    answer = await _answer_with(channel, "That makes 6 pictures", "two", "blend")
    await channel.press(answer, ":two")
    assert "0.png × 1.png" in text_of(await channel.card())
    channel.ask("!stylize", *many)
    answers = await channel.wait(
        lambda: [a for a in channel.answers() if "That makes 6" in text_of(a)][1:]
    )
    await channel.press(answers[0], ":blend")
    await channel.wait(
        lambda: "0.png × 1.png + 2.png + 3.png + 4.png" in text_of(channel.cards()[-1])
    )


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
async def test_invalid_option_is_corrected_or_left_out(
    channel, store, text, words, ending, setting
):
    channel.ask(text, CONTENT, STYLE)
    answer = await channel.answer(words)
    await channel.press(answer, ending)
    await channel.card()
    [job] = [
        each for each in await store.list_unfinished() if each.title == "harbour.png × brushes.png"
    ]
    assert getattr(job.recipe, setting[0]) == setting[1]


async def test_misspelt_preset_is_suggested(channel):
    channel.ask("!stylize starlihgt", CONTENT)
    picker = (await channel.wait(channel.pickers))[0]
    await channel.press(picker, ":starlight", member=channel.other)
    await channel.ephemeral_reply("Only the member who posted the picture", member=channel.other)
    await channel.press(picker, ":starlight")
    assert "harbour.png × Starlight" in text_of(await channel.card())
    await channel.wait(lambda: custom_ids(picker) == [])

    channel.playground.slash(
        channel.me,
        "stylize",
        {"preset": "mosiac"},
        channel=channel.record,
        files={"content": CONTENT, "style": STYLE},
    )
    answer = await channel.ephemeral_reply("did you mean `mosaic`")
    await channel.press(answer, ":correct")
    await channel.wait(lambda: "brushes.png + Mosaic" in text_of(channel.cards()[-1]))


async def test_misspelt_command_is_suggested(channel):
    channel.ask("!stilize mosaic", CONTENT)
    answer = await _answer_with(channel, "Did you mean `!stylize`?", "stylize")
    assert channel.cards() == []
    await channel.press(answer, ":stylize")
    assert "harbour.png × Mosaic" in text_of(await channel.card())
    await channel.wait(lambda: custom_ids(answer) == [])


async def test_help_has_a_button_that_starts_a_request(channel):
    channel.ask("!help")
    manual = await channel.answer("Paint a picture in the style of another")
    form = await channel.press(manual, "ask:", member=channel.other)
    files = {"content": CONTENT, "style": STYLE}
    sent = channel.playground.submit_modal(channel.other, form, files=files)
    await sent.settled.wait()
    assert "harbour.png × brushes.png" in text_of(await channel.card())
    await channel.ephemeral_reply("Got it!", member=channel.other)

    channel.ask("!style show mosaic")
    shown = await channel.answer("To use it: `!stylize mosaic`")
    form = await channel.press(shown, "ask:mosaic")
    assert len(form.modal["components"]) == 1
    channel.playground.submit_modal(channel.me, form, files={"content": THIRD})
    await channel.wait(lambda: "waves.png × Mosaic" in text_of(channel.cards()[-1]))


async def test_link_to_another_host_is_not_opened(channel):
    channel.ask("!stylize https://elsewhere.example/cat.png")
    await _answer_with(channel, "I do not open links", "upload", "avatar", "help")


async def test_suggestions_are_sent_by_dm_without_send_permission(channel):
    playground = channel.playground
    playground.set_overwrite(
        channel.record,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.SEND_MESSAGES),
    )
    try:
        channel.ask("!stylize", CONTENT, STYLE)

        def direct_message():
            for direct in playground.state.channels.values():
                for each in direct.messages.values():
                    if direct.type == 1 and "Send Messages" in each.content:
                        return each
            return None

        answer = await channel.wait(direct_message)
    finally:
        playground.clear_overwrites(channel.record)
    await channel.press(answer, ":retry")
    card = await channel.card()
    assert "harbour.png × brushes.png" in text_of(card)
