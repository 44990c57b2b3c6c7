"""JPEG XL, where its plugin is installed.

The plugin decodes all pixels when it opens a file, so the size is read here first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PIL import Image

from stylenet.errors import ImageSizeError, UnreadableImageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["JXLImageFile", "check_area", "read_size"]

JXLImageFile: Callable[..., Any] | None
"""Pillow's plugin; None where there is no wheel of it, as on 64-bit ARM."""

try:
    from pillow_jxl import JpegXLImagePlugin
except ImportError:
    JXLImageFile = None
else:
    JXLImageFile = JpegXLImagePlugin.JXLImageFile
    JpegXLImagePlugin.DECODE_THREADS = 0
    Image.preinit()  # it opens recompressed JPEGs with Image.open, which imports plugins

_RATIOS: Final = (None, (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIDE_BITS: Final = (9, 13, 18, 30)


class _Bits:
    """Reads little-endian bit fields."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def read(self, count: int) -> int:
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value

    def read_side(self, *, is_small: bool) -> int:
        return 8 * (self.read(5) + 1) if is_small else self.read(_SIDE_BITS[self.read(2)]) + 1


def read_size(data: bytes) -> tuple[int, int]:
    """Read width and height, in pixels, as stored: the orientation is not applied.

    Raises:
        UnreadableImageError: there is no header of a picture.
    """
    codestream = _codestream(data)
    if codestream[:2] != b"\xff\x0a" or len(codestream) < 4:
        raise UnreadableImageError("not a readable JXL file", truncated=True)
    bits = _Bits(codestream[2:16])
    is_small = bool(bits.read(1))
    height = bits.read_side(is_small=is_small)
    ratio = _RATIOS[bits.read(3)]
    if ratio is None:
        return bits.read_side(is_small=is_small), height
    return height * ratio[0] // ratio[1], height


def check_area(data: bytes, max_pixels: int) -> None:
    """Check width × height.

    Raises:
        UnreadableImageError: there is no header of a picture.
        ImageSizeError: more than `max_pixels`.
    """
    width, height = read_size(data)
    if width * height > max_pixels:
        raise ImageSizeError(width=width, height=height, limit=max_pixels, kind="area_max")


def _codestream(data: bytes) -> bytes:
    """Return the start of the codestream, which may be in the boxes of a container."""
    if data[:2] == b"\xff\x0a":
        return data[:32]
    place = 0
    while place + 8 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        header = 8
        if length == 1:
            length, header = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        if kind == b"jxlc":
            return data[place + header : place + header + 32]
        if kind == b"jxlp":  # a part, after its index
            return data[place + header + 4 : place + header + 36]
        if length < header:
            break
        place += length
    return b""
