"""What goes through the pipes between the bot and a worker: frames of a header and blobs.

A frame is the header's length (4 bytes, big-endian), the header (a JSON object in UTF-8), and
the blobs one after another; their lengths stand in the header under ``"blobs"``. JSON and
bytes only: nothing that comes out of a worker, which reads strangers' pictures, is executed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import asyncio

__all__ = ["Frame", "FrameError", "encode", "read", "read_async"]

MAX_HEADER_BYTES = 1024 * 1024
MAX_BLOB_BYTES = 1024 * 1024 * 1024
_LENGTH = struct.Struct("!I")


class FrameError(Exception):
    """The other side does not speak in frames; nothing it sends can be trusted any more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message.

    Attributes:
        kind: what it is about.
        fields: JSON values that belong to it.
        blobs: bytes that belong to it.
    """

    kind: str
    fields: dict[str, Any] = field(default_factory=dict)
    blobs: tuple[bytes, ...] = ()


def encode(frame: Frame) -> list[bytes]:
    """The frame as it goes over the wire, in pieces, so that large blobs are not copied."""
    header = json.dumps(
        {"kind": frame.kind, "fields": frame.fields, "blobs": [len(blob) for blob in frame.blobs]}
    ).encode()
    return [_LENGTH.pack(len(header)) + header, *frame.blobs]


def read(stream: BinaryIO) -> Frame | None:
    """Wait for the next frame; None when the other side has closed the pipe.

    Raises:
        FrameError: what came is not a frame.
    """
    length = _exactly(stream, _LENGTH.size, may_end=True)
    if not length:
        return None
    kind, fields, sizes = _header(_exactly(stream, _header_size(length)))
    return Frame(kind, fields, tuple(_exactly(stream, size) for size in sizes))


async def read_async(stream: asyncio.StreamReader) -> Frame:
    """Wait for the next frame.

    Raises:
        FrameError: what came is not a frame.
        asyncio.IncompleteReadError: the other side has closed the pipe.
    """
    size = _header_size(await stream.readexactly(_LENGTH.size))
    kind, fields, sizes = _header(await stream.readexactly(size))
    return Frame(kind, fields, tuple([await stream.readexactly(size) for size in sizes]))


def _header_size(length: bytes) -> int:
    (size,) = _LENGTH.unpack(length)
    if size > MAX_HEADER_BYTES:
        msg = f"a header of {size} bytes"
        raise FrameError(msg)
    return int(size)


def _header(raw: bytes) -> tuple[str, dict[str, Any], list[int]]:
    try:
        header = json.loads(raw)
        kind, fields, sizes = header["kind"], header["fields"], header["blobs"]
    except (ValueError, TypeError, KeyError) as error:
        msg = f"not a header: {raw[:80]!r}"
        raise FrameError(msg) from error
    if (
        not isinstance(kind, str)
        or not isinstance(fields, dict)
        or not isinstance(sizes, list)
        or not all(isinstance(size, int) and 0 <= size <= MAX_BLOB_BYTES for size in sizes)
    ):
        msg = f"not a header: {raw[:80]!r}"
        raise FrameError(msg)
    return kind, fields, sizes


def _exactly(stream: BinaryIO, size: int, *, may_end: bool = False) -> bytes:
    data = stream.read(size)
    if len(data) < size and not (may_end and not data):
        msg = f"the pipe ended {size - len(data)} bytes early"
        raise FrameError(msg)
    return data
