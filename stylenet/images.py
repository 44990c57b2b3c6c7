"""Pictures in and out: decoding whatever people post, sizing, encoding. Free of torch."""

from __future__ import annotations

import io
import itertools
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
    "Format",
    "ImageInfo",
    "decode",
    "decode_mask",
    "encode",
    "encode_to_fit",
    "fit_area",
    "fit_exactly",
    "fit_longest_side",
    "inspect",
    "inspect_with_preview",
    "to_pixels",
]

Format = Literal["png", "webp", "jpeg"]
"""What is written."""

# Imported, they are known to Pillow; left to itself it imports forty others with the first picture.
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
"""Pillow's names of the formats that are read. Everything else is refused unopened."""

MAX_PIXELS = 50_000_000
"""The largest picture decoded unless the caller says otherwise, width × height in pixels."""

_LOSSY: tuple[tuple[Format, int], ...] = (("jpeg", 95), ("webp", 90), ("webp", 80), ("webp", 70))
"""From what cannot be told from the painting to what still does it justice."""

_EXTENSIONS: dict[Format, str] = {"png": "png", "webp": "webp", "jpeg": "jpg"}

_LOSSLESS_WEBP_GAIN = 1.6
"""Lossless WebP of a painting is smaller than PNG by no more than this factor."""

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
    """What a picture is, after it was fully decoded.

    Attributes:
        width, height: in pixels, the way up it is shown (EXIF orientation applied).
        format: Pillow's name, one of `FORMATS`.
        animated: whether there is more than one frame; the first is the one painted.
    """

    width: int
    height: int
    format: str
    animated: bool


