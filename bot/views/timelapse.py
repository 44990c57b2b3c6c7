"""The time-lapse: a job's snapshots as an animated picture. It blocks: call it in a thread."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

__all__ = ["FEWEST_FRAMES", "timelapse"]

FEWEST_FRAMES: Final = 2
LARGEST_SIDE: Final = 640
SMALLEST_SIDE: Final = 96
WHOLE_MILLISECONDS: Final = 5000
FRAME_MILLISECONDS: Final = (120, 500)
"""Shortest and longest time of a frame; in between, all frames take `WHOLE_MILLISECONDS`."""

LAST_MILLISECONDS: Final = 2500
QUALITIES: Final = (85, 70, 55)


def timelapse(frames: Sequence[bytes], *, max_bytes: int) -> bytes:
    """Make an endless animation of a job's snapshots.

    Args:
        frames: encoded by the bot, oldest first; the last one is the result.
        max_bytes: size limit; the quality is lowered, then the size, until it fits.

    Returns:
        An animated WebP.

    Raises:
        ValueError: fewer than `FEWEST_FRAMES` frames, or no animation fits.
    """
    if len(frames) < FEWEST_FRAMES:
        msg = f"{len(frames)} frames make no time-lapse"
        raise ValueError(msg)
    pictures = [images.decode(frame) for frame in frames]
    side = min(LARGEST_SIDE, max(pictures[-1].size))
    while side >= SMALLEST_SIDE or side == max(pictures[-1].size):
        shape = images.fit_longest_side(pictures[-1], side).size
        scaled = [images.fit_exactly(picture, *shape) for picture in pictures]
        for quality in QUALITIES:
            data = _animated(scaled, quality)
            if len(data) <= max_bytes:
                return data
        side = side * 2 // 3
    msg = f"no time-lapse fits in {max_bytes} bytes"
    raise ValueError(msg)


def _animated(pictures: Sequence[Image.Image], quality: int) -> bytes:
    least, most = FRAME_MILLISECONDS
    each = min(most, max(least, WHOLE_MILLISECONDS // len(pictures)))
    out = io.BytesIO()
    pictures[0].save(
        out,
        "WEBP",
        save_all=True,
        append_images=list(pictures[1:]),
        duration=[each] * (len(pictures) - 1) + [LAST_MILLISECONDS],
        loop=0,
        quality=quality,
        method=4,
    )
    return out.getvalue()
