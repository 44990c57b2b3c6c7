"""Decode pictures and masks: formats, orientation, colour profiles, transparency, limits."""

from __future__ import annotations

import io
import itertools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageCms,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from stylenet.errors import (
    EmptyMaskError,
    ImageSizeError,
    UnreadableImageError,
    UnsupportedImageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "ImageInfo",
    "decode",
    "decode_mask",
    "inspect",
    "inspect_with_preview",
]

# Importing these plugins registers them. Pillow would otherwise import forty on first use.
_PLUGINS = (
    PngImagePlugin.PngImageFile,
    JpegImagePlugin.JpegImageFile,
    WebPImagePlugin.WebPImageFile,
    GifImagePlugin.GifImageFile,
    BmpImagePlugin.BmpImageFile,
    TiffImagePlugin.TiffImageFile,
    AvifImagePlugin.AvifImageFile,
)

FORMATS: tuple[str, ...] = tuple(str(plugin.format) for plugin in _PLUGINS)
"""Pillow's names of the accepted formats. Other files are refused without being opened."""

MAX_PIXELS = 50_000_000
"""Default limit of width × height, in pixels."""

_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_BIT_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_WIDE_MODES = frozenset({"I", "F"})
_ICC_MODES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageInfo:
    """Properties of a fully decoded picture.

    Attributes:
        width, height: in pixels, after applying EXIF orientation.
        format: Pillow's name, one of `FORMATS`.
        animated: whether there is more than one frame; only the first is used.
    """

    width: int
    height: int
    format: str
    animated: bool


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture to RGB as viewers show it.

    Applies EXIF orientation, converts from an ICC profile to sRGB, and flattens transparency on
    white. Palettes, grey, 16 bits per channel and CMYK are supported. Of an animation it takes the
    first frame.

    Args:
        data: the file's bytes.
        max_pixels: limit of width × height.

    Returns:
        The picture in mode RGB, without metadata.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: the format or pixel type is not supported.
        ImageSizeError: more than `max_pixels`; checked before the pixels are decoded.
    """
    with _open(data) as file:
        _check_area(file, max_pixels)
        return _to_rgb(_load(file))


def decode_mask(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a mask: white where its style goes, black where not.

    Like `decode`, but converts colours to luma and flattens transparency on black, so that nothing
    is painted where nothing was drawn.

    Returns:
        The mask in mode L, without metadata.

    Raises:
        UnreadableImageError, UnsupportedImageError, ImageSizeError: see `decode`.
        EmptyMaskError: it is entirely black.
    """
    with _open(data) as file:
        _check_area(file, max_pixels)
        mask = _to_rgb(_load(file), background=(0, 0, 0)).convert("L")
    if mask.getextrema() == (0, 0):
        raise EmptyMaskError
    return mask


def inspect(
    data: bytes,
    *,
    min_side: int = 1,
    max_pixels: int = MAX_PIXELS,
    max_aspect_ratio: float = float("inf"),
) -> ImageInfo:
    """Decode a picture fully and return its properties.

    Args:
        data: the file's bytes.
        min_side: lower limit of the shorter side, in pixels.
        max_pixels: upper limit of width × height.
        max_aspect_ratio: upper limit of longest side divided by shortest.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: the format or pixel type is not supported.
        ImageSizeError: a limit is exceeded.
    """
    return _inspected(
        data, min_side=min_side, max_pixels=max_pixels, max_aspect_ratio=max_aspect_ratio
    )[0]


def inspect_with_preview(
    data: bytes,
    *,
    preview_side: int,
    min_side: int = 1,
    max_pixels: int = MAX_PIXELS,
    max_aspect_ratio: float = float("inf"),
) -> tuple[ImageInfo, Image.Image]:
    """Like `inspect`, but also return a reduced copy; the picture is decoded only once.

    Args:
        data: the file's bytes.
        preview_side: longest side of the reduced copy, in pixels; smaller pictures are not
            enlarged.
        min_side: as for `inspect`.
        max_pixels: as for `inspect`.
        max_aspect_ratio: as for `inspect`.

    Returns:
        The picture's properties, and the reduced copy in mode RGB.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: the format or pixel type is not supported.
        ImageSizeError: a limit is exceeded.
    """
    info, image = _inspected(
        data, min_side=min_side, max_pixels=max_pixels, max_aspect_ratio=max_aspect_ratio
    )
    image.thumbnail((preview_side, preview_side), Image.Resampling.LANCZOS)
    return info, image


