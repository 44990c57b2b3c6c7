"""Inspection of what members may send, by the real process."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import re
import signal
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from unittest.mock import AsyncMock

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from bot.errors import PictureProblem, PictureRefused
from bot.intake import inspection, inspection_reply
from bot.intake.inspecting_process import examine_picture
from bot.intake.inspection import Inspector
from bot.ops.metrics import ERRORS
from bot.ops.sandbox import clean_environment
from bot.settings import Settings
from stylenet import images

pillow_heif.register_heif_opener()  # which can write too

LIMITS = {"min_side": 32, "max_pixels": 64_000_000, "max_aspect_ratio": 8.0, "preview_side": 48}


def photo(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 2 % 256, y * 3 % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def png(width: int, height: int, rows: bytes, *, depth: int = 8, kind: int = 0) -> bytes:
    """A PNG of any announced size, written by hand."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def bomb() -> bytes:
    """30,000 × 30,000 black pixels in about a megabyte."""
    packer = zlib.compressobj(9)
    row = b"\0" * 30_001
    return png(
        30_000, 30_000, b"".join(packer.compress(row) for _ in range(30_000)) + packer.flush()
    )


def sixteen_bit() -> bytes:
    pixels = (np.mgrid[0:64, 0:96][1] * 600).astype(np.uint16)
    return saved(Image.fromarray(pixels), "PNG")


def rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(photo(96, 64), "JPEG", exif=exif)


def palette_with_alpha() -> bytes:
    image = photo().quantize(16)
    return saved(image, "PNG", transparency=0)


ACCEPTED = {
    "png": (lambda: saved(photo(), "PNG"), "PNG", (96, 64), False),
    "jpeg": (lambda: saved(photo(), "JPEG"), "JPEG", (96, 64), False),
    "webp": (lambda: saved(photo(), "WEBP"), "WEBP", (96, 64), False),
    "grey": (lambda: saved(photo(mode="L"), "PNG"), "PNG", (96, 64), False),
    "alpha": (lambda: saved(photo(mode="RGBA"), "PNG"), "PNG", (96, 64), False),
    "palette with alpha": (palette_with_alpha, "PNG", (96, 64), False),
    "16 bits": (sixteen_bit, "PNG", (96, 64), False),
    "cmyk": (lambda: saved(photo(mode="CMYK"), "JPEG"), "JPEG", (96, 64), False),
    "exif rotated": (rotated, "JPEG", (64, 96), False),
    "animated gif": (
        lambda: saved(
            photo(), "GIF", save_all=True, append_images=[photo().rotate(90)], duration=100
        ),
        "GIF",
        (96, 64),
        True,
    ),
}

REFUSED = {
    "text named png": (
        lambda: b"just a text, whatever its name says\n",
        PictureProblem.NOT_A_PICTURE,
    ),
    "nothing": (lambda: b"", PictureProblem.NOT_A_PICTURE),
    "truncated": (lambda: saved(photo(), "JPEG")[:600], PictureProblem.TRUNCATED),
    "only a header": (lambda: saved(photo(), "PNG")[:20], PictureProblem.TRUNCATED),
    "a palette that is missing": (
        lambda: png(64, 64, zlib.compress(bytes(64 * 65)), kind=3),
        PictureProblem.TRUNCATED,
    ),
    "one pixel": (lambda: saved(photo(1, 1), "PNG"), PictureProblem.TOO_SMALL),
    "elongated": (lambda: saved(photo(640, 40), "PNG"), PictureProblem.TOO_ELONGATED),
    "huge, and all there": (bomb, PictureProblem.TOO_LARGE),
    "huge, and nearly empty": (
        lambda: png(30_000, 30_000, zlib.compress(b"")),
        PictureProblem.TOO_LARGE,
    ),
    "fully transparent": (
        lambda: saved(Image.new("RGBA", (64, 64), (255, 255, 255, 0)), "PNG"),
        PictureProblem.TRANSPARENT,
    ),
    "a kind not painted": (lambda: saved(photo(), "ICO"), PictureProblem.UNSUPPORTED_FORMAT),
}


