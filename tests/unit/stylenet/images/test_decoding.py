from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFile, PngImagePlugin, TiffImagePlugin

from stylenet import images
from stylenet.errors import (
    EmptyMaskError,
    ImageSizeError,
    TransparentImageError,
    UnreadableImageError,
    UnsupportedImageError,
)
from stylenet.images import jpegxl


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


pillow_heif.register_heif_opener()  # which can write too


def saved(image, kind, **options):
    out = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(out, kind, **options)
    return out.getvalue()


def decoded(data):
    return np.asarray(images.decode(data))


def png(width, height, *, depth=8, color=2, rows=b"", chunks=()):
    """A PNG written by hand, for pixels and chunks that Pillow does not write."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(rows))
    between = b"".join(chunk(*each) for each in chunks)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + between + data + chunk(b"IEND", b"")


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


def test_a_missing_palette_is_damage():
    with pytest.raises(UnreadableImageError) as caught:
        images.decode(png(2, 2, color=3, rows=bytes(6)))
    assert caught.value.truncated


def test_a_damaged_second_frame_does_not_cost_the_first():
    frames = [Image.new("RGB", (16, 16), color) for color in ("red", "blue")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    place = data.rindex(b"\x2c")  # cut the second frame's descriptor short
    assert (decoded(data[: place + 3])[0, 0] == (255, 0, 0)).all()


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


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_an_empty_first_frame_is_passed_over(kind):
    empty = Image.new("RGBA", (40, 40), CLEAR)
    data = saved(empty, kind, save_all=True, append_images=[logo((200, 0, 0, 255))])
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


def test_premultiplied_tiff():
    image = Image.new("RGBA", (8, 8), (100, 40, 0, 128))
    data = saved(image, "TIFF")
    place = data.index(struct.pack("<HH", 338, 3)) + 8  # ExtraSamples: associated alpha
    data = data[:place] + struct.pack("<H", 1) + data[place + 2 :]
    # 100 of 128 is 199 of 255; half of it on white.
    np.testing.assert_allclose(decoded(data)[0, 0], (227, 167, 127), atol=2)


def test_white_is_zero_and_twelve_bits_of_a_tiff():
    values = np.full((4, 4), 65535, np.uint16)
    values[0] = 0
    data = saved(Image.fromarray(values), "TIFF")
    place = data.index(struct.pack("<HH", 262, 3)) + 8
    inverted = data[:place] + struct.pack("<H", 0) + data[place + 2 :]
    assert (decoded(inverted)[0] == 255).all()
    assert (decoded(inverted)[1] == 0).all()


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