def _inspected(
    data: bytes, *, min_side: int, max_pixels: int, max_aspect_ratio: float
) -> tuple[ImageInfo, Image.Image]:
    with _open(data) as file:
        _check_area(file, max_pixels)
        width, height = file.size
        if min(width, height) < min_side:
            raise ImageSizeError(width=width, height=height, limit=min_side, kind="side_min")
        if max(width, height) > max_aspect_ratio * min(width, height):
            raise ImageSizeError(
                width=width, height=height, limit=max_aspect_ratio, kind="aspect_max"
            )
        image_format = "JPEG" if file.format == "MPO" else str(file.format)
        # The second frame of a camera's MPO file is another view, not an animation.
        animated = file.format != "MPO" and bool(getattr(file, "is_animated", False))
        image = _to_rgb(_load(file))
    info = ImageInfo(width=image.width, height=image.height, format=image_format, animated=animated)
    return info, image


def _open(data: bytes) -> Image.Image:
    """Open a picture, reading only its header.

    It calls the plugins directly: for very large pictures ``Image.open`` gives a warning or an
    error that does not state the size. Call `_check_area` before loading the pixels.
    """
    prefix = data[:16]
    unsupported: str | None = None
    for image_format in itertools.chain(FORMATS, _other_formats()):
        if image_format not in Image.OPEN:
            continue
        factory, accept = Image.OPEN[image_format]
        try:
            accepted = accept is not None and accept(prefix) is True
        except (IndexError, ValueError, struct.error):  # shorter than the signature
            continue
        if not accepted:
            continue
        if image_format not in FORMATS:
            unsupported = image_format
            continue
        try:
            return factory(io.BytesIO(data), "")
        except Exception as error:
            # Plugins raise many types of error for a broken header.
            raise UnreadableImageError(
                f"not a readable {image_format} file", truncated=True
            ) from error
    if unsupported is not None:
        raise UnsupportedImageError(f"{unsupported} is not painted", format=unsupported)
    raise UnreadableImageError("not a picture")


def _other_formats() -> Iterator[str]:
    """Yield Pillow's other formats, to name the format of a file that is not accepted."""
    Image.init()
    yield from sorted(set(Image.OPEN) - set(FORMATS))


def _check_area(file: Image.Image, max_pixels: int) -> None:
    width, height = file.size
    if width < 1 or height < 1:
        raise UnreadableImageError("a picture without pixels")
    if width * height > max_pixels:
        raise ImageSizeError(width=width, height=height, limit=max_pixels, kind="area_max")


def _load(file: Image.Image) -> Image.Image:
    try:
        file.load()
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error, …
        raise UnreadableImageError("the picture is truncated or damaged", truncated=True) from error
    return file


def _to_rgb(
    image: Image.Image, *, background: tuple[int, int, int] = (255, 255, 255)
) -> Image.Image:
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    if image.mode in _WIDE_MODES:  # measurements without a known white point
        raise UnsupportedImageError("pixels of 32 bits are not painted", format=image.format)
    if image.mode in _SIXTEEN_BIT_MODES:
        image = _sixteen_to_eight_bits(image)
    alpha = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("RGB")
    elif image.mode in {"1", "P"}:
        image = image.convert("RGB")
    image = _to_srgb(image, profile)
    if image.mode != "RGB":
        try:
            image = image.convert("RGB")
        except ValueError as error:
            raise UnsupportedImageError(f"pixels of mode {image.mode} are not painted") from error
    if alpha is not None:
        image = Image.composite(image, Image.new("RGB", image.size, background), alpha)
    if orientation is not None:
        image = image.transpose(orientation)
    # A new picture has no metadata and no open file.
    return Image.frombytes("RGB", image.size, image.tobytes())


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return _ORIENTATIONS.get(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001, RUF100 - damaged EXIF: the pixels are fine
        return None


def _sixteen_to_eight_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to sRGB by the embedded ICC profile; without a valid one, return the image as is."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if _ICC_MODES.get(source.profile.xcolor_space) != image.mode:
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (OSError, ValueError, ImageCms.PyCMSError):
        return image  # ignore a broken profile, as browsers do
    return image if converted is None else converted
