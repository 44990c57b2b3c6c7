"""Peak memory and CPU time of decoding pictures of a phone's 50 megapixels.

For each format, a picture of 8160 × 6144 pixels is sent through the process that inspects what
members send and through the one that decodes for a worker, with the bot's default limits::

    python benchmarks/decoding.py
"""

from __future__ import annotations

import argparse
import io
import json
import os
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from bot.executors import pipe
from bot.executors.pipe import Frame
from bot.intake.inspection import Inspector
from bot.ops.sandbox import clean_environment
from bot.settings import Settings
from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WIDTH, HEIGHT = 8160, 6144
SIDE = 2048
"""Longest side that the worker's picture is decoded to, in pixels: the largest default."""

MIB = 1 << 20
DISPLAY_P3 = (
    (0.5151, 0.2412, -0.0011),
    (0.2920, 0.6922, 0.0419),
    (0.1571, 0.0666, 0.7841),
)
"""The profile's red, green and blue, as XYZ under D50."""


def photo(mode: str) -> Image.Image:
    """Return smooth colours with an opacity that falls from top to bottom."""
    cells = np.random.default_rng(0).integers(0, 256, (HEIGHT // 48, WIDTH // 48, 3), np.uint8)
    image = Image.fromarray(cells).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image if mode == "RGBA" else image.convert(mode)


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Encode a picture."""
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def wide_png(kind: int, channels: int) -> bytes:
    """Encode a PNG of 16 bits per channel, which Pillow does not write in colour."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + zlib.crc32(name + body).to_bytes(4)

    packer = zlib.compressobj(1)
    ramp = np.linspace(0, 65_535, WIDTH * channels).astype(">u2").tobytes()
    rows = b"".join(packer.compress(b"\0" + ramp) for _ in range(HEIGHT)) + packer.flush()
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def display_p3_profile() -> bytes:
    """Return sRGB's profile with Display P3's primaries."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, color in zip((b"rXYZ", b"gXYZ", b"bXYZ"), DISPLAY_P3, strict=True):
        entry = profile.find(name, 128)
        place = int.from_bytes(profile[entry + 4 : entry + 8], "big")
        numbers = (round(value * 65_536) for value in color)
        profile[place + 8 : place + 20] = struct.pack(">3i", *numbers)
    return bytes(profile)


def pictures() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of each case, and what makes its file."""
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[0x0112] = 6
    described = {"exif": exif, "icc_profile": display_p3_profile()}
    yield "JPEG, rotated, Display P3", lambda: saved(photo("RGB"), "JPEG", quality=80, **described)
    yield "JPEG, progressive", lambda: saved(photo("RGB"), "JPEG", quality=80, progressive=True)
    yield "WebP", lambda: saved(photo("RGB"), "WEBP", method=0, quality=50)
    yield "WebP, RGBA", lambda: saved(photo("RGBA"), "WEBP", method=0, quality=20)
    yield "PNG", lambda: saved(photo("RGB"), "PNG", compress_level=1)
    yield "PNG, RGBA", lambda: saved(photo("RGBA"), "PNG", compress_level=1)
    yield "PNG, 16-bit RGBA", lambda: wide_png(6, 4)
    yield "PNG, 16-bit grey", lambda: wide_png(0, 1)
    yield "PNG, palette", lambda: saved(photo("P"), "PNG", compress_level=1)
    yield "GIF", lambda: saved(photo("P"), "GIF")
    yield "TIFF, JPEG inside", lambda: saved(photo("RGB"), "TIFF", compression="jpeg")
    yield "HEIF", lambda: saved(photo("RGB"), "HEIF", quality=30)
    yield "AVIF", lambda: saved(photo("RGB"), "AVIF", quality=40, speed=10)
    if "JXL" in images.FORMATS:
        yield "JPEG XL", lambda: saved(photo("RGB"), "JXL", quality=60, effort=1)


def measure(module: str, limits: str, data: bytes) -> tuple[bytes, float, float]:
    """Run a process to its end; return what it wrote, MiB and CPU seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    )
    process.stdin.write(data)
    process.stdin.close()
    output = process.stdout.read()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return output, usage.ru_maxrss * 1024 / MIB, usage.ru_utime + usage.ru_stime


def made(name: str) -> bytes:
    """Encode a picture in a process of its own.

    What a process took at its largest counts for those that it starts.
    """
    command = [sys.executable, __file__, "--write", name]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", metavar="NAME", help="write this picture and do nothing else")
    cases = dict(pictures())
    if (name := parser.parse_args().write) is not None:
        sys.stdout.buffer.write(cases[name]())
        return
    settings = Settings(_env_file=None)
    memory, cpu = settings.inspection_memory_bytes, settings.inspection_cpu_seconds
    decoding = json.dumps({"memory_bytes": memory, "cpu_seconds": cpu})
    options = {"keep_alpha": True, "longest_side": SIDE}
    print(f"limits: {memory / MIB:.0f} MiB of address space, {cpu} CPU s\n")
    print("| picture | MB | inspected: MiB | CPU s | decoded: MiB | CPU s |")
    print("|---|---|---|---|---|---|")
    for name in cases:
        data = made(name)
        report, *inspected = measure(
            "bot.intake.inspecting_process", Inspector(settings)._limits, data
        )
        if b'"width"' not in report:
            raise SystemExit(f"{name} was refused: {report.decode()[-200:]}")
        request = Frame("decode", {"part": "content", "options": options}, (data,))
        output, *decoded = measure(
            "bot.executors.decoding_process", decoding, b"".join(pipe.encode(request))
        )
        reply = pipe.read(io.BytesIO(output))
        if reply is None or reply.kind != "picture":
            raise SystemExit(f"{name} was not decoded: {reply and reply.fields}")
        figures = " | ".join(f"{each[0]:.0f} | {each[1]:.1f}" for each in (inspected, decoded))
        print(f"| {name} | {len(data) / 1e6:.0f} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
