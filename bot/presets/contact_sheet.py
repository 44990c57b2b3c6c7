"""Contact sheets: labelled thumbnails, legible on dark and light backgrounds."""

from __future__ import annotations

import io
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["contact_sheet"]

COLUMNS = 5
TILE = (216, 144)
CAPTION = 42
TEXT_SIZE = 23  # Discord shows the sheet at about half its size
MARGIN = 12
GAP = 12
CORNER = 12
CARD = (43, 36, 56, 255)
COVER = (66, 58, 82, 255)
TEXT = (246, 242, 250, 255)
NUMBER = (196, 170, 255, 255)
HIDDEN = "hidden: spoiler"
_SCALE = 2  # corners are drawn at twice the size and reduced, for antialiasing


def contact_sheet(
    samples: Sequence[tuple[str, bytes | None]],
    *,
    first: int = 1,
    columns: int = COLUMNS,
    tile: tuple[int, int] = TILE,
) -> bytes:
    """Draw pictures in rows of numbered cards on a transparent background.

    Args:
        samples: a title and an encoded picture for each card; None for a hidden picture.
        first: number of the first card.
        columns: maximum cards in a row; cards are spread evenly over the rows.
        tile: width and height of the picture on a card, in pixels.

    Returns:
        A WebP with transparency; the cards have a dark background, which suits both of
        Discord's themes.

    Raises:
        UnreadableImageError: a picture cannot be decoded.
    """
    rows = -(-len(samples) // columns)
    columns = -(-len(samples) // rows)
    card = (tile[0], tile[1] + CAPTION)
    size = (
        columns * card[0] + (columns - 1) * GAP,
        rows * card[1] + (rows - 1) * GAP,
    )
    sheet = Image.new("RGBA", size, (0, 0, 0, 0))
    mask = _rounded_mask(card)
    for index, (title, data) in enumerate(samples):
        row, column = divmod(index, columns)
        # Centre a last row that is not full.
        missing = columns - (len(samples) - row * columns) if row == rows - 1 else 0
        left = column * (card[0] + GAP) + missing * (card[0] + GAP) // 2
        drawn = _card(first + index, title, data, tile)
        sheet.paste(drawn, (left, row * (card[1] + GAP)), mask)
    out = io.BytesIO()
    sheet.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()


def _card(number: int, title: str, data: bytes | None, tile: tuple[int, int]) -> Image.Image:
    card = Image.new("RGBA", (tile[0], tile[1] + CAPTION), CARD)
    draw = ImageDraw.Draw(card)
    font = ImageFont.load_default(TEXT_SIZE)
    if data is None:
        draw.rectangle((0, 0, tile[0], tile[1] - 1), COVER)
        draw.text((tile[0] / 2, tile[1] / 2), HIDDEN, TEXT, font, anchor="mm")
    else:
        picture = images.decode(data)
        card.paste(ImageOps.fit(picture, tile, Image.Resampling.LANCZOS), (0, 0))
    middle = tile[1] + CAPTION / 2
    label = str(number)
    available = tile[0] - 2 * MARGIN - draw.textlength(f"{label} ", font)
    title = _fit_title(title, available, draw, font)
    if title:
        label += " "
    left = (tile[0] - draw.textlength(label + title, font)) / 2
    draw.text((left, middle), label, NUMBER, font, anchor="lm")
    draw.text((left + draw.textlength(label, font), middle), title, TEXT, font, anchor="lm")
    return card


def _fit_title(
    title: str,
    available: float,
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> str:
    """Shorten the title to the width available; return "" if the font lacks its letters.

    Pillow's built-in font has few letters besides the English ones, so accents are dropped.
    """
    title = unicodedata.normalize("NFKD", " ".join(title.split()).replace("×", "x"))
    title = "".join(letter for letter in title if not unicodedata.combining(letter))
    if not all(map(_is_drawable, title)):
        return ""
    if draw.textlength(title, font) <= available:
        return title
    while title and draw.textlength(f"{title}…", font) > available:
        title = title[:-1].rstrip()
    return f"{title}…" if title else ""


@cache
def _is_drawable(letter: str) -> bool:
    """Return whether the font has the letter; all missing ones look the same."""
    font = ImageFont.load_default(TEXT_SIZE)
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask("\U0010ffff"))


def _rounded_mask(size: tuple[int, int]) -> Image.Image:
    large = Image.new("L", (size[0] * _SCALE, size[1] * _SCALE), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), CORNER * _SCALE, fill=255
    )
    return large.resize(size, Image.Resampling.LANCZOS)
