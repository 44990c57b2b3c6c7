"""Pictures side by side with a word beneath each: what was taken, and before, after and style.

Only pictures that we encoded ourselves are decoded here. It is work for a thread.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from bot.views.text import captions as text
from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["before_after_style", "inputs_sheet", "small_inputs_sheet"]

HEIGHT: Final = 264  # of the pictures, in pixels
SHOWN_WIDTH: Final = 400  # about as wide as Discord shows the whole
TEXT_SHOWN: Final = 14  # pixels that the captions should have there
LEAST_TEXT: Final = 26
GAP: Final = 14
CORNER: Final = 14
WIDEST, NARROWEST = 1.6, 0.62
"""Proportions, width ÷ height, beyond which a picture is cropped."""

SMALL: Final = (160, 160)
"""The small sheet's size in pixels; Discord shows it in half of that."""

CARD: Final = (43, 36, 56)
TEXT: Final = (246, 242, 250)
_SCALE: Final = 2  # corners are drawn twice as large and reduced, which smooths them


def inputs_sheet(content: bytes, styles: Sequence[bytes]) -> bytes:
    """What was taken for the picture and for its style.

    Args:
        content: the reduced content picture, encoded.
        styles: the reduced style pictures, encoded.

    Returns:
        A WebP with transparency; the cards bring their own dark ground, so that the sheet
        belongs to either of Discord's themes.
    """
    return _encoded(_row([(text.TO_REPAINT, _opened(content)), *_styles(styles)]))


def small_inputs_sheet(content: bytes, styles: Sequence[bytes]) -> bytes:
    """The same so small that words have no room: the picture above, its styles below.

    Args:
        content: the reduced content picture, encoded.
        styles: the reduced style pictures, encoded.

    Returns:
        A WebP with transparency.
    """
    width, height = SMALL
    gap = GAP // 2
    half = (height - gap) // 2
    sheet = Image.new("RGBA", SMALL, (0, 0, 0, 0))
    for top, pictures in ((0, [content]), (half + gap, styles)):
        each = (width - gap * (len(pictures) - 1)) // len(pictures)
        for number, picture in enumerate(pictures):
            tile = ImageOps.fit(_opened(picture), (each, half), Image.Resampling.LANCZOS)
            sheet.paste(tile, (number * (each + gap), top), _rounded(tile.size))
    return _encoded(sheet)


def before_after_style(content: bytes, painting: bytes, styles: Sequence[bytes]) -> bytes:
    """The finished picture between what it was made of.

    Args:
        content: the reduced content picture, encoded.
        painting: the finished picture, encoded.
        styles: the reduced style pictures, encoded.

    Returns:
        A WebP with transparency.
    """
    pictures = [(text.BEFORE, _opened(content)), (text.AFTER, _opened(painting)), *_styles(styles)]
    return _encoded(_row(pictures))


def _styles(styles: Sequence[bytes]) -> list[tuple[str, Image.Image]]:
    if len(styles) == 1:
        return [(text.STYLE, _opened(styles[0]))]
    return [
        (text.STYLE_NUMBER.format(number=number), _opened(style))
        for number, style in enumerate(styles, start=1)
    ]


def _opened(data: bytes) -> Image.Image:
    return images.decode(data)


def _row(pictures: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    widths = [_width(picture) for _, picture in pictures]
    width = sum(widths) + GAP * (len(widths) - 1)
    text = max(LEAST_TEXT, width * TEXT_SHOWN // SHOWN_WIDTH)
    row = Image.new("RGBA", (width, HEIGHT + _caption(text)), (0, 0, 0, 0))
    left = 0
    for (caption, picture), each in zip(pictures, widths, strict=True):
        card = _card(caption, picture, each, text)
        row.paste(card, (left, 0), _rounded(card.size))
        left += each + GAP
    return row


def _width(picture: Image.Image) -> int:
    return round(HEIGHT * min(WIDEST, max(NARROWEST, picture.width / picture.height)))


def _caption(text: int) -> int:
    """Height of the ground beneath a picture, for text of that height."""
    return text * 7 // 4


def _card(caption: str, picture: Image.Image, width: int, text: int) -> Image.Image:
    card = Image.new("RGB", (width, HEIGHT + _caption(text)), CARD)
    card.paste(ImageOps.fit(picture, (width, HEIGHT), Image.Resampling.LANCZOS), (0, 0))
    ImageDraw.Draw(card).text(
        (width / 2, HEIGHT + _caption(text) / 2),
        caption,
        TEXT,
        ImageFont.load_default(text),
        anchor="mm",
    )
    return card


def _rounded(size: tuple[int, int]) -> Image.Image:
    large = Image.new("L", (size[0] * _SCALE, size[1] * _SCALE), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), CORNER * _SCALE, fill=255
    )
    return large.resize(size, Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()
