"""Decode one untrusted picture, report on it and exit: run with ``python -m``.

`bot.intake.inspection` starts this module with the limits as one JSON argument. The process limits
and confines itself and writes one line, which says how it is confined, when it is ready. It reads
the whole picture from standard input, decodes it and writes one JSON object to standard output:
either the picture's properties with a reduced copy, or the reason why it cannot be used. The copy
is sent as raw pixels, so that the bot need not decode anything this process wrote. The process
holds no secrets and opens no files.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from bot.errors import PictureProblem
from bot.ops.sandbox import ResourceLimits, confine
from stylenet.errors import (
    ImageSizeError,
    TransparentImageError,
    UnreadableImageError,
    UnsupportedImageError,
)
from stylenet.images import inspect_with_preview

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["examine_picture", "main"]


def examine_picture(
    data: bytes, *, min_side: int, max_pixels: int, max_aspect_ratio: float, preview_side: int
) -> Mapping[str, object]:
    """Decode a picture and return its properties, or the problem with it, as JSON values.

    Args:
        data: the encoded picture.
        min_side: least width and height, in pixels.
        max_pixels: width times height.
        max_aspect_ratio: longer side divided by shorter side.
        preview_side: longest side of the reduced copy, in pixels.
    """
    try:
        info, preview = inspect_with_preview(
            data,
            preview_side=preview_side,
            min_side=min_side,
            max_pixels=max_pixels,
            max_aspect_ratio=max_aspect_ratio,
        )
    except ImageSizeError as error:
        problem, limit = _size_problem(error, max_aspect_ratio)
        return {"problem": problem, "got": f"{error.width}×{error.height}", "limit": limit}
    except UnsupportedImageError as error:
        return {"problem": PictureProblem.UNSUPPORTED_FORMAT, "got": error.format}
    except UnreadableImageError as error:
        problem = PictureProblem.TRUNCATED if error.truncated else PictureProblem.NOT_A_PICTURE
        return {"problem": problem}
    except TransparentImageError:
        return {"problem": PictureProblem.TRANSPARENT}
    except MemoryError:
        return {"problem": PictureProblem.INSPECTION_FAILED, "got": "memory"}
    return {
        "width": info.width,
        "height": info.height,
        "format": info.format,
        "animated": info.animated,
        "is_single_color": info.is_single_color,
        "preview": {
            "width": preview.width,
            "height": preview.height,
            "pixels": base64.b64encode(preview.tobytes()).decode("ascii"),
        },
    }


def _size_problem(error: ImageSizeError, max_aspect_ratio: float) -> tuple[PictureProblem, str]:
    if error.kind == "side_min":
        return PictureProblem.TOO_SMALL, str(error.limit)
    if error.kind == "aspect_max":
        return PictureProblem.TOO_ELONGATED, f"{max_aspect_ratio:g}"
    return PictureProblem.TOO_LARGE, str(error.limit)


def main() -> None:
    """Inspect the picture on standard input within the limits given as the first argument."""
    limits = json.loads(sys.argv[1])
    ResourceLimits(
        memory_bytes=limits.pop("memory_bytes"), cpu_seconds=limits.pop("cpu_seconds")
    ).apply()
    json.dump(dataclasses.asdict(confine()), sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()
    json.dump(examine_picture(sys.stdin.buffer.read(), **limits), sys.stdout)


if __name__ == "__main__":
    main()
