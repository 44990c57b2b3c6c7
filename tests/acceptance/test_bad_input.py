"""Bad input is handled, or refused with one sentence that says what to do."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

from .conftest import CONTENT, STYLE, custom_ids, painting, text_of

pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.asyncio(loop_scope="module")]


def _png_with_declared_size(width: int, height: int) -> bytes:
    """Return a PNG that declares a size in its header and has almost no data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body


def _converted(kind: str, mode: str, **save) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(painting(3))).convert(mode).save(buffer, kind, **save)
    return buffer.getvalue()


def _sixteen_bit() -> bytes:
    grey = (np.linspace(0, 65535, 80 * 64).reshape(64, 80)).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return painting(3, kind="JPEG", exif=exif)


def _animated() -> bytes:
    frames = [Image.open(io.BytesIO(painting(seed))).convert("P") for seed in (4, 5)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _palette_with_alpha() -> bytes:
    picture = Image.open(io.BytesIO(painting(3))).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    buffer = io.BytesIO()
    picture.quantize(32, method=Image.Quantize.FASTOCTREE).save(buffer, "PNG")
    return buffer.getvalue()


async def _refused(channel, *words: str) -> None:
    """Check that the only answer contains these words, and that there is no job."""
    answer = await channel.answer(*words)
    assert answer.content.count("\n") == 0
    assert not answer.mentions
    assert channel.cards() == []
    assert len(channel.answers()) == 1


async def test_missing_pictures_are_refused(channel):
    channel.ask("!stylize")
    await _refused(channel, "Attach two pictures to `!stylize`")


async def test_link_instead_of_a_file_is_refused(channel):
    channel.ask("!stylize https://example.org/cat.png")
    await _refused(channel, "attach it as a file")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.png", b"Dear diary, this is not a picture.", "is not a picture"),
        ("dot.png", painting(1, 1, 1), "at least 32 pixels"),
        ("wall.png", _png_with_declared_size(30_000, 30_000), "64 megapixels"),
        ("half.jpg", painting(1, kind="JPEG")[:700], "cut off or damaged"),
        ("ribbon.png", painting(1, 640, 32), "too long and thin"),
        ("clip.mp4", b"\0\0\0\x18ftypmp42", "is a video"),
    ],
)
@pytest.mark.parametrize("place", ["content", "style"])
async def test_unusable_files_are_refused(channel, name, data, words, place):
    files = [(name, data), STYLE] if place == "content" else [CONTENT, (name, data)]
    channel.ask("!stylize", *files)
    await _refused(channel, f"`{name}`", words)


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("moving.gif", _animated(), (64, 51)),
        ("print.jpg", _converted("JPEG", "CMYK"), (64, 51)),
        ("palette.png", _palette_with_alpha(), (64, 51)),
        ("deep.png", _sixteen_bit(), (64, 51)),
        ("turned.jpg", _rotated(), (51, 64)),
        ("grey.webp", _converted("WEBP", "L"), (64, 51)),
    ],
)
async def test_unusual_formats_are_painted(channel, name, data, size):
    channel.ask("!stylize passes=1", (name, data), STYLE)
    final = await channel.final()
    assert channel.picture(final.attachments[0]).size == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!stylize size=9", "`size` must be 64–2048 pixels."),
        ("!stylize strenght=2", "did you mean `strength`?"),
        ("!stylize recipe=soup", "one of"),
    ],
)
async def test_invalid_options_are_refused(channel, text, words):
    channel.ask(text, CONTENT, STYLE)
    await _refused(channel, words)


async def test_too_many_pictures_are_refused(channel):
    channel.ask("!stylize", *(CONTENT for _ in range(6)))
    await _refused(channel, "That makes 6")


async def test_reply_to_a_deleted_message_is_answered(channel):
    gone = channel.ask("look", CONTENT, STYLE)
    channel.ask("!stylize passes=1", reply_to=gone)
    channel.playground.delete_message(channel.me, gone)
    # Either the pictures were read before the deletion, or the answer says that they are missing.
    await channel.wait(lambda: [answer for answer in channel.answers() if answer.content])


async def test_three_commands_at_once_make_three_jobs(channel):
    for _ in range(3):
        channel.ask("!stylize passes=1", CONTENT, STYLE)
    finals = await channel.wait(lambda: len(channel.finals()) == 3 and channel.finals())
    assert len({each.reference["message_id"] for each in finals}) == 3
    assert len(channel.cards()) == 3


async def test_limit_per_member_is_enforced(channel, painting_gate):
    with painting_gate.hold():
        for _ in range(4):
            channel.ask("!stylize passes=5", CONTENT, STYLE)
        refusal = await channel.answer("You already have 3 paintings in progress")
    assert refusal.reference is not None
    for card in channel.cards():
        for custom_id in custom_ids(card):
            channel.playground.press(channel.me, card, custom_id)
    await channel.wait(
        lambda: all(
            "Cancelled" in text_of(card) or "100%" in text_of(card) for card in channel.cards()
        )
    )


async def test_missing_attach_permission_is_reported(channel):
    playground = channel.playground
    playground.set_overwrite(
        channel.record,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.ATTACH_FILES),
    )
    try:
        channel.ask("!stylize", CONTENT, STYLE)
        await _refused(channel, "Attach Files", "moderator")
    finally:
        playground.clear_overwrites(channel.record)


async def test_missing_send_permission_is_reported_by_dm(channel):
    playground = channel.playground
    playground.set_overwrite(
        channel.record,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.SEND_MESSAGES),
    )
    try:
        message = channel.ask("!stylize", CONTENT, STYLE)
        await channel.wait(lambda: "⚠️" in message.reactions or "⚠" in message.reactions)

        def direct_message():
            for direct in playground.state.channels.values():
                if direct.type == 1 and any(user.id == channel.me.id for user in direct.recipients):
                    return [
                        each for each in direct.messages.values() if "Send Messages" in each.content
                    ]
            return []

        await channel.wait(direct_message)
        assert channel.answers() == []
    finally:
        playground.clear_overwrites(channel.record)


async def test_commands_of_other_bots_are_ignored(channel):
    channel.ask("!play some music")
    channel.ask("!stylize", CONTENT)
    await channel.wait(channel.pickers)
    assert len(channel.answers()) == 1