def _counted(error):
    return ERRORS.labels("intake", error)._value.get()


@pytest.fixture
async def inspector():
    async with Inspector(Settings()) as started:
        yield started


async def inspect(inspector, data, *, filename):
    """Inspect these bytes."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return await inspector.inspect(Path(file.name), filename=filename)


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(name):
    make, image_format, (width, height), animated = ACCEPTED[name]
    report = examine_picture(make(), **LIMITS)
    preview = report.pop("preview")
    assert report == {
        "width": width,
        "height": height,
        "format": image_format,
        "animated": animated,
        "is_single_color": False,
    }
    assert (preview["width"], preview["height"]) == (width // 2, height // 2)
    assert len(base64.b64decode(preview["pixels"])) == width * height * 3 // 4


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    make, problem = REFUSED[name]
    assert examine_picture(make(), **LIMITS)["problem"] == problem


async def test_a_large_picture_is_sent_in_small_parts(inspector, monkeypatch):
    data, parts = saved(Image.effect_noise((2000, 2000), 80).convert("RGB"), "BMP"), []
    read = inspection._read_part

    def count(file, position):
        parts.append(len(read(file, position)))
        return read(file, position)

    monkeypatch.setattr(inspection, "_read_part", count)
    with pytest.raises(PictureRefused) as refused:  # it was read to the end
        await inspect(inspector, data[: len(data) // 2], filename="a.bmp")
    assert refused.value.problem in {PictureProblem.TRUNCATED, PictureProblem.UNSUPPORTED_FORMAT}
    assert max(parts) == inspection.PICTURE_PART_BYTES < len(data) / 10


async def test_process_describes_a_picture(inspector):
    data = rotated()
    picture = await inspect(inspector, data, filename="me.jpg")
    assert (picture.width, picture.height, picture.format) == (64, 96, "JPEG")
    assert (picture.preview.mode, picture.preview.size) == ("RGB", (64, 96))
    assert picture.filename == "me.jpg"


@pytest.mark.parametrize("image_format", images.FORMATS)
async def test_process_reads_every_format(image_format):
    """Confined, a decoder cannot load anything that was not imported before."""
    async with Inspector(Settings()) as inspector:
        picture = await inspect(inspector, saved(photo(), image_format), filename="a")
    assert (picture.width, picture.height, picture.format) == (96, 64, image_format)


@pytest.mark.parametrize(
    ("make", "got"),
    [(lambda: saved(photo(), "ICO"), "ICO"), (lambda: b"8BPS" + bytes(99), "PSD")],
)
async def test_process_names_a_format_that_is_not_accepted(inspector, make, got):
    with pytest.raises(PictureRefused) as refused:
        await inspect(inspector, make(), filename="a")
    assert (refused.value.problem, refused.value.got) == (PictureProblem.UNSUPPORTED_FORMAT, got)


async def test_process_reads_both_pictures_of_a_camera(inspector):
    data = saved(photo(), "MPO", save_all=True, append_images=[photo()])
    picture = await inspect(inspector, data, filename="a.mpo")
    assert (picture.format, picture.animated) == ("JPEG", False)


def phone_photo() -> bytes:
    """50.1 megapixels, rotated, with a profile."""
    image = photo(1020, 768).resize((8160, 6144), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(image, "JPEG", quality=60, exif=exif, icc_profile=profile)


def large_png(kind: int, channels: int, depth: int) -> bytes:
    packer = zlib.compressobj(1)
    row = b"\0" + bytes(range(0, 240, 10)) * (8160 * channels * depth // 8 // 24)
    rows = b"".join(packer.compress(row) for _ in range(6144)) + packer.flush()
    return png(8160, 6144, rows, depth=depth, kind=kind)


def large_webp() -> bytes:
    image = photo(1020, 768, "RGBA").resize((8160, 6144), Image.Resampling.NEAREST)
    return saved(image, "WEBP", method=0, quality=20)


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (phone_photo, (6144, 8160)),
        (large_webp, (8160, 6144)),
        (lambda: large_png(6, 4, 8), (8160, 6144)),
        (lambda: large_png(6, 4, 16), (8160, 6144)),
        (lambda: large_png(0, 1, 16), (8160, 6144)),
    ],
    ids=["jpeg", "webp", "rgba png", "16-bit rgba png", "16-bit grey png"],
)
async def test_process_reads_fifty_megapixels_within_its_limits(inspector, make, size):
    picture = await inspect(inspector, await asyncio.to_thread(make), filename="a")
    assert (picture.width, picture.height) == size


async def test_cpu_time_is_limited():
    limits = json.loads(Inspector(Settings(inspection_cpu_seconds=1))._limits)
    assert limits["cpu_seconds"] == 1
    code = (
        "from bot.ops.sandbox import ResourceLimits\n"
        "ResourceLimits(memory_bytes=1 << 32, cpu_seconds=1).apply()\n"
        "while True: pass"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() in {-signal.SIGKILL, -signal.SIGXCPU}


async def test_process_refuses_with_numbers(inspector):
    with pytest.raises(PictureRefused) as refused:
        await inspect(inspector, bomb(), filename="big.png")
    assert refused.value.problem is PictureProblem.TOO_LARGE
    assert refused.value.filename == "big.png"
    assert refused.value.got == "30000×30000"
    assert refused.value.limit == "64000000"


async def test_bad_pictures_do_not_stop_the_inspector(inspector):
    outcomes = await asyncio.gather(
        inspect(inspector, b"no picture", filename="a"),
        inspect(inspector, saved(photo(), "PNG"), filename="b"),
        inspect(inspector, saved(photo(), "JPEG")[:500], filename="c"),
        inspect(inspector, saved(photo(), "WEBP"), filename="d"),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "PictureRefused",
        "InspectedPicture",
        "PictureRefused",
        "InspectedPicture",
    ]


async def test_memory_is_limited():
    # 80 MP of RGB take 240 MB: more than is allowed here, though the pixel limit would let it by.
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(b"\0" * (10_000 * 3 + 1)) for _ in range(8000)) + packer.flush()
    settings = Settings(inspection_memory_bytes=300 * 1024 * 1024, max_pixels=100_000_000)
    async with Inspector(settings) as inspector:
        with pytest.raises(PictureRefused) as refused:
            await inspect(inspector, png(10_000, 8000, rows, kind=2), filename="wide.png")
        assert refused.value.problem is PictureProblem.INSPECTION_FAILED
        await inspect(inspector, saved(photo(), "PNG"), filename="next.png")


async def test_time_is_limited(monkeypatch):
    async with Inspector(Settings(inspection_timeout_seconds=0.05)) as inspector:
        process = await inspector._acquire()
        os.kill(process.pid, signal.SIGSTOP)

        async def stopped():
            return process

        monkeypatch.setattr(inspector, "_acquire", stopped)
        before = _counted("inspection_timeout")
        with pytest.raises(PictureRefused) as refused:
            await inspect(inspector, saved(photo(), "PNG"), filename="slow.png")
        assert _counted("inspection_timeout") == before + 1
        assert (refused.value.problem, refused.value.got) == (
            PictureProblem.INSPECTION_FAILED,
            "timeout",
        )
        assert process.returncode == -signal.SIGKILL


async def test_killed_idle_process_is_replaced(inspector):
    process = await inspector._idle[0]
    process.kill()
    await process.wait()
    picture = await inspect(inspector, saved(photo(), "PNG"), filename="a.png")
    assert picture.format == "PNG"


async def test_used_processes_are_replaced_after_a_delay(inspector, monkeypatch):
    monkeypatch.setattr(inspection, "REFILL_DELAY_SECONDS", 3600)
    await asyncio.gather(*inspector._idle)
    if inspector._refill_timer is not None:  # an earlier test's
        inspector._refill_timer.cancel()
        inspector._refill()
    pictures = [inspect(inspector, saved(photo(), "PNG"), filename=name) for name in "ab"]
    await asyncio.gather(*pictures)
    assert not inspector._idle, "a process was started while a member waits for an answer"
    inspector._refill_timer.cancel()
    inspector._refill()
    assert len(inspector._idle) == inspection.MAX_CONCURRENT


async def test_cancelling_stops_the_process(inspector):
    process = await inspector._idle[0]
    os.kill(process.pid, signal.SIGSTOP)
    task = asyncio.create_task(inspect(inspector, saved(photo(), "PNG"), filename="a.png"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="confinement is by Linux's kernel")
async def test_process_is_confined(inspector):
    """What that keeps it from is shown in ``tests/unit/ops/test_sandbox.py``."""
    process = await inspector._idle[0]
    status = await asyncio.to_thread(Path(f"/proc/{process.pid}/status").read_text)
    assert re.search(r"^NoNewPrivs:\s*1$", status, re.MULTILINE)
    assert re.search(r"^Seccomp:\s*2$", status, re.MULTILINE)


async def test_process_inherits_no_secrets(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    assert "secret" not in clean_environment().values()


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_picture_is_reported_not_raised(data):
    image_format = data.draw(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
    damaged = bytearray(saved(photo(), image_format))
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), max_size=6)):
        damaged[place] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    report = examine_picture(bytes(damaged), **LIMITS)
    assert ("problem" in report) != ("width" in report)


def _report(*, preview=(1, "AAAA"), **changes):
    width, pixels = preview
    report = {
        "width": 3,
        "height": 2,
        "format": "PNG",
        "animated": False,
        "is_single_color": False,
        "preview": {"width": width, "height": 1, "pixels": pixels},
    }
    return json.dumps(report | changes).encode()


def _problem(problem, **changes):
    return json.dumps({"problem": problem, **changes}).encode()


def test_a_reply_is_read():
    picture = inspection_reply.parse_reply(_report(), "a.png", max_pixels=6)
    assert (picture.width, picture.height, picture.format) == (3, 2, "PNG")
    assert picture.preview.size == (1, 1)
    for got in ("30000×20000", "JPEG 2000", "12-bit JPEG", "memory"):
        reply = _problem("too_large", got=got, limit="1e+06")
        with pytest.raises(PictureRefused) as refused:
            inspection_reply.parse_reply(reply, "a.png", max_pixels=6)
        assert (refused.value.got, refused.value.limit) == (got, "1e+06")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"[]",
        b'["problem"]',
        b'"problem"',
        b"nonsense",
        b"[" * 400_000,
        b'{"width": 1}',
        _problem("never heard of"),
        _problem("single_color"),
        _problem("too_many_bytes", limit="x"),
        _problem("too_large", got="1×1", limit="x"),
        _problem("unsupported_format", got="[free](https://evil.example)"),
        _problem("unsupported_format", got="@everyone"),
        _problem("unsupported_format", got="x" * 33),
        _problem("unsupported_format", got=["PNG"]),
        _report(preview=(1, "AAA=")),
        _report(preview=(1, "no base64")),
        _report(preview=(100_000, "AAAA")),
        _report(format="PNG\n"),
        _report(width=0),
        _report(width=-3, height=-2),
        _report(width=4),
        _report(width=10**30),
        _report(width=float("inf")),
        _report(width=None),
    ],
)
def test_malformed_reply_is_a_refusal(reply):
    before = _counted("inspection_died")
    with pytest.raises(PictureRefused) as refused:
        inspection_reply.parse_reply(reply, "a.png", max_pixels=6)
    assert refused.value.problem is PictureProblem.INSPECTION_FAILED
    assert _counted("inspection_died") == before + 1


async def test_a_process_that_cannot_be_started_is_no_fault_of_the_picture(monkeypatch):
    launch = AsyncMock(side_effect=OSError("too many processes"))
    inspector = Inspector(Settings(_env_file=None))
    monkeypatch.setattr(inspector, "_launch", launch)
    before = _counted("OSError")
    with pytest.raises(OSError, match="too many processes"):
        await inspector.inspect(Path("a.png"), filename="a.png")
    assert _counted("OSError") == before + 1
    await inspector.close()