def decode(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a picture the way a person sees it.

    EXIF orientation is applied, an ICC profile is converted to sRGB, transparency is flattened
    on white; palettes, grey, 16 bits and CMYK are handled; of an animation the first frame is
    taken.

    Args:
        data: the file's bytes.
        max_pixels: the largest picture decoded, width × height.

    Returns:
        The picture in mode RGB, without metadata.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: a picture of a kind we do not paint.
        ImageSizeError: more than `max_pixels`; found before the pixels are decoded.
    """
    with _open(data) as file:
        _check_area(file, max_pixels)
        return _to_rgb(_load(file))


def decode_mask(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode a mask: white where its style goes, black where not.

    As `decode`, except that colours become their brightness and transparency is flattened on
    black: where nothing was drawn, nothing is painted.

    Returns:
        The mask in mode L, without metadata.

    Raises:
        UnreadableImageError, UnsupportedImageError, ImageSizeError: see `decode`.
        EmptyMaskError: it is black all over.
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
    """Decode a picture fully and say what it is.

    Args:
        data: the file's bytes.
        min_side: the smallest side accepted, in pixels.
        max_pixels: the largest area accepted, in pixels.
        max_aspect_ratio: longest side divided by shortest, at most.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: a picture of a kind we do not paint.
        ImageSizeError: a bound is crossed.
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
    """Do what `inspect` does, and return the picture reduced as well, decoded only once.

    Args:
        data: the file's bytes.
        preview_side: the longest side of the reduced picture, in pixels; a picture that is
            smaller already stays as it is.
        min_side: as for `inspect`.
        max_pixels: as for `inspect`.
        max_aspect_ratio: as for `inspect`.

    Returns:
        What the picture is, and the reduced picture in mode RGB.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: a picture of a kind we do not paint.
        ImageSizeError: a bound is crossed.
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
        # A camera's MPO holds a second view of the same moment: no animation.
        animated = file.format != "MPO" and bool(getattr(file, "is_animated", False))
        image = _to_rgb(_load(file))
    info = ImageInfo(width=image.width, height=image.height, format=image_format, animated=animated)
    return info, image


def _open(data: bytes) -> Image.Image:
    """Read the header only.

    The plugins are called directly, since ``Image.open`` answers a very large picture with a
    warning or an error that does not say how large it is; `_check_area` follows at once.
    """
    prefix = data[:16]
    unsupported: str | None = None
    for image_format in itertools.chain(FORMATS, _other_formats()):
        if image_format not in Image.OPEN:
            continue
        factory, accept = Image.OPEN[image_format]
        try:
            accepted = accept is not None and accept(prefix) is True
        except (IndexError, ValueError, struct.error):  # shorter than the magic number
            continue
        if not accepted:
            continue
        if image_format not in FORMATS:
            unsupported = image_format
            continue
        try:
            return factory(io.BytesIO(data), "")
        except Exception as error:
            # Plugins raise whatever a broken header makes them stumble over.
            raise UnreadableImageError(
                f"not a readable {image_format} file", truncated=True
            ) from error
    if unsupported is not None:
        raise UnsupportedImageError(f"{unsupported} is not painted", format=unsupported)
    raise UnreadableImageError("not a picture")


def _other_formats() -> Iterator[str]:
    """What else Pillow knows: looked at only to say what a file is that none of ours is."""
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
        # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error …
        raise UnreadableImageError("the picture is truncated or damaged", truncated=True) from error
    return file


def _to_rgb(
    image: Image.Image, *, background: tuple[int, int, int] = (255, 255, 255)
) -> Image.Image:
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    if image.mode in _WIDE_MODES:  # measurements without a known white
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
    # A fresh picture carries no metadata and no open file.
    return Image.frombytes("RGB", image.size, image.tobytes())


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return _ORIENTATIONS.get(image.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001, RUF100 - damaged EXIF says nothing; the pixels are fine
        return None


def _sixteen_to_eight_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by the embedded ICC profile; without a usable one, return the picture as it is."""
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
        return image  # a broken profile: shown without it, as browsers do
    return image if converted is None else converted


def to_pixels(values: npt.NDArray[np.floating]) -> Pixels:
    """Round (never truncate) and clip values of 0..255 to uint8. Same shape."""
    pixels: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def fit_longest_side(image: Image.Image, size: int | None) -> Image.Image:
    """Scale so that the longest side is `size` pixels; None leaves the picture as it is."""
    if size is None or max(image.size) == size:
        return image
    scale = size / max(image.size)
    return fit_exactly(image, round(image.width * scale), round(image.height * scale))


def fit_area(image: Image.Image, area: float) -> Image.Image:
    """Scale to about `area` pixels, in the picture's own proportions."""
    scale = (area / (image.width * image.height)) ** 0.5
    return fit_exactly(image, round(image.width * scale), round(image.height * scale))


def fit_exactly(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale to this width and height, in pixels, each at least 1."""
    return image.resize((max(width, 1), max(height, 1)), Image.Resampling.LANCZOS)


def encode(
    image: Image.Image | Pixels,
    format: Format,  # noqa: A002 - Pillow's own word
    *,
    quality: int = 90,
) -> bytes:
    """Encode a picture so that what is posted is what was painted.

    Args:
        image: an RGB picture, or (height, width, 3) uint8 pixels.
        format: JPEG is written with full chroma (4:4:4): the usual 4:2:0 smears brush strokes.
        quality: 1..100 for WebP and JPEG; PNG is lossless.
    """
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    if format == "png":
        picture.save(out, "PNG")
    elif format == "webp":
        picture.save(out, "WEBP", quality=quality, method=4)
    else:
        # Optimised tables need one buffer for the whole file; Pillow's is too small for noise.
        picture.save(out, "JPEG", quality=quality, subsampling=0)
    return out.getvalue()


def encode_to_fit(image: Image.Image | Pixels, max_bytes: int) -> tuple[bytes, str]:
    """Encode as well as `max_bytes` allow.

    Without loss where that fits, as PNG or else as WebP; then as JPEG of quality 95, which
    keeps the full chroma; then as WebP of falling quality; then smaller, the same way.

    Returns:
        The encoded picture and its extension, ``"png"``, ``"webp"`` or ``"jpg"``.

    Raises:
        ValueError: `max_bytes` is too small for any picture.
    """
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    data = encode(picture, "png")
    if len(data) <= max_bytes:
        return data, "png"
    if len(data) <= _LOSSLESS_WEBP_GAIN * max_bytes:
        data = _lossless_webp(picture)
        if len(data) <= max_bytes:
            return data, "webp"
    while True:
        for image_format, quality in _LOSSY:
            data = encode(picture, image_format, quality=quality)
            if len(data) <= max_bytes:
                return data, _EXTENSIONS[image_format]
        if max(picture.size) < 16:
            msg = f"no picture fits in {max_bytes} bytes"
            raise ValueError(msg)
        picture = fit_exactly(picture, picture.width * 3 // 4, picture.height * 3 // 4)


def _lossless_webp(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", lossless=True, quality=50, method=3)
    return out.getvalue()
