"""Content type, dimensions and first video frame of uploaded files.

Only headers are read and nothing is decoded, so malicious files cannot cost memory or time.
"""

from __future__ import annotations

import mimetypes
import struct

__all__ = ["content_type_of", "dimensions", "first_frame"]

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that start a frame and carry its size; the three excluded ones start tables."""
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"


def content_type_of(filename: str) -> str | None:
    """Return the content type for a file name; like Discord, ignore the file's content."""
    guessed, _ = mimetypes.guess_type(filename)
    if guessed is None:
        return {"webp": "image/webp", "avif": "image/avif"}.get(filename.rpartition(".")[2].lower())
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of a PNG, JPEG, WebP or GIF; None for other files."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            width, height = struct.unpack(">II", data[16:24])
            return int(width), int(height)
        if data.startswith((b"GIF87a", b"GIF89a")):
            width, height = struct.unpack("<HH", data[6:10])
            return int(width), int(height)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp_dimensions(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg_dimensions(data)
    except (struct.error, IndexError):
        return None  # truncated before the size
    return None


def first_frame(video: bytes) -> bytes | None:
    """Return the first JPEG frame of a Motion JPEG video; None for other codecs.

    Discord's media proxy decodes any video; the playground only copies a frame out.
    """
    start = video.find(_JPEG_START)
    if start < 0:
        return None
    end = video.find(_JPEG_END, start)
    return video[start : end + len(_JPEG_END)] if end > 0 else None


def _webp_dimensions(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return (
            1 + int.from_bytes(data[24:27], "little"),
            1 + int.from_bytes(data[27:30], "little"),
        )
    if chunk == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_dimensions(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:  # padding
            position += 1
            continue
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return int(width), int(height)
        (length,) = struct.unpack(">H", data[position + 2 : position + 4])
        position += 2 + length
    return None
