"""Read what an inspecting process replies, and believe no more of it than can be checked."""

from __future__ import annotations

import base64
import json
import logging
import re
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from bot.errors import PictureProblem, PictureRefused
from bot.ops.error_report import Where, count_error

__all__ = ["MAX_REPLY_BYTES", "PREVIEW_SIDE", "InspectedPicture", "parse_reply"]

logger = logging.getLogger(__name__)

PREVIEW_SIDE: Final = 320
"""Longest side of each picture's reduced copy, in pixels."""

MAX_REPLY_BYTES: Final = 4096 + 4 * PREVIEW_SIDE**2
"""A preview takes three bytes per pixel, and base64 adds a third."""

REPORTED: Final = frozenset(
    {
        PictureProblem.INSPECTION_FAILED,
        PictureProblem.NOT_A_PICTURE,
        PictureProblem.TOO_ELONGATED,
        PictureProblem.TOO_LARGE,
        PictureProblem.TOO_SMALL,
        PictureProblem.TRANSPARENT,
        PictureProblem.TRUNCATED,
        PictureProblem.UNSUPPORTED_FORMAT,
    }
)
"""The problems that an inspecting process reports."""

_FACT: Final = re.compile(r"[\w ×.+-]{1,32}")
"""The name of a format, or the size of a picture."""

_NUMBER: Final = re.compile(r"[0-9.e+]{1,20}")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class InspectedPicture:
    """A picture that was fully decoded and is within the limits.

    Attributes:
        filename: the name the member gave the file.
        width, height: pixels, after EXIF orientation.
        format: Pillow's name of the format, e.g. ``"PNG"``.
        animated: whether the file has further frames, which are ignored.
        is_single_color: whether all pixels are about alike.
        preview: a reduced copy, mode RGB, at most `PREVIEW_SIDE` pixels on a side. It is built
            from raw pixels, so using it decodes no untrusted data.
    """

    filename: str
    width: int
    height: int
    format: str
    animated: bool
    is_single_color: bool
    preview: Image.Image


def parse_reply(reply: bytes, filename: str, *, max_pixels: int) -> InspectedPicture:
    """Parse a reply. It is validated, because the picture may have taken over the process.

    What it reports is shown to members, and sizes are used for estimates.

    Raises:
        PictureRefused: the reply is a refusal, or malformed.
    """
    try:
        fields = json.loads(reply)
        problem = _reported_problem(fields, filename)
        if problem is not None:
            raise problem
        size = _size(fields, max_pixels)
        return InspectedPicture(
            filename=filename,
            width=size[0],
            height=size[1],
            format=_matching(_FACT, fields["format"]),
            animated=bool(fields["animated"]),
            is_single_color=bool(fields["is_single_color"]),
            preview=_preview(fields["preview"]),
        )
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        count_error(Where.INTAKE, "inspection_died")
        logger.warning("the process inspecting %r died or sent a malformed reply", filename)
        raise PictureRefused(
            PictureProblem.INSPECTION_FAILED, filename=filename, got="died"
        ) from error


def _size(fields: dict[str, Any], max_pixels: int) -> tuple[int, int]:
    """Return the width and height that a process reports.

    Raises:
        ValueError, TypeError, KeyError, OverflowError: they are malformed or beyond the limit.
    """
    width, height = int(fields["width"]), int(fields["height"])
    if not (width >= 1 <= height and width * height <= max_pixels):
        raise ValueError("picture size out of range")
    return width, height


def _reported_problem(fields: object, filename: str) -> PictureRefused | None:
    """Make the refusal that a process reports; None if it reports none.

    Raises:
        ValueError, TypeError: the fields are malformed.
    """
    if not isinstance(fields, dict):
        raise TypeError("no object")
    if "problem" not in fields:
        return None
    problem = PictureProblem(fields["problem"])
    if problem not in REPORTED:
        raise ValueError("not a problem of inspections")
    got, limit = fields.get("got"), fields.get("limit")
    return PictureRefused(
        problem,
        filename=filename,
        got=None if got is None else _matching(_FACT, got),
        limit=None if limit is None else _matching(_NUMBER, limit),
    )


def _matching(pattern: re.Pattern[str], value: str) -> str:
    """Return a text if it matches.

    Raises:
        ValueError, TypeError: it does not, or is no text.
    """
    if not pattern.fullmatch(value):
        raise ValueError("unexpected characters")
    return value


def _preview(fields: dict[str, Any]) -> Image.Image:
    """Build the reduced copy.

    Raises:
        ValueError, TypeError, KeyError: the fields are malformed.
    """
    width, height = int(fields["width"]), int(fields["height"])
    if not (1 <= width <= PREVIEW_SIDE and 1 <= height <= PREVIEW_SIDE):
        raise ValueError("preview size out of range")
    return Image.frombytes(
        "RGB", (width, height), base64.b64decode(fields["pixels"], validate=True)
    )
