"""PNG chunks that Pillow does not apply, or refuses a sound file for."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PngMetadata", "read_metadata", "without_metadata"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEPT: Final = frozenset({b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf"})
"""Ancillary chunks that Pillow needs. Broken or huge others must not cost a sound picture."""

_MAX_PROFILE_BYTES: Final = 16 << 20
_MAX_EXIF_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class PngMetadata:
    """How the pixels are to be shown.

    Attributes:
        icc_profile: the ICC profile; None if there is none or it is damaged.
        cicp: colour primaries, transfer function, matrix and full-range flag (ITU-T H.273).
        is_srgb: whether the file declares sRGB.
        gamma: exponent of the encoding, about 0.455 for sRGB.
        chromaticities: x and y of white, red, green and blue.
        transparent: the colour, one or three samples in 0..255, that is transparent.
        hides_first_frame: whether the first picture is for programs without animation only.
    """

    icc_profile: bytes | None = None
    cicp: tuple[int, int, int, int] | None = None
    is_srgb: bool = False
    gamma: float | None = None
    chromaticities: tuple[float, ...] | None = None
    transparent: tuple[int, ...] | None = None
    hides_first_frame: bool = False


def without_metadata(data: bytes) -> bytes:
    """Return the file without texts, profiles and other chunks that Pillow may stumble over."""
    parts = [_SIGNATURE]
    end = len(_SIGNATURE)
    for kind, start, stop in _chunks(data):
        is_ancillary = bool(kind[0] & 0x20)
        end = stop + 4
        if is_ancillary and (
            kind not in _KEPT or (kind == b"eXIf" and not _is_sound(data, kind, start, stop))
        ):
            continue
        parts.append(data[start - 8 : end])
    parts.append(data[end:])  # a truncated chunk, for Pillow to notice
    return b"".join(parts)


def read_metadata(data: bytes) -> PngMetadata:
    """Read the chunks before the pixels; damaged ones are ignored, as browsers do."""
    fields: dict[str, object] = {}
    depth, color_type = 8, 2
    has_animation = has_frame = False
    for kind, start, stop in _chunks(data):
        body = data[start : min(stop, start + _MAX_PROFILE_BYTES)]
        if kind == b"IDAT":
            break
        if kind == b"IHDR" and len(body) >= 10:
            depth, color_type = body[8], body[9]
        elif kind == b"tRNS" and color_type in {0, 2}:
            fields["transparent"] = _transparent_color(body, depth, color_type)
        elif kind == b"acTL":
            has_animation = True
        elif kind == b"fcTL":
            has_frame = True
        elif zlib.crc32(kind + body) == int.from_bytes(data[stop : stop + 4], "big"):
            fields |= _color_field(kind, body)
    return PngMetadata(hides_first_frame=has_animation and not has_frame, **fields)  # type: ignore[arg-type]


def _color_field(kind: bytes, body: bytes) -> dict[str, object]:
    """Return the field that a chunk about colours states, if it is one."""
    match kind:
        case b"iCCP":
            return {"icc_profile": _inflate(body.partition(b"\0")[2][1:])}
        case b"sRGB":
            return {"is_srgb": True}
        case b"cICP" if len(body) == 4:
            return {"cicp": tuple(body)}
        case b"gAMA" if len(body) == 4 and any(body):
            return {"gamma": int.from_bytes(body, "big") / 100_000}
        case b"cHRM" if len(body) == 32:
            return {"chromaticities": tuple(each / 100_000 for each in struct.unpack(">8I", body))}
    return {}


def _transparent_color(body: bytes, depth: int, color_type: int) -> tuple[int, ...] | None:
    """Return the transparent colour in 0..255, which is how Pillow reads the samples."""
    count = 1 if color_type == 0 else 3
    if len(body) < 2 * count:
        return None
    samples = struct.unpack_from(f">{count}H", body)
    if depth == 16 and count == 1:
        return samples  # grey of 16 bits keeps its depth until it is compared
    if depth == 16:
        return tuple(sample >> 8 for sample in samples)
    highest = (1 << depth) - 1
    return tuple((sample & highest) * 255 // highest for sample in samples)


def _inflate(body: bytes) -> bytes | None:
    try:
        unpacker = zlib.decompressobj()
        profile = unpacker.decompress(body, _MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return None if unpacker.unconsumed_tail else profile


def _is_sound(data: bytes, kind: bytes, start: int, stop: int) -> bool:
    if stop - start > _MAX_EXIF_BYTES:
        return False
    return zlib.crc32(kind + data[start:stop]) == int.from_bytes(data[stop : stop + 4], "big")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, start and end of the body of every chunk that is there as a whole."""
    place = len(_SIGNATURE)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        start, stop = place + 8, place + 8 + length
        if stop + 4 > len(data):
            return
        yield data[place + 4 : place + 8], start, stop
        place = stop + 4
