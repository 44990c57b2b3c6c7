"""Transparent pictures: what they are put on, masks, and when opacity is kept."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw

from stylenet import images
from stylenet.errors import (
    EmptyMaskError,
    ImageSizeError,
    TransparentImageError,
)

from .conftest import decoded, png, saved


def test_a_mask_is_grey_and_black_where_nothing_was_drawn():
    drawn = Image.new("RGBA", (4, 1), (255, 255, 255, 0))
    drawn.putpixel((1, 0), (255, 255, 255, 255))
    drawn.putpixel((2, 0), (255, 255, 255, 128))
    drawn.putpixel((3, 0), (0, 0, 0, 255))
    mask = images.decode_mask(saved(drawn, "PNG"))
    assert mask.mode == "L"
    assert list(mask.tobytes()) == [0, 255, 128, 0]
    with pytest.raises(EmptyMaskError, match="paint white"):
        images.decode_mask(saved(Image.new("RGB", (4, 4)), "PNG"))
    with pytest.raises(ImageSizeError):
        images.decode_mask(saved(drawn, "PNG"), max_pixels=3)


def test_transparency_is_flattened_on_white(pixels):
    alpha = np.zeros((20, 30, 1), dtype=np.uint8)
    alpha[:10] = 255
    shown = decoded(saved(np.concatenate([pixels, alpha], axis=2), "PNG"))
    np.testing.assert_array_equal(shown[:10], pixels[:10])
    assert (shown[10:] == 255).all()


def test_half_transparent_is_blended_with_white():
    flat = np.full((8, 8, 4), (100, 0, 200, 128), dtype=np.uint8)
    np.testing.assert_allclose(decoded(saved(flat, "PNG"))[0, 0], (177, 127, 227), atol=1)


def test_palette_with_a_transparent_entry():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 8, 4))
    shown = decoded(saved(image, "PNG", transparency=0))
    assert (shown[:4] == (0, 0, 255)).all()
    assert (shown[4:] == 255).all()


def grey_rows(*rows, samples=">{}H"):
    return b"".join(b"\0" + struct.pack(samples.format(len(row)), *row) for row in rows)


WHITE, CLEAR = (255, 255, 255, 255), (255, 255, 255, 0)


def logo(color, size=(40, 40)):
    """A disc of one colour on transparent white."""
    image = Image.new("RGBA", size, CLEAR)
    ImageDraw.Draw(image).ellipse((10, 10, 30, 30), fill=color)
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_a_white_logo_on_transparency_stays_visible(kind):
    shown = decoded(saved(logo(WHITE), kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert shown[20, 20].min() > 240
    assert shown[2, 2].max() < 60


def test_a_dark_logo_stays_on_white():
    shown = decoded(saved(logo((20, 20, 60, 255)), "PNG"))
    assert (shown[2, 2] == 255).all()


def test_a_black_and_white_logo_is_put_on_grey():
    image = logo(WHITE)
    image.paste((0, 0, 0, 255), (20, 10, 30, 30), image.crop((20, 10, 30, 30)))
    shown = decoded(saved(image, "PNG"))
    assert (shown[2, 2] == 128).all()


@pytest.mark.parametrize("color", [CLEAR, (0, 0, 0, 0), (200, 10, 10, 3)])
def test_a_fully_transparent_picture_is_refused(color):
    with pytest.raises(TransparentImageError):
        images.decode(saved(Image.new("RGBA", (8, 8), color), "PNG"))


def test_single_colours_are_noticed(pixels):
    for plain in (Image.new("RGB", (64, 64), (9, 90, 200)), Image.new("1", (64, 64), 1)):
        assert images.inspect(saved(plain, "PNG")).is_single_color
    assert images.inspect(saved(Image.new("RGB", (640, 640), (9, 90, 200)), "JPEG")).is_single_color
    dotted = Image.new("RGB", (640, 640), "white")
    dotted.paste("red", (600, 600, 620, 620))
    assert not images.inspect(saved(dotted, "PNG")).is_single_color
    assert not images.inspect(saved(logo(WHITE), "PNG")).is_single_color


def test_the_opacity_can_be_kept():
    image = images.decode(saved(logo(WHITE), "PNG"), keep_alpha=True)
    assert image.mode == "RGBA"
    assert image.getpixel((20, 20)) == WHITE
    assert image.getpixel((2, 2))[3] == 0
    assert images.decode(saved(Image.new("RGB", (8, 8)), "PNG"), keep_alpha=True).mode == "RGB"


def test_premultiplied_tiff():
    image = Image.new("RGBA", (8, 8), (100, 40, 0, 128))
    data = saved(image, "TIFF")
    place = data.index(struct.pack("<HH", 338, 3)) + 8  # ExtraSamples: associated alpha
    data = data[:place] + struct.pack("<H", 1) + data[place + 2 :]
    # 100 of 128 is 199 of 255; half of it on white.
    np.testing.assert_allclose(decoded(data)[0, 0], (227, 167, 127), atol=2)


def test_an_unused_fourth_byte_of_a_bmp_is_no_transparency(pixels):
    flat = Image.fromarray(pixels).convert("RGBA")
    flat.putalpha(0)
    np.testing.assert_array_equal(decoded(saved(flat, "BMP")), pixels)


def test_sixteen_bits_of_grey_with_a_transparent_value():
    rows = grey_rows((0, 30000), (257, 65535))
    data = png(2, 2, depth=16, color=0, rows=rows, chunks=[(b"tRNS", struct.pack(">H", 257))])
    image = images.decode(data, keep_alpha=True)
    assert [image.getpixel(at)[3] for at in ((0, 0), (1, 0), (0, 1), (1, 1))] == [255, 255, 0, 255]
    assert image.getpixel((1, 0))[0] == round(30000 / 257)


def test_two_bits_of_grey_with_a_transparent_value():
    rows = b"\0\x1b" * 2  # 0, 1, 2, 3
    data = png(4, 2, depth=2, color=0, rows=rows, chunks=[(b"tRNS", struct.pack(">H", 2))])
    image = images.decode(data, keep_alpha=True)
    assert [image.getpixel((x, 0))[3] for x in range(4)] == [255, 255, 0, 255]
    assert image.getpixel((1, 0))[0] == 85


def test_sixteen_bits_of_colour_with_a_transparent_value():
    red, blue = (65535, 0, 0), (0, 0, 65535)
    data = png(
        2,
        1,
        depth=16,
        rows=grey_rows(red + blue),
        chunks=[(b"tRNS", struct.pack(">3H", *red))],
    )
    image = images.decode(data, keep_alpha=True)
    assert image.getpixel((0, 0))[3] == 0
    assert image.getpixel((1, 0)) == (0, 0, 255, 255)
