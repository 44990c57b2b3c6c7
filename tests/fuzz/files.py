"""Hostile files from a seed: mutations, bombs, polyglots, lies."""

from __future__ import annotations

import io
import random
import struct
import zlib
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageDraw

from bot.settings import Settings
from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Callable

pillow_heif.register_heif_opener()  # which can write too

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_BYTES = Settings(_env_file=None).max_upload_bytes
EXTREMES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
)


def _photo(width: int = 96, height: int = 64, mode: str = "RGB") -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 2 % 256, y * 3 % 256, (x * y + x) % 256], axis=-1).astype(np.uint8)
    image = Image.fromarray(pixels)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image if mode == "RGBA" else image.convert(mode)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@cache
def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@cache
def seeds() -> tuple[tuple[str, bytes], ...]:
    """Sound files of every accepted format, with what each can carry."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "text " * 20
    frames = [_photo().rotate(90 * turn) for turn in range(1, 4)]
    found = [(kind, _saved(_photo(), kind)) for kind in images.FORMATS]

    def each(*kinds: str, mode: str = "RGB", **options: object) -> list[tuple[str, bytes]]:
        given = [kind for kind in kinds if kind in images.FORMATS]
        return [(kind, _saved(_photo(mode=mode), kind, **options)) for kind in given]

    found += each("PNG", "WEBP", "AVIF", "HEIF", "TIFF", "JXL", mode="RGBA")
    described = {"exif": exif, "icc_profile": _profile()}
    found += each("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", **described)
    found += each("PNG", "GIF", "WEBP", "TIFF", "AVIF", save_all=True, append_images=frames)
    for mode in ("1", "L", "LA", "P", "I;16"):
        image = _photo(mode="L" if mode == "I;16" else "RGB").convert(mode)
        found.append(("PNG", _saved(image, "PNG")))
        if mode not in {"LA", "P"}:
            found.append(("TIFF", _saved(image, "TIFF")))
    found += [
        ("JPEG", _saved(_photo(), "JPEG", progressive=True)),
        ("JPEG", _saved(_photo(mode="CMYK"), "JPEG")),
        ("JPEG", _saved(_photo(mode="L"), "JPEG")),
        ("JPEG", _saved(_photo(), "MPO", save_all=True, append_images=frames[:1])),
        ("WEBP", _saved(_photo(mode="RGBA"), "WEBP", lossless=True)),
        ("BMP", _saved(_photo(mode="P"), "BMP")),
        ("BMP", _saved(_photo(mode="1"), "BMP")),
        *(
            ("TIFF", _saved(_photo(), "TIFF", compression=each))
            for each in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")
        ),
    ]
    return tuple(found)


# Mutations


def _flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 2, 4, 16, 64))):
        data[rng.randrange(len(data))] = rng.randrange(256)


def _extreme(rng: random.Random, data: bytearray) -> None:
    """Write an extreme number where a length or a type may be."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        width = rng.choice((1, 2, 4))
        place = rng.randrange(min(len(data), rng.choice((64, 512, len(data)))))
        order = rng.choice(("big", "little"))
        number = rng.choice(EXTREMES) & ((1 << 8 * width) - 1)
        data[place : place + width] = number.to_bytes(width, order)


def _cut(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data)) :]


def _remove(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data))
    del data[place : place + rng.choice((1, 4, 16, 256))]


def _repeat(rng: random.Random, data: bytearray) -> None:
    place, length = rng.randrange(len(data)), rng.choice((4, 64, 1024))
    data[place:place] = data[place : place + length] * rng.choice((1, 3, 50))


