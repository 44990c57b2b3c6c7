from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from stylenet import images
from stylenet.errors import (
    EmptyMaskError,
    ImageSizeError,
    UnreadableImageError,
    UnsupportedImageError,
)


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def saved(image, kind, **options):
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, kind, **options)
    return out.getvalue()


def decoded(data):
    return np.asarray(images.decode(data))


def png(width, height, *, depth=8, color=2, rows=b""):
    """A PNG written by hand, for pixels that Pillow does not write."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", images.FORMATS)
def test_every_format_is_read_and_named(pixels, kind):
    data = saved(pixels, kind)
    info = images.inspect(data)
    assert (info.width, info.height, info.format, info.animated) == (30, 20, kind, False)
    image = images.decode(data)
    assert (image.mode, image.size) == ("RGB", (30, 20))


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


def test_lossless_formats_are_exact(pixels):
    for data in (saved(pixels, "PNG"), saved(pixels, "BMP"), saved(pixels, "TIFF")):
        np.testing.assert_array_equal(decoded(data), pixels)


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


def test_the_first_frame_of_an_animation(pixels):
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue", "lime")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.inspect(data).animated
    assert (decoded(data)[0, 0] == (255, 0, 0)).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_truncated_picture_is_unreadable(pixels, kind):
    data = saved(pixels, kind)
    with pytest.raises(UnreadableImageError):
        images.decode(data[: len(data) // 2])


@pytest.mark.parametrize(
    "data", [b"", b"x", b"hello, I am text", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n"]
)
def test_other_bytes_are_unreadable(data):
    with pytest.raises(UnreadableImageError):
        images.inspect(data)


@pytest.mark.parametrize("kind", ["ICO", "PPM", "PCX", "TGA"])
def test_other_formats_are_refused_unopened(pixels, kind):
    with pytest.raises((UnsupportedImageError, UnreadableImageError)):
        images.decode(saved(pixels, kind))


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
