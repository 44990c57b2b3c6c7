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

from .conftest import CONTENT, STYLE, custom_ids, painting, said

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


async def _refused(room, *words: str) -> None:
    """Check that the only answer contains these words, and that there is no job."""
    answer = await room.answer(*words)
    assert answer.content.count("\n") == 0
    assert not answer.mentions
    assert room.cards() == []
    assert len(room.answers()) == 1


async def test_missing_pictures_are_refused(room):
    room.ask("!stylize")
    await _refused(room, "Attach two pictures to `!stylize`")


async def test_link_instead_of_a_file_is_refused(room):
    room.ask("!stylize https://example.org/cat.png")
    await _refused(room, "attach it as a file")


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
async def test_unusable_files_are_refused(room, name, data, words, place):
    files = [(name, data), STYLE] if place == "content" else [CONTENT, (name, data)]
    room.ask("!stylize", *files)
    await _refused(room, f"`{name}`", words)


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
async def test_unusual_formats_are_painted(room, name, data, size):
    room.ask("!stylize passes=1", (name, data), STYLE)
    final = await room.final()
    assert room.picture(final.attachments[0]).size == size


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("!stylize size=9", "`size` must be 64–2048 pixels."),
        ("!stylize strenght=2", "did you mean `strength`?"),
        ("!stylize recipe=soup", "one of"),
    ],
)
async def test_invalid_options_are_refused(room, text, words):
    room.ask(text, CONTENT, STYLE)
    await _refused(room, words)


async def test_too_many_pictures_are_refused(room):
    room.ask("!stylize", *(CONTENT for _ in range(6)))
    await _refused(room, "That makes 6")


async def test_reply_to_a_deleted_message_is_answered(room):
    gone = room.ask("look", CONTENT, STYLE)
    room.ask("!stylize passes=1", reply_to=gone)
    room.playground.delete_message(room.me, gone)
    # Either the pictures were read before the deletion, or the answer says that they are missing.
    await room.wait(lambda: [answer for answer in room.answers() if answer.content])


async def test_three_commands_at_once_make_three_jobs(room):
    for _ in range(3):
        room.ask("!stylize passes=1", CONTENT, STYLE)
    finals = await room.wait(lambda: len(room.finals()) == 3 and room.finals())
    assert len({each.reference["message_id"] for each in finals}) == 3
    assert len(room.cards()) == 3


async def test_limit_per_member_is_enforced(room, easel):
    with easel.hold():
        for _ in range(4):
            room.ask("!stylize passes=5", CONTENT, STYLE)
        refusal = await room.answer("You have 3 paintings waiting or under way already")
    assert refusal.reference is not None
    for card in room.cards():
        for custom_id in custom_ids(card):
            room.playground.press(room.me, card, custom_id)
    await room.wait(
        lambda: all("Cancelled" in said(card) or "100%" in said(card) for card in room.cards())
    )


async def test_missing_attach_permission_is_reported(room):
    playground = room.playground
    playground.set_overwrite(
        room.channel,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.ATTACH_FILES),
    )
    try:
        room.ask("!stylize", CONTENT, STYLE)
        await _refused(room, "Attach Files", "moderator")
    finally:
        playground.clear_overwrites(room.channel)


async def test_missing_send_permission_is_reported_by_dm(room):
    playground = room.playground
    playground.set_overwrite(
        room.channel,
        Overwrite(id=playground.scene.bot.id, type=1, deny=Permission.SEND_MESSAGES),
    )
    try:
        message = room.ask("!stylize", CONTENT, STYLE)
        await room.wait(lambda: "⚠️" in message.reactions or "⚠" in message.reactions)

        def told():
            for channel in playground.state.channels.values():
                if channel.type == 1 and any(user.id == room.me.id for user in channel.recipients):
                    return [
                        each
                        for each in channel.messages.values()
                        if "Send Messages" in each.content
                    ]
            return []

        await room.wait(told)
        assert room.answers() == []
    finally:
        playground.clear_overwrites(room.channel)


async def test_commands_of_other_bots_are_ignored(room):
    room.ask("!play some music")
    room.ask("!stylize", CONTENT)
    await room.wait(room.pickers)
    assert len(room.answers()) == 1
