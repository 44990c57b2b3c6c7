"""Decode the pictures of one work and exit: run with ``python -m``.

`bot.executors.picture_decoder` starts this module with its limits as one JSON argument. The
process limits and confines itself before it reads the first byte. It reads ``decode`` frames from
standard input until that is closed, each with one picture, and answers each with bare pixels
(``picture``) or a reason (``failed``). It holds no secrets and opens no files.
"""

from __future__ import annotations

import json
import sys
from typing import Final

from bot.executors import pipe
from bot.executors.pipe import Frame
from bot.ops.sandbox import ResourceLimits, confine
from stylenet import images
from stylenet.errors import EmptyMaskError, ImageError

__all__ = ["main"]

_MAX_PIXELS: Final = 1 << 31
"""The pictures of a work have passed the inspection, which enforces the operator's limit."""


def _answer(request: Frame) -> Frame:
    try:
        decode = images.decode_mask if request.fields["part"] == "mask" else images.decode
        picture = decode(request.blobs[0], max_pixels=_MAX_PIXELS, **request.fields["options"])
        fields = {"mode": picture.mode, "width": picture.width, "height": picture.height}
        return Frame("picture", fields, (picture.tobytes(),))
    except EmptyMaskError as error:
        return Frame("failed", {"code": "empty_mask", "message": str(error)})
    except ImageError as error:
        return Frame("failed", {"code": "unreadable_picture", "message": str(error)})
    except MemoryError:
        message = "decoding takes more memory than STYLEBOT_INSPECTION_MEMORY_BYTES allows"
        return Frame("failed", {"code": "out_of_memory", "message": message})


def main() -> None:
    """Answer frames on standard input until it is closed."""
    ResourceLimits(**json.loads(sys.argv[1])).apply()
    confine()
    while (request := pipe.read(sys.stdin.buffer)) is not None:
        for piece in pipe.encode(_answer(request)):
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
