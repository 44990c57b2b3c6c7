"""Formats, bit depths, damaged files, limits and previews."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image, ImageFile

from stylenet import images
from stylenet.errors import (
    ImageSizeError,
    UnreadableImageError,
    UnsupportedImageError,
)
from stylenet.images import jpegxl

from .conftest import decoded, png, saved


@pytest.mark.parametrize("kind", images.FORMATS)
def test_every_format_is_read_and_named(pixels, kind):
    data = saved(pixels, kind)
    info = images.inspect(data)
    assert (info.width, info.height, info.format, info.animated) == (30, 20, kind, False)
    image = images.decode(data)
    assert (image.mode, image.size) == ("RGB", (30, 20))


def test_each_accepted_format_has_the_extension_that_viewers_know(pixels):
    extensions = {
        "PNG": "png", "JPEG": "jpg", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff",
        "AVIF": "avif", "HEIF": "heic", "JXL": "jxl",
    }  # fmt: skip
    for kind in images.FORMATS:
        assert images.file_extension(saved(pixels, kind)) == extensions[kind]
    assert images.file_extension(saved(pixels, "ICO")) is None
    assert images.file_extension(b"text") is None


def test_lossless_formats_are_exact(pixels):
    for data in (saved(pixels, "PNG"), saved(pixels, "BMP"), saved(pixels, "TIFF")):
        np.testing.assert_array_equal(decoded(data), pixels)


def test_a_missing_palette_is_damage():
    with pytest.raises(UnreadableImageError) as caught:
        images.decode(png(2, 2, color=3, rows=bytes(6)))
    assert caught.value.truncated


def test_palette_keeps_its_colours():
    image = Image.new("P", (8, 8), 1)
    image.putpalette([1, 2, 3, 250, 120, 30])
    assert (decoded(saved(image, "PNG")) == (250, 120, 30)).all()


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_is_grey_in_all_channels(mode):
    image = Image.new("L", (8, 8), 255).convert(mode)
    assert (decoded(saved(image, "PNG")) == 255).all()


def test_sixteen_bits_grey_is_scaled_and_not_clipped():
    values = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    shown = decoded(saved(Image.fromarray(values), "PNG"))
    np.testing.assert_allclose(shown[..., 0], values / 257, atol=0.51)


def test_sixteen_bits_of_colour():
    row = struct.pack(">3H", 65535, 32896, 257) * 4
    shown = decoded(png(4, 2, depth=16, rows=(b"\0" + row) * 2))
    np.testing.assert_allclose(shown[0, 0], (255, 128, 1), atol=1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_truncated_picture_is_unreadable(pixels, kind):
    data = saved(pixels, kind)
    with pytest.raises(UnreadableImageError):
        images.decode(data[: len(data) // 2])


@pytest.mark.parametrize("data", [b"", b"x", b"hello, I am text", b"\x89PNG\r\n\x1a\n"])
def test_other_bytes_are_unreadable(data):
    with pytest.raises(UnreadableImageError):
        images.inspect(data)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("ICO", "ICO"), ("PPM", "Netpbm"), ("PCX", "PCX"), ("PDF", "PDF"), ("JPEG2000", "JPEG 2000")],
)
def test_other_formats_are_named_and_refused(pixels, kind, name):
    with pytest.raises(UnsupportedImageError) as caught:
        images.decode(saved(pixels, kind))
    assert caught.value.format == name


def test_thirty_two_bits_are_refused():
    with pytest.raises(UnsupportedImageError) as caught:
        images.decode(saved(Image.new("F", (8, 8), 0.5), "TIFF"))
    assert caught.value.format == "TIFF"


def test_a_very_large_picture_is_refused_before_it_is_decoded():
    with pytest.raises(ImageSizeError) as caught:
        images.decode(png(30_000, 30_000))
    error = caught.value
    assert (error.width, error.height, error.kind) == (30_000, 30_000, "area_max")


def test_size_errors_name_the_exceeded_limit(pixels):
    data = saved(pixels, "PNG")
    for bounds, kind in (
        ({"min_side": 21}, "side_min"),
        ({"max_pixels": 599}, "area_max"),
        ({"max_aspect_ratio": 1.4}, "aspect_max"),
    ):
        with pytest.raises(ImageSizeError) as caught:
            images.inspect(data, **bounds)
        assert caught.value.kind == kind
    assert images.inspect(data, min_side=20, max_pixels=600, max_aspect_ratio=1.5).width == 30


def test_white_is_zero_and_twelve_bits_of_a_tiff():
    values = np.full((4, 4), 65535, np.uint16)
    values[0] = 0
    data = saved(Image.fromarray(values), "TIFF")
    place = data.index(struct.pack("<HH", 262, 3)) + 8
    inverted = data[:place] + struct.pack("<H", 0) + data[place + 2 :]
    assert (decoded(inverted)[0] == 255).all()
    assert (decoded(inverted)[1] == 0).all()


@pytest.mark.parametrize("brand", [b"mif1", b"heix", b"mif2", b"abcd"])
def test_heif_of_any_brand(pixels, brand):
    data = saved(Image.fromarray(pixels).resize((64, 64)), "HEIF")
    assert images.inspect(data[:8] + brand + data[12:]).format == "HEIF"


def test_avif_in_a_general_container(pixels):
    data = saved(pixels, "AVIF")
    assert images.inspect(data[:8] + b"mif1" + data[12:]).format == "AVIF"


def test_a_video_is_named(pixels):
    with pytest.raises(UnsupportedImageError) as caught:
        images.inspect(b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + bytes(100))
    assert caught.value.format == "MP4"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ((0xC0, 12), "12-bit JPEG"),
        ((0xC3, 8), "lossless JPEG"),
        ((0xF7, 8), "JPEG-LS"),
        ((0xC5, 8), "hierarchical JPEG"),
    ],
)
def test_unusual_jpegs_are_named(pixels, change, name):
    data = bytearray(saved(pixels, "JPEG"))
    place = data.index(b"\xff\xc0")
    data[place + 1], data[place + 4] = change
    with pytest.raises(UnsupportedImageError) as caught:
        images.decode(bytes(data))
    assert caught.value.format == name


@pytest.mark.skipif("JXL" not in images.FORMATS, reason="its plugin is not installed")
@pytest.mark.parametrize("size", [(30, 20), (256, 256), (300, 200), (64, 48), (1000, 8)])
@pytest.mark.parametrize("use_container", [False, True])
def test_the_size_of_a_jpeg_xl_is_read_before_it_is_decoded(size, use_container):
    data = saved(Image.new("RGB", size, "red"), "JXL", use_container=use_container)
    assert jpegxl.read_size(data) == size
    with pytest.raises(ImageSizeError):
        images.decode(data, max_pixels=size[0] * size[1] - 1)


def test_previews_are_decoded_at_a_reduced_scale(monkeypatch):
    decoded_sizes = []
    load = ImageFile.ImageFile.load

    def spy(self):
        result = load(self)
        decoded_sizes.append(self.size)
        return result

    monkeypatch.setattr(ImageFile.ImageFile, "load", spy)
    image = Image.linear_gradient("L").resize((1600, 800)).convert("RGB")
    info, preview = images.inspect_with_preview(saved(image, "JPEG"), preview_side=100)
    assert (info.width, info.height, preview.size) == (1600, 800, (100, 50))
    assert max(decoded_sizes[-1]) == 200


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "LA", "CMYK", "1"])
def test_a_reduced_preview_shows_the_same(mode):
    wide = Image.linear_gradient("L").resize((640, 320)).convert("RGB")
    image = wide.quantize(64) if mode == "P" else wide.convert(mode)
    data = saved(image, "TIFF")
    _, preview = images.inspect_with_preview(data, preview_side=40)
    whole = images.decode(data).resize((40, 20), Image.Resampling.BOX)
    np.testing.assert_allclose(np.asarray(preview)[2:-2], np.asarray(whole)[2:-2], atol=14)


def large(mode, kind):
    """A picture of several strips, whose rows are no multiple of any reduction."""
    ramp = Image.linear_gradient("L").resize((2003, 1001))
    image = Image.merge("RGB", (ramp, ramp.rotate(180), Image.new("L", ramp.size, 90)))
    if mode == "RGBA":
        image.putalpha(ramp)
    return saved(image.quantize(64) if mode == "P" else image.convert(mode), kind)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGB", "WEBP"), ("RGBA", "WEBP")],
)
def test_the_strips_of_a_large_picture_join(mode, kind):
    image = images.decode(large(mode, kind), keep_alpha=True)
    assert (image.mode, image.size) == ("RGBA" if mode == "RGBA" else "RGB", (2003, 1001))
    rows = np.asarray(image.convert("RGB"), dtype=int).mean(axis=1)
    assert np.abs(np.diff(rows, axis=0)).max() < 8


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_decoded_to_a_longest_side_is_what_it_is_resized_to(mode, kind):
    data = large("RGB" if kind == "JPEG" else mode, kind)
    reduced = images.decode(data, longest_side=100, keep_alpha=True)
    whole = images.fit_longest_side(images.decode(data, keep_alpha=True), 100)
    assert (reduced.mode, reduced.size) == (whole.mode, whole.size)
    np.testing.assert_allclose(np.asarray(reduced), np.asarray(whole), atol=12)
    nearly = images.decode(data, longest_side=1500)  # too large to be reduced by a whole number
    exact = images.fit_longest_side(images.decode(data), 1500)
    np.testing.assert_array_equal(np.asarray(nearly), np.asarray(exact))
    assert images.decode(data, longest_side=4000).size == (2003, 1001)


def test_a_picture_decoded_to_a_shortest_side_is_no_smaller():
    data = large("RGB", "PNG")
    assert images.decode(data, shortest_side=300).size == (668, 334)
    assert images.decode(data, shortest_side=600).size == (2003, 1001)
    assert images.decode_mask(data, shortest_side=500).size == (1002, 501)
