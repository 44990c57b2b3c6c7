"""Sheets of pictures side by side: their shapes, and that each picture is where it should be."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bot.views.collage import before_after_style, inputs_sheet, small_inputs_sheet
from stylenet import images


def _plain(colour, size=(320, 240)):
    return images.encode(Image.new("RGB", size, colour), "webp")


RED, GREEN, BLUE = (200, 20, 20), (20, 160, 20), (20, 20, 200)


def _opened(sheet):
    return Image.open(io.BytesIO(sheet)).convert("RGBA")


def _near(pixel, colour):
    return pixel[3] == 255 and all(abs(a - b) < 16 for a, b in zip(pixel[:3], colour, strict=True))


def test_the_pictures_stand_in_order_with_room_for_a_word():
    strip = _opened(before_after_style(_plain(RED), _plain(GREEN), [_plain(BLUE)]))
    middle = strip.height // 3
    thirds = [strip.getpixel((strip.width * part // 6, middle)) for part in (1, 3, 5)]
    assert all(map(_near, thirds, (RED, GREEN, BLUE)))
    assert strip.getpixel((0, 0))[3] == 0  # rounded, on nothing
    assert strip.getpixel((strip.width // 6, strip.height - 6))[3] == 255


@pytest.mark.parametrize(("size", "at_most"), [((2000, 20), 1.7), ((20, 2000), 0.7)])
def test_what_is_very_long_is_cropped(size, at_most):
    alone = _opened(inputs_sheet(_plain(RED, size), [_plain(BLUE, (100, 100))]))
    content_width = next(x for x in range(alone.width) if alone.getpixel((x, 100))[3] == 0)
    assert content_width / 264 < at_most


def test_the_small_sheet_holds_every_style():
    sheet = _opened(small_inputs_sheet(_plain(RED), [_plain(GREEN), _plain(BLUE)]))
    assert sheet.size == (160, 160)
    places = ((80, 40), (40, 120), (120, 120))
    assert all(map(_near, (sheet.getpixel(place) for place in places), (RED, GREEN, BLUE)))
