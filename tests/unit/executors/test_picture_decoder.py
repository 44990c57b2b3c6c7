"""A work's pictures, decoded in a process of their own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bot.executors import pipe
from bot.executors.execution import _encode_work
from bot.executors.picture_decoder import DecodingError, PictureDecoder, WorkPictures
from bot.executors.pipe import Frame
from bot.executors.protocol import Work
from bot.executors.work_parts import read_parts
from bot.ops.sandbox import ResourceLimits
from stylenet import images
from stylenet.recipe import Recipe

ROOT = Path(__file__).resolve().parents[3]
LIMITS = ResourceLimits(memory_bytes=1 << 30, cpu_seconds=20)

DECODES_ONLY_WHAT_THE_BOT_ENCODED = {
    "bot/delivery/job_pictures.py",  # previews and snapshots
    "bot/views/result_picture.py",  # a result
    "bot/presets/contact_sheet.py",  # thumbnails
    "bot/presets/editor.py",  # a preview
    "bot/presets/library.py",
    "bot/presets/thumbnails.py",
    "bot/views/collage.py",  # previews
    "bot/views/timelapse.py",  # snapshots
}
CONFINED = {"bot/executors/decoding_process.py", "bot/intake/inspecting_process.py"}


def png(mode="RGB", size=(60, 40)):
    picture = Image.linear_gradient("L").resize(size).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(size).rotate(90))
    return images.encode(picture, "png")


def frame(**changes):
    parts = {"content": png(), "styles": (png(), png()), "recipe": Recipe(size=64)} | changes
    return _encode_work(Work(job_id="job", **parts), 1)


@pytest.fixture(scope="module")
def decoder():
    return PictureDecoder(LIMITS)


def test_every_part_is_decoded_as_it_would_be_here(decoder):
    recipe = Recipe(size=64, keep_transparency=True)
    masks = (png("L"), None)
    changes = {"content": png("RGBA"), "start": png(), "masks": masks, "checkpoint": b"state"}
    parts = read_parts(frame(recipe=recipe, **changes), decoder)
    assert parts.recipe == recipe
    assert parts.content == images.decode(png("RGBA"), keep_alpha=True)
    assert parts.content.mode == "RGBA"
    assert parts.styles == (images.decode(png()),) * 2
    assert parts.masks == (images.decode_mask(png("L")), None)
    assert parts.start == images.decode(png())
    assert parts.checkpoint == b"state"


def test_pictures_are_no_larger_than_they_are_needed(decoder):
    large = png(size=(1000, 800))
    changes = {"content": large, "styles": (large,), "start": large, "masks": (large,)}
    parts = read_parts(frame(**changes), decoder)
    assert parts.content.size == (64, 51)
    assert parts.styles[0].size == parts.start.size == parts.masks[0].size == (167, 134)
    parts = read_parts(frame(recipe=Recipe(size=64, style_scale=3), styles=(large,)), decoder)
    assert parts.styles[0].size == (500, 400)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"content": b"no picture"}, "unreadable_picture"),
        ({"styles": (png()[:60],)}, "unreadable_picture"),
        ({"masks": (images.encode(Image.new("RGB", (9, 9)), "png"), None)}, "empty_mask"),
    ],
)
def test_what_cannot_be_used_is_named(decoder, changes, code):
    with pytest.raises(DecodingError) as raised:
        read_parts(frame(**changes), decoder)
    assert (raised.value.code, raised.value.is_retryable) == (code, False)


def test_memory_is_limited():
    decoder = PictureDecoder(ResourceLimits(memory_bytes=300 << 20, cpu_seconds=20))
    large = images.encode(Image.new("RGB", (9000, 7000), "red"), "png")
    with decoder.pictures() as pictures, pytest.raises(DecodingError) as raised:
        pictures.decode(large, part="content")
    assert raised.value.code == "out_of_memory"


def test_a_process_is_kept_ready_and_ends_with_its_work(decoder):
    decoder.prepare()
    ready = decoder._ready
    decoder.prepare()
    assert decoder._ready is ready
    with decoder.pictures() as pictures:
        assert decoder._ready is None
        assert pictures.decode(png(), part="style").size == (60, 40)
    assert ready.returncode == 0


def taken_over(program):
    """A process that a picture has taken over, and its pictures."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    return process, WorkPictures(process, most_bytes=1 << 20)


def reply(kind, *blobs, **fields):
    written = b"".join(pipe.encode(Frame(kind, fields, blobs)))
    return f"import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write({written!r})"


@pytest.mark.parametrize(
    "program",
    [
        "pass",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "print('no frame at all')",
        reply("picture", b"123", mode="RGB", width=2, height=1),
        reply("picture", b"12", mode="RGB", width=-1, height=-1),
        reply("picture", b"1", mode="L", width=1, height=1),
        reply("picture", b"1234", mode="CMYK", width=1, height=1),
        reply("picture", mode="RGB", width=1, height=1),
        reply("failed"),
        reply("failed", code="no such code", message="x"),
        reply("failed", code=["empty_mask"], message="x"),
        "import sys; sys.stdout.buffer.write(b'\\0\\x0f\\0\\0' + b'[' * 0xf0000)",
        reply("ready"),
    ],
)
def test_what_a_picture_makes_of_the_process_is_not_believed(program):
    process, pictures = taken_over(program)
    with process, pytest.raises(DecodingError) as raised:
        pictures.decode(png(), part="style")
    assert (raised.value.code, raised.value.is_retryable) == ("unreadable_picture", True)


def test_more_than_the_process_can_hold_is_not_read():
    process, pictures = taken_over(
        "import json, os; header = json.dumps({'kind': 'picture', 'fields': {}, 'blobs': "
        "[1 << 30] * 1000}).encode(); os.write(1, len(header).to_bytes(4) + header)\n"
        "while True: os.write(1, bytes(1 << 20))"
    )
    with process, pytest.raises(DecodingError, match="exceed the limit") as raised:
        pictures.decode(png(), part="style")
    assert raised.value.is_retryable


def test_a_reason_is_one_short_line():
    message = "line\nline " + "x" * 1000
    process, pictures = taken_over(reply("failed", code="empty_mask", message=message))
    with process, pytest.raises(DecodingError) as raised:
        pictures.decode(png(), part="mask")
    assert raised.value.code == "empty_mask"
    assert len(str(raised.value)) < 520
    assert "\n" not in str(raised.value)


def test_a_process_that_does_not_answer_is_killed(monkeypatch):
    monkeypatch.setattr("bot.executors.picture_decoder.ANSWER_SECONDS", 0.1)
    process, pictures = taken_over("import time; time.sleep(3600)")
    with process, pytest.raises(DecodingError):
        pictures.decode(png(), part="style")
    assert process.returncode != 0


def test_strangers_bytes_are_decoded_in_confined_processes_only():
    decoding = re.compile(r"\bimages\.decode|\bdecode_mask\(|\bImage\.open\(|\binspect_with_")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "bot").rglob("*.py")
        if "playground" not in path.parts and decoding.search(path.read_text("utf-8"))
    }
    assert found == DECODES_ONLY_WHAT_THE_BOT_ENCODED | CONFINED
