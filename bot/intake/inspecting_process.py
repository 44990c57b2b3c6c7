"""The process that decodes one stranger's picture and then ends: ``python -m`` this module.

Started by `bot.intake.inspection` with its limits as one JSON argument. It puts those limits
on itself, says it is ready by a newline, reads the picture's bytes from standard input to
their end, decodes them in full, and writes one JSON object to standard output: either what the
picture is, with a reduced copy of it, or why it cannot be used. The copy is bare pixels, so that
nobody need decode what a hostile picture may have written. It holds no secret and opens no file.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import TYPE_CHECKING

from bot.errors import PictureProblem
from stylenet.errors import (
    ImageSizeError,
    UnreadableImageError,
    UnsupportedImageError,
)
from stylenet.images import inspect_with_preview

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["examine", "limit_resources", "main"]


def limit_resources(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Bound this process for good; where the system has no such bounds, do nothing.

    The limits are hard ones, so that not even code run by a hostile picture could raise them.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    limits = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if sys.platform == "linux":  # elsewhere address space is not counted in a useful way
        limits[resource.RLIMIT_AS] = memory_bytes
    for which, limit in limits.items():
        resource.setrlimit(which, (limit, limit))


def examine(
    data: bytes, *, min_side: int, max_pixels: int, max_aspect_ratio: float, preview_side: int
) -> Mapping[str, object]:
    """What the picture is, or why it cannot be used, ready for JSON."""
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
    except MemoryError:
        return {"problem": PictureProblem.INSPECTION_FAILED, "got": "memory"}
    return {
        "width": info.width,
        "height": info.height,
        "format": info.format,
        "animated": info.animated,
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
    """Inspect standard input once, within the limits of the first argument."""
    limits = json.loads(sys.argv[1])
    limit_resources(memory_bytes=limits.pop("memory_bytes"), cpu_seconds=limits.pop("cpu_seconds"))
    sys.stdout.write("\n")
    sys.stdout.flush()
    json.dump(examine(sys.stdin.buffer.read(), **limits), sys.stdout)


if __name__ == "__main__":
    main()