def _insert(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.randbytes(rng.choice((1, 4, 64, 4096)))


def _splice(rng: random.Random, data: bytearray) -> None:
    other = rng.choice(seeds())[1]
    place = rng.randrange(len(data))
    data[place:] = other[rng.randrange(len(other)) :]


def _swap(rng: random.Random, data: bytearray) -> None:
    length = rng.choice((2, 16, 128))
    first, second = rng.randrange(len(data)), rng.randrange(len(data))
    part = data[first : first + length]
    data[first : first + length] = data[second : second + length]
    data[second : second + length] = part


MUTATIONS = (_flip, _extreme, _cut, _remove, _repeat, _insert, _splice, _swap)


def mutation(rng: random.Random) -> tuple[str, bytes]:
    """A sound file, damaged once or a few times."""
    kind, seed = rng.choice(seeds())
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if data:
            rng.choice(MUTATIONS)(rng, data)
    return f"mutated {kind}", bytes(data)


# PNG, chunk by chunk, with sound checksums


def chunk(kind: bytes, body: bytes) -> bytes:
    """Encode a chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Encode a PNG of these chunks."""
    return PNG_SIGNATURE + b"".join(chunk(*each) for each in chunks)


def header(width: int, height: int, depth: int = 8, kind: int = 2) -> tuple[bytes, bytes]:
    """A PNG's first chunk."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    place, found = len(PNG_SIGNATURE), []
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        found.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def rearranged_png(rng: random.Random) -> tuple[str, bytes]:
    """A PNG whose chunks are damaged, repeated, missing or out of order, their checksums right."""
    pngs = [data for kind, data in seeds() if kind == "PNG"]
    chunks = _chunks(rng.choice(pngs))
    for _ in range(rng.choice((1, 2, 3))):
        place = rng.randrange(len(chunks))
        kind, body = chunks[place]
        match rng.randrange(5):
            case 0 if body:
                damaged = bytearray(body)
                rng.choice((_flip, _extreme, _cut))(rng, damaged)
                chunks[place] = (kind, bytes(damaged))
            case 1 if len(chunks) > 1:
                del chunks[place]
            case 2:
                chunks.insert(rng.randrange(len(chunks) + 1), chunks[place])
            case 3:
                rng.shuffle(chunks)
            case _:
                other = rng.choice(_chunks(rng.choice(pngs)))
                chunks.insert(rng.randrange(len(chunks) + 1), other)
    return "rearranged PNG", png(*chunks)


# Bombs


def dimension_bomb(rng: random.Random) -> tuple[str, bytes]:
    """A header that announces many pixels over next to no data."""
    width, height = (rng.choice((1, 32, 8000, 20_000, 65_535, 0x7FFF_FFFF)) for _ in range(2))
    match rng.choice(("PNG", "PNG data", "GIF", "BMP", "WEBP", "JPEG", "TIFF", "JXL")):
        case "PNG":
            depth, kind = rng.choice(((8, 2), (16, 6), (1, 0), (8, 3), (16, 0)))
            data = png(header(width, height, depth, kind), (b"IDAT", zlib.compress(b"")))
        case "PNG data":  # all of its pixels are there
            packer = zlib.compressobj(9)
            width, height = rng.choice(((8000, 8000), (16_000, 4000), (12_000, 12_000)))
            row = bytes(width + 1)
            rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
            data = png(header(width, height, 8, 0), (b"IDAT", rows), (b"IEND", b""))
        case "GIF":
            seed = bytearray(_saved(_photo(), "GIF"))
            seed[6:10] = struct.pack("<HH", width & 0xFFFF, height & 0xFFFF)
            data = bytes(seed)
        case "BMP":
            seed = bytearray(_saved(_photo(), "BMP"))
            seed[18:26] = struct.pack("<II", width, height)
            data = bytes(seed)
        case "WEBP":
            seed = bytearray(_saved(_photo(mode="RGBA"), "WEBP"))
            sides = (min(side, 1 << 24) - 1 for side in (width, height))
            seed[24:30] = b"".join(side.to_bytes(3, "little") for side in sides)
            data = bytes(seed)
        case "JPEG":
            seed = bytearray(_saved(_photo(), "JPEG", progressive=rng.random() < 0.5))
            place = max(seed.find(b"\xff\xc0"), seed.find(b"\xff\xc2"))
            seed[place + 5 : place + 9] = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
            data = bytes(seed)
        case "TIFF":
            image = Image.new("1", (8, 8))
            data = _saved(image, "TIFF").replace(
                struct.pack("<HHII", 256, 4, 1, 8), struct.pack("<HHII", 256, 4, 1, width)
            )
        case _:
            bits = (rng.getrandbits(100) << 1).to_bytes(14, "little")
            data = b"\xff\x0a" + bits
    return "bomb of dimensions", data


def frame_bomb(rng: random.Random) -> tuple[str, bytes]:
    """An animation of very many frames, blank ones mostly: the search for a picture is long."""
    count = rng.choice((100, 1000, 3000))
    blank = Image.new("RGB", (rng.choice((32, 512)),) * 2, "white")
    other = blank.copy()
    ImageDraw.Draw(other).point((1, 1), "red")
    kind = rng.choice(("GIF", "PNG", "WEBP", "TIFF"))
    frames = [other if number % 2 else blank for number in range(min(count, 100))]
    data = _saved(blank, kind, save_all=True, append_images=frames)
    if kind == "GIF":  # the frames of the file again and again, before its trailer
        start = data.find(b"\x21\xf9\x04")
        data = data[:start] + data[start:-1] * (count // 100) + b";"
    return "bomb of frames", data


def scan_bomb(rng: random.Random) -> tuple[str, bytes]:
    """A progressive JPEG whose scans are repeated, each over every pixel."""
    side = rng.choice((96, 1024, 4000))
    data = _saved(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    places = [place for place in range(len(data) - 1) if data[place : place + 2] == b"\xff\xda"]
    first, last = places[-2], places[-1]
    scans = data[first:last] * rng.choice((10, 500, 5000))
    return "bomb of scans", data[:last] + scans[: 8 << 20] + data[last:]


def text_bomb(rng: random.Random) -> tuple[str, bytes]:
    """Text chunks: many, or few that unpack to very much."""
    packed = zlib.compress(bytes(rng.choice((1 << 10, 64 << 20))), 9)
    kind = rng.choice(("zTXt", "iTXt", "tEXt", "comments", "application data", "GIF comments"))
    many = rng.choice((1, 200, 5000))
    rows = zlib.compress((b"\0" + bytes(range(32)) * 3) * 32)
    body = {
        "zTXt": (b"zTXt", b"k\0\0" + packed),
        "iTXt": (b"iTXt", b"k\0\1\0\0\0" + packed),
        "tEXt": (b"tEXt", b"k\0" + b"text" * 100),
    }
    if kind in body:
        texts = [body[kind]] * min(many, max(1, (8 << 20) // len(body[kind][1])))
        return "bomb of texts", png(header(32, 32), *texts, (b"IDAT", rows), (b"IEND", b""))
    if kind == "GIF comments":
        data = _saved(_photo(), "GIF")
        return "bomb of texts", data[:-1] + b"\x21\xfe\xff" + b"a" * 255 + b"\0" * many + b";"
    marker = b"\xff\xfe" if kind == "comments" else b"\xff\xe2"
    segment = marker + struct.pack(">H", 60_002) + b"a" * 60_000
    return "bomb of texts", b"\xff\xd8" + segment * min(many, 300) + _saved(_photo(), "JPEG")[2:]


def profile_bomb(rng: random.Random) -> tuple[str, bytes]:
    """Colour profiles and metadata: huge, damaged, packed, or of another kind of pixel."""
    profile = bytearray(_profile())
    rng.choice((_flip, _extreme, _cut, _repeat))(rng, profile)
    match rng.randrange(4):
        case 0:
            kind = rng.choice(("JPEG", "WEBP", "TIFF", "AVIF"))
            data = _saved(_photo(), kind, icc_profile=bytes(profile) or b"\0")
        case 1:
            packed = zlib.compress(bytes(rng.choice((1 << 20, 100 << 20))), 9)
            rows = zlib.compress((b"\0" + bytes(range(32)) * 3) * 32)
            chunks = ((b"iCCP", b"p\0\0" + packed), (b"IDAT", rows), (b"IEND", b""))
            data = png(header(32, 32), *chunks)
        case 2:
            body = rng.choice((b"cICP", b"gAMA", b"cHRM", b"sBIT", b"eXIf", b"tRNS", b"PLTE"))
            rows = zlib.compress((b"\0" + bytes(range(32)) * 3) * 32)
            extra = (body, rng.randbytes(rng.choice((0, 1, 4, 32, 768))))
            data = png(header(32, 32), extra, (b"IDAT", rows), (b"IEND", b""))
        case _:
            image = _photo(mode=rng.choice(("L", "CMYK", "RGB")))
            data = _saved(image, "JPEG", icc_profile=bytes(profile) or b"\0")
    return "profile", data


# Lies about what a file is


def polyglot(rng: random.Random) -> tuple[str, bytes]:
    """A file that is several things at once, or starts like another."""
    kind, data = rng.choice(seeds())
    signatures = [seed[:16] for _, seed in seeds()]
    match rng.randrange(5):
        case 0:
            data = rng.choice(signatures)[: rng.choice((4, 8, 12, 16))] + data
        case 1:
            data = rng.choice(signatures) + data[16:]
        case 2:
            data += b"PK\x03\x04" + rng.randbytes(64) + b"PK\x05\x06" + bytes(18)
        case 3:
            start = rng.choice(
                (b"%PDF-1.7\n", b"<html><script>", b"#!/bin/sh\n", b"MZ", b"\x7fELF")
            )
            data = start + data
        case _:
            data = data + rng.choice(seeds())[1]
    return f"polyglot {kind}", data


def noise(rng: random.Random) -> tuple[str, bytes]:
    """Random bytes, behind the beginning of a format or not."""
    start = rng.choice([b"", *(seed[: rng.choice((4, 12, 32))] for _, seed in seeds())])
    return "noise", start + rng.randbytes(rng.choice((0, 1, 16, 1000, 100_000)))


GENERATORS: tuple[tuple[int, Callable[[random.Random], tuple[str, bytes]]], ...] = (
    (60, mutation),
    (12, rearranged_png),
    (6, dimension_bomb),
    (2, frame_bomb),
    (1, scan_bomb),
    (4, text_bomb),
    (5, profile_bomb),
    (6, polyglot),
    (4, noise),
)
"""Each with its weight."""


def generate(seed: int, number: int) -> tuple[str, bytes]:
    """Return the kind and the bytes of one file, the same for the same seed and number."""
    rng = random.Random(f"{seed}/{number}")
    weights, generators = zip(*GENERATORS, strict=True)
    [generator] = rng.choices(generators, weights)
    kind, data = generator(rng)
    return kind, data[:MAX_BYTES]
