"""Colours are converted to sRGB as the file describes them."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from .conftest import decoded, png, saved


def test_cmyk_is_read_as_its_colours():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow: red
    np.testing.assert_allclose(decoded(saved(image, "JPEG"))[8, 8], (255, 0, 0), atol=8)


def test_an_icc_profile_is_converted_to_srgb():
    """A profile whose channels are swapped shows whether it is used."""
    lab = ImageCms.createProfile("LAB")
    flat = Image.new("RGB", (8, 8), (200, 60, 20))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_allclose(
        decoded(saved(flat, "PNG", icc_profile=srgb))[0, 0], (200, 60, 20), atol=1
    )
    # A profile of another colour space, or a broken one, is not applied.
    for profile in (ImageCms.ImageCmsProfile(lab).tobytes(), b"no profile at all"):
        shown = decoded(saved(flat, "PNG", icc_profile=profile))
        np.testing.assert_array_equal(shown[0, 0], (200, 60, 20))


def one_color(color, *chunks):
    rows = (b"\0" + bytes(color) * 2) * 2
    return decoded(png(2, 2, rows=rows, chunks=chunks))[0, 0]


def test_png_gamma_is_applied():
    linear = (b"gAMA", struct.pack(">I", 100_000))
    np.testing.assert_allclose(one_color((128, 0, 255), linear), (188, 0, 255), atol=1)
    usual = (b"gAMA", struct.pack(">I", 45_455))
    np.testing.assert_array_equal(one_color((128, 3, 255), usual), (128, 3, 255))
    # sRGB, where stated, comes before gamma.
    np.testing.assert_array_equal(one_color((128, 3, 7), (b"sRGB", b"\0"), linear), (128, 3, 7))


def test_png_chromaticities_are_applied():
    p3 = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    chunks = [(b"gAMA", struct.pack(">I", 45_455)), (b"cHRM", struct.pack(">8I", *p3))]
    np.testing.assert_allclose(one_color((200, 100, 50), *chunks), (215, 96, 34), atol=4)


@pytest.mark.parametrize(
    ("code_points", "color", "expected"),
    [
        ((1, 13, 0, 1), (200, 100, 50), (200, 100, 50)),
        ((12, 13, 0, 1), (200, 100, 50), (215, 96, 34)),  # Display P3
        ((9, 16, 0, 1), (148, 148, 148), (255, 255, 255)),  # PQ: 58 % is diffuse white
        ((9, 18, 0, 1), (191, 191, 191), (255, 255, 255)),  # HLG: 75 %
        ((1, 8, 0, 1), (128, 128, 128), (188, 188, 188)),  # linear
        ((2, 2, 0, 1), (200, 100, 50), (200, 100, 50)),  # unknown: as is
    ],
)
def test_png_cicp_is_applied(code_points, color, expected):
    shown = one_color(color, (b"cICP", bytes(code_points)))
    np.testing.assert_allclose(shown, expected, atol=4)


def test_png_cicp_comes_before_other_descriptions():
    linear = (b"gAMA", struct.pack(">I", 100_000))
    shown = one_color((128, 128, 128), linear, (b"cICP", bytes((1, 13, 0, 1))))
    np.testing.assert_array_equal(shown, (128, 128, 128))


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"parameters\0" + b"x" * (3 << 20)),
        (b"zTXt", b"parameters\0\0" + zlib.compress(b"x" * (3 << 20))),
        (b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(b"x" * (70 << 20))),
        (b"iCCP", b"profile\0\0" + zlib.compress(b"x" * (3 << 20))),
    ],
    ids=["text", "compressed text", "international text", "profile"],
)
def test_a_large_chunk_does_not_cost_the_picture(chunk):
    np.testing.assert_array_equal(one_color((10, 20, 30), chunk), (10, 20, 30))


def test_a_large_png_profile_is_applied():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    padded = struct.pack(">I", len(srgb) + (2 << 20)) + srgb[4:] + bytes(2 << 20)
    chunk = (b"iCCP", b"p\0\0" + zlib.compress(padded))
    np.testing.assert_allclose(one_color((10, 200, 30), chunk), (10, 200, 30), atol=1)
