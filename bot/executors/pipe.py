"""The frame format of the pipes between the bot, a worker and the process that decodes for it.

A frame consists of the header's length (4 bytes, big-endian), the header (a JSON object in UTF-8)
and the blobs, whose lengths are in the header under ``"blobs"``. It is limited to JSON and bytes
because untrusted pictures are decoded: nothing that is sent may be executed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = ["Frame", "FrameError", "encode", "read", "read_async"]

MAX_HEADER_BYTES = 1024 * 1024
MAX_BLOB_BYTES = 1024 * 1024 * 1024
_LENGTH = struct.Struct("!I")


class FrameError(Exception):
    """Received data is not a frame; the pipe cannot be used any more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message.

    Attributes:
        kind: the type of the message.
        fields: JSON values by name.
        blobs: binary payloads.
    """

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    blobs: tuple[bytes, ...] = ()


def encode(frame: Frame) -> list[bytes]:
    """Return the encoded frame in pieces, so that large blobs are not copied."""
    header = json.dumps(
        {"kind": frame.kind, "fields": frame.fields, "blobs": [len(blob) for blob in frame.blobs]}
    ).encode()
    return [_LENGTH.pack(len(header)) + header, *frame.blobs]


def read(stream: IO[bytes], *, most: int | None = None) -> Frame | None:
    """Read the next frame; return None at the end of the stream.

    Args:
        stream: where it is read.
        most: bytes of all its blobs; None for any number.

    Raises:
        FrameError: the data is not a frame, or it has more bytes.
    """
    length = _read_exactly(stream, _LENGTH.size, may_end=True)
    if not length:
        return None
    kind, fields, sizes = _parse_header(_read_exactly(stream, _parse_header_size(length)))
    if most is not None and sum(sizes) > most:
        msg = f"blobs of {sum(sizes)} bytes exceed the limit of {most}"
        raise FrameError(msg)
    return Frame(kind, fields, tuple(_read_exactly(stream, size) for size in sizes))


async def read_async(stream: asyncio.StreamReader) -> Frame:
    """Read the next frame.

    Raises:
        FrameError: the data is not a frame.
        asyncio.IncompleteReadError: the stream ended.
    """
    size = _parse_header_size(await stream.readexactly(_LENGTH.size))
    kind, fields, sizes = _parse_header(await stream.readexactly(size))
    return Frame(kind, fields, tuple([await stream.readexactly(size) for size in sizes]))


def _parse_header_size(length: bytes) -> int:
    (size,) = _LENGTH.unpack(length)
    if size > MAX_HEADER_BYTES:
        msg = f"header of {size} bytes exceeds the limit of {MAX_HEADER_BYTES}"
        raise FrameError(msg)
    return int(size)


def _parse_header(raw: bytes) -> tuple[str, dict[str, Any], list[int]]:
    try:
        header = json.loads(raw)
        kind, fields, sizes = header["kind"], header["fields"], header["blobs"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        msg = f"invalid header: {raw[:80]!r}"
        raise FrameError(msg) from error
    if (
        not isinstance(kind, str)
        or not isinstance(fields, dict)
        or not isinstance(sizes, list)
        or not all(isinstance(size, int) and 0 <= size <= MAX_BLOB_BYTES for size in sizes)
    ):
        msg = f"invalid header: {raw[:80]!r}"
        raise FrameError(msg)
    return kind, fields, sizes


def _read_exactly(stream: IO[bytes], size: int, *, may_end: bool = False) -> bytes:
    data = stream.read(size)
    if len(data) < size and not (may_end and not data):
        msg = f"the stream ended {size - len(data)} bytes early"
        raise FrameError(msg)
    return data
