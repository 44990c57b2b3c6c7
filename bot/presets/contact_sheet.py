"""A sheet of labelled thumbnails that reads well on a dark background and on a light one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["contact_sheet"]

COLUMNS = 5
TILE = (216, 144)
CAPTION = 42
TEXT_SIZE = 23  # Discord shows the sheet at about half its size
GAP = 12
CORNER = 12
CARD = (43, 36, 56, 255)
TEXT = (246, 242, 250, 255)
NUMBER = (196, 170, 255, 255)
_SCALE = 2  # corners are drawn twice as large and reduced, which smooths them


def contact_sheet(samples: Sequence[tuple[str, bytes]], *, first: int = 1) -> bytes:
    """Lay pictures out in rows of cards, numbered, on a transparent ground.

    Args:
        samples: a title and an encoded picture for each card.
        first: the number of the first.

    Returns:
        A WebP with transparency: the cards bring their own dark ground, so that the sheet
        belongs to either of Discord's themes.
    """
    rows = -(-len(samples) // COLUMNS)
    card = (TILE[0], TILE[1] + CAPTION)
    size = (
        COLUMNS * card[0] + (COLUMNS - 1) * GAP,
        rows * card[1] + (rows - 1) * GAP,
    )
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    mask = _rounded(card)
    for index, (title, data) in enumerate(samples):
        row, column = divmod(index, COLUMNS)
        # A last row that is not full stands in the middle.
        missing = COLUMNS - (len(samples) - row * COLUMNS) if row == rows - 1 else 0
        left = column * (card[0] + GAP) + missing * (card[0] + GAP) // 2
        sheet.paste(_card(first + index, title, data, card), (left, row * (card[1] + GAP)), mask)
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()


def _card(number: int, title: str, data: bytes, size: tuple[int, int]) -> Image.Image:
    card = Image.new("RGBA", size, CARD)
    with Image.open(io.BytesIO(data)) as picture:
        card.paste(ImageOps.fit(picture.convert("RGB"), TILE, Image.Resampling.LANCZOS), (0, 0))
    draw = ImageDraw.Draw(card)
    font = ImageFont.load_default(TEXT_SIZE)
    middle = TILE[1] + CAPTION / 2
    label = f"{number} "
    left = (size[0] - draw.textlength(label + title, font)) / 2
    draw.text((left, middle), label, NUMBER, font, anchor="lm")
    draw.text((left + draw.textlength(label, font), middle), title, TEXT, font, anchor="lm")
    return card


def _rounded(size: tuple[int, int]) -> Image.Image:
    large = Image.new("L", (size[0] * _SCALE, size[1] * _SCALE), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), CORNER * _SCALE, fill=255
    )
    return large.resize(size, Image.Resampling.LANCZOS)
