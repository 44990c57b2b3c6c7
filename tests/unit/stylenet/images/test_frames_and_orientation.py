"""Which frame of a file is shown, and which way up."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin, TiffImagePlugin

from stylenet import images

from .conftest import decoded, saved


def test_a_damaged_second_frame_does_not_cost_the_first():
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    place = data.rindex(b"\x2c")  # cut the second frame's descriptor short
    assert (decoded(data[: place + 3])[0, 0] == (255, 0, 0)).all()


def test_the_first_frame_of_an_animation(pixels):
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "lime")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.inspect(data).animated
    assert (decoded(data)[0, 0] == (255, 0, 0)).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_an_empty_first_frame_is_passed_over(kind):
    empty = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
    disc = empty.copy()
    ImageDraw.Draw(disc).ellipse((10, 10, 30, 30), fill=(200, 0, 0, 255))
    data = saved(empty, kind, save_all=True, append_images=[disc])
    shown = decoded(data)
    np.testing.assert_allclose(shown[20, 20], (200, 0, 0), atol=12)


def test_a_hidden_first_frame_is_passed_over(pixels):
    """The default image of an APNG may be for programs without animation only."""
    frames = [Image.new("RGB", (16, 16), color) for color in ("blue", "lime")]
    for frame in frames:
        frame.paste("white", (0, 0, 4, 4))
    image = Image.fromarray(pixels).resize((16, 16))
    data = saved(image, "PNG", save_all=True, default_image=True, append_images=frames)
    assert (decoded(data)[8, 8] == (0, 0, 255)).all()


def test_a_thumbnail_page_of_a_tiff_is_passed_over(pixels):
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[254] = 1
    image = Image.fromarray(pixels)
    small = image.resize((6, 4))
    small.encoderinfo = {"tiffinfo": info}
    data = saved(small, "TIFF", save_all=True, append_images=[image], tiffinfo=info)
    # Pillow writes the tag to both pages: clear it on the second.
    second = data.rindex(struct.pack("<HHII", 254, 4, 1, 1))
    data = data[:second] + struct.pack("<HHII", 254, 4, 1, 0) + data[second + 12 :]
    assert images.decode(data).size == (30, 20)


# EXIF orientation: where the first row and the first column of the stored picture are shown.
ORIENTED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: p[::-1].transpose(1, 0, 2),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: p[:, ::-1].transpose(1, 0, 2),
}


@pytest.mark.parametrize("orientation", ORIENTED)
def test_exif_orientation_is_applied(pixels, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(pixels, "PNG", exif=exif)
    np.testing.assert_array_equal(decoded(data), ORIENTED[orientation](pixels))
    info = images.inspect(data)
    assert (info.height, info.width) == ORIENTED[orientation](pixels).shape[:2]


def test_damaged_exif_is_ignored(pixels):
    data = saved(pixels, "PNG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    np.testing.assert_array_equal(decoded(data), pixels)


def test_an_orientation_in_xmp_alone_is_not_applied(pixels):
    """Browsers, and so Discord, show such a picture as it is stored."""
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/" tiff:Orientation="6"></x:xmpmeta>'
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    np.testing.assert_array_equal(decoded(saved(pixels, "PNG", pnginfo=info)), pixels)
    for kind in ("JPEG", "WEBP", "TIFF", "AVIF"):
        options = {"tiffinfo": {700: xmp}} if kind == "TIFF" else {"xmp": xmp}
        assert images.inspect(saved(pixels, kind, **options)).width == 30, kind


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_exif_orientation_of_each_format(kind):
    image = Image.new("RGB", (64, 32), "white")
    image.paste("red", (0, 0, 64, 16))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(image, kind, exif=exif.tobytes())
    shown = decoded(data)
    assert shown.shape == (64, 32, 3)
    np.testing.assert_allclose(shown[32, 28], (255, 0, 0), atol=12)  # the top is on the right
    info, preview = images.inspect_with_preview(data, preview_side=16)
    assert (info.width, info.height, preview.size) == (32, 64, (8, 16))
