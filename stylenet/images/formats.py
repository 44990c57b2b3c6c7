"""Recognise a picture's format by its first bytes and open it; its pixels are not decoded yet."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Final

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif.as_plugin import HeifImageFile

from stylenet.errors import UnreadableImageError, UnsupportedImageError
from stylenet.images import jpegxl, png

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.ImageFile import ImageFile

__all__ = ["FORMATS", "file_extension", "is_animated", "open_image"]

# Importing a plugin registers it. Pillow would import some of them on first use, which fails in a
# process that may no longer open files: MPO is imported here for that reason.
_OPENERS: Final[dict[str, Callable[[io.BytesIO], ImageFile]]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.jpeg_factory,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
    "HEIF": HeifImageFile,
}
if jpegxl.JXLImageFile is not None:
    _OPENERS["JXL"] = jpegxl.JXLImageFile

FORMATS: Final = tuple(_OPENERS)
"""Names of the accepted formats. Other files are refused without being opened."""

_EXTENSIONS: Final = {"JPEG": "jpg", "HEIF": "heic"}  # those that are not the format's name

_ = MpoImagePlugin  # opened through `jpeg_factory`

pillow_heif.options.DECODE_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff\xf7", "JPEG-LS"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\xff\x0a", "JXL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
    # Formats that are named, but not accepted.
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\2\0", "CUR"),
    (b"8BPS", "PSD"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"icns", "ICNS"),
    (b"DDS ", "DDS"),
    (b"qoif", "QOI"),
    (b"gimp xcf", "XCF"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"FUJIFILMCCD-RAW", "camera raw"),
    (b"IIRO", "camera raw"),
    (b"IIU\0", "camera raw"),
    (b"\x0a\x05\x01\x08", "PCX"),
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"<svg", "SVG"),
)

_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"jpeg", b"jpgs"}
    | {b"mif1", b"mif2", b"mif3", b"msf1", b"miaf", b"MiHB", b"MiHE", b"heif", b"j2ki", b"vvic"}
)


def open_image(data: bytes, *, max_pixels: int) -> tuple[ImageFile, str]:
    """Open a picture, reading only its header, and return it with its format.

    The plugins are called directly: for very large pictures ``Image.open`` gives a warning or an
    error that does not state the size. Check the size before loading the pixels.

    Args:
        data: the file's bytes.
        max_pixels: limit of width × height for a format that is decoded by opening it.

    Raises:
        UnreadableImageError: not a picture, or its header is damaged.
        UnsupportedImageError: its format is known, but not accepted.
        ImageSizeError: more than `max_pixels`.
    """
    image_format = _identify(data)
    if image_format is None:
        raise UnreadableImageError("not a picture")
    if image_format == "JPEG":
        _check_jpeg_kind(data)
    opener = _OPENERS.get(image_format)
    if opener is None:
        raise UnsupportedImageError(f"{image_format} is not accepted", format=image_format)
    if image_format == "JXL":
        jpegxl.check_area(data, max_pixels)
    try:
        file = opener(io.BytesIO(png.without_metadata(data) if image_format == "PNG" else data))
    except MemoryError:
        raise
    except Exception as error:  # plugins raise many types of error for a broken header
        if image_format == "HEIF" and "nsupported" in str(error):
            raise UnsupportedImageError("HEIF of an unsupported kind", format="HEIF") from error
        msg = f"not a readable {image_format} file"
        raise UnreadableImageError(msg, truncated=True) from error
    # Pillow would apply an orientation that only the XMP data state; browsers do not.
    file.info.pop("xmp", None)
    return file, image_format


def file_extension(data: bytes) -> str | None:
    """Return the extension for a file of this data, without a dot; None if it is not accepted."""
    image_format = _identify(data)
    if image_format is None or image_format not in FORMATS:
        return None
    return _EXTENSIONS.get(image_format, image_format.lower())


def _identify(data: bytes) -> str | None:
    """Return the name of the format by the first bytes; None if they are of no known format."""
    for signature, image_format in _SIGNATURES:
        if data.startswith(signature):
            return image_format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _identify_by_brands(data)
    if data[:5] == b"<?xml" and b"<svg" in data[:1024]:
        return "SVG"
    is_netpbm = len(data) > 2 and data[:1] == b"P" and data[1:2] in b"1234567fF"
    return "Netpbm" if is_netpbm and data[2:3].isspace() else None


def _identify_by_brands(data: bytes) -> str:
    """Return the format of a file of ISO's base media format: AVIF, HEIF or a video."""
    length = min(struct.unpack_from(">I", data)[0], 1024, len(data))
    brands = [data[8:12], *(data[place : place + 4] for place in range(16, length - 3, 4))]
    if not _AVIF_BRANDS.isdisjoint(brands):
        return "AVIF"
    return "HEIF" if not _HEIF_BRANDS.isdisjoint(brands) else "MP4"


def _check_jpeg_kind(data: bytes) -> None:
    """Walk to the frame header, whose kind Pillow's errors do not tell.

    Raises:
        UnsupportedImageError: more than 8 bits per channel, lossless, or hierarchical.
    """
    place = 2
    while place + 5 <= len(data):
        if data[place] != 0xFF or data[place + 1] in {0, 0xFF}:
            place += 1
            continue
        marker = data[place + 1]
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without a length
            place += 2
            continue
        if marker in {0xD9, 0xDA}:
            return
        kind = None
        if marker in {0xC3, 0xC7, 0xCB, 0xCF}:
            kind = "lossless JPEG"
        elif marker == 0xF7:
            kind = "JPEG-LS"
        elif marker in {0xC5, 0xC6, 0xCD, 0xCE, 0xDE}:
            kind = "hierarchical JPEG"
        elif marker in {0xC0, 0xC1, 0xC2, 0xC9, 0xCA} and data[place + 4] != 8:
            kind = f"{data[place + 4]}-bit JPEG"
        if kind is not None:
            raise UnsupportedImageError(f"{kind} is not accepted", format=kind)
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]


def is_animated(file: Image.Image, image_format: str) -> bool:
    """Whether the file has further frames of the same scene, and not just other pictures."""
    # The second picture of a camera's MPO file is another view; HEIF files hold collections.
    if file.format == "MPO" or image_format == "HEIF":
        return False
    try:
        return bool(getattr(file, "is_animated", False))
    except Exception:  # a damaged second frame
        return False
