"""Captioned pictures side by side: a job's inputs, and before, after and style.

Only pictures that the bot encoded itself are decoded here. These functions block: call them in a
thread.
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
SHOWN_WIDTH: Final = 400  # width at which Discord shows the sheet, in pixels
SHOWN_FONT_SIZE: Final = 14  # height of the captions there, in pixels
MIN_FONT_SIZE: Final = 26
GAP: Final = 14
CORNER: Final = 14
WIDEST, NARROWEST = 1.6, 0.62
"""Aspect ratios, width ÷ height, beyond which a picture is cropped."""

SMALL: Final = (160, 160)
"""Size of the small sheet in pixels; Discord shows it at half of that."""

BACKGROUND: Final = (43, 36, 56)
TEXT_COLOUR: Final = (246, 242, 250)
_SCALE: Final = 2  # corners are drawn twice as large and reduced, which smooths them


def inputs_sheet(content: bytes, styles: Sequence[bytes]) -> bytes:
    """Draw the content picture beside the style pictures.

    Args:
        content: the reduced content picture, encoded.
        styles: the reduced style pictures, encoded.

    Returns:
        A WebP with transparency; each picture has its own dark background, which suits both of
        Discord's themes.
    """
    return _encoded(_row([(text.TO_REPAINT, _decoded(content)), *_styles(styles)]))


def small_inputs_sheet(content: bytes, styles: Sequence[bytes]) -> bytes:
    """Draw the content picture above the style pictures, too small for captions.

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
            tile = ImageOps.fit(_decoded(picture), (each, half), Image.Resampling.LANCZOS)
            sheet.paste(tile, (number * (each + gap), top), _rounded(tile.size))
    return _encoded(sheet)


def before_after_style(content: bytes, result: bytes, styles: Sequence[bytes]) -> bytes:
    """Draw the result between the content picture and the style pictures.

    Args:
        content: the reduced content picture, encoded.
        result: the finished picture, encoded.
        styles: the reduced style pictures, encoded.

    Returns:
        A WebP with transparency.
    """
    pictures = [(text.BEFORE, _decoded(content)), (text.AFTER, _decoded(result)), *_styles(styles)]
    return _encoded(_row(pictures))


def _styles(styles: Sequence[bytes]) -> list[tuple[str, Image.Image]]:
    if len(styles) == 1:
        return [(text.STYLE, _decoded(styles[0]))]
    return [
        (text.STYLE_NUMBER.format(number=number), _decoded(style))
        for number, style in enumerate(styles, start=1)
    ]


def _decoded(data: bytes) -> Image.Image:
    return images.decode(data)


def _row(pictures: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    widths = [_width(picture) for _, picture in pictures]
    width = sum(widths) + GAP * (len(widths) - 1)
    font_size = max(MIN_FONT_SIZE, width * SHOWN_FONT_SIZE // SHOWN_WIDTH)
    row = Image.new("RGBA", (width, HEIGHT + _caption_height(font_size)), (0, 0, 0, 0))
    left = 0
    for (caption, picture), picture_width in zip(pictures, widths, strict=True):
        tile = _tile(caption, picture, picture_width, font_size)
        row.paste(tile, (left, 0), _rounded(tile.size))
        left += picture_width + GAP
    return row


def _width(picture: Image.Image) -> int:
    return round(HEIGHT * min(WIDEST, max(NARROWEST, picture.width / picture.height)))


def _caption_height(font_size: int) -> int:
    """Height of the caption below a picture, in pixels."""
    return font_size * 7 // 4


def _tile(caption: str, picture: Image.Image, width: int, font_size: int) -> Image.Image:
    height = HEIGHT + _caption_height(font_size)
    tile = Image.new("RGB", (width, height), BACKGROUND)
    tile.paste(ImageOps.fit(picture, (width, HEIGHT), Image.Resampling.LANCZOS), (0, 0))
    ImageDraw.Draw(tile).text(
        (width / 2, HEIGHT + _caption_height(font_size) / 2),
        caption,
        TEXT_COLOUR,
        ImageFont.load_default(font_size),
        anchor="mm",
    )
    return tile


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
