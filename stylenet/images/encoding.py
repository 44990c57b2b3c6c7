"""Resize pictures and encode them as PNG, WebP or JPEG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image

from stylenet.images.painting_record import record_options

if TYPE_CHECKING:
    import numpy.typing as npt

    from stylenet.arrays import Pixels
    from stylenet.images.painting_record import PaintingRecord


__all__ = [
    "Format",
    "encode",
    "encode_to_fit",
    "fit_area",
    "fit_exactly",
    "fit_longest_side",
    "to_pixels",
]

Format = Literal["png", "webp", "jpeg"]

_LOSSY: tuple[tuple[Format, int], ...] = (("jpeg", 95), ("webp", 90), ("webp", 80), ("webp", 70))
"""Formats and qualities that `encode_to_fit` tries, best first."""

_EXTENSIONS: dict[Format, str] = {"png": "png", "webp": "webp", "jpeg": "jpg"}

_LOSSLESS_WEBP_GAIN = 1.6
"""Upper limit of a painting's size as PNG divided by its size as lossless WebP."""


def to_pixels(values: npt.NDArray[np.floating]) -> Pixels:
    """Round (not truncate) and clip values to uint8 in 0..255; same shape."""
    pixels: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


def fit_longest_side(image: Image.Image, size: int | None) -> Image.Image:
    """Resize so that the longest side is `size` pixels; None returns the image as is."""
    if size is None or max(image.size) == size:
        return image
    scale = size / max(image.size)
    return fit_exactly(image, round(image.width * scale), round(image.height * scale))


def fit_area(image: Image.Image, area: float) -> Image.Image:
    """Resize to about `area` pixels, keeping the aspect ratio."""
    scale = (area / (image.width * image.height)) ** 0.5
    return fit_exactly(image, round(image.width * scale), round(image.height * scale))


def fit_exactly(image: Image.Image, width: int, height: int) -> Image.Image:
    """Resize to this width and height, in pixels, each raised to at least 1."""
    return image.resize((max(width, 1), max(height, 1)), Image.Resampling.LANCZOS)


def encode(
    image: Image.Image | Pixels,
    format: Format,  # noqa: A002 - Pillow's name
    *,
    quality: int = 90,
    record: PaintingRecord | None = None,
) -> bytes:
    """Encode a picture.

    Args:
        image: an RGB or RGBA picture, or (height, width, 3 or 4) uint8 pixels. JPEG drops the
            transparency.
        format: JPEG is written with full chroma (4:4:4), since 4:2:0 smears brush strokes.
        quality: 1..100 for WebP and JPEG; PNG is lossless.
        record: what it was painted with, to be kept in the file; None for nothing.
    """
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    extra = {} if record is None else record_options(record, format)
    out = io.BytesIO()
    if format == "png":
        picture.save(out, "PNG", **extra)
    elif format == "webp":
        picture.save(out, "WEBP", quality=quality, method=4, **extra)
    else:
        picture = picture.convert("RGB")
        # No optimize=True: it buffers the whole file, and Pillow's buffer is too small for noise.
        picture.save(out, "JPEG", quality=quality, subsampling=0, **extra)
    return out.getvalue()


def encode_to_fit(image: Image.Image | Pixels, max_bytes: int) -> tuple[bytes, str]:
    """Encode with the best quality that fits into `max_bytes`.

    Tries PNG, lossless WebP, JPEG of quality 95 with full chroma, and WebP of falling quality; then
    reduces the picture and starts over with the lossy formats. JPEG is left out where there is
    transparency.

    Returns:
        The encoded picture and its extension, ``"png"``, ``"webp"`` or ``"jpg"``.

    Raises:
        ValueError: `max_bytes` is too small even for a reduced picture.
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
            if image_format == "jpeg" and picture.mode == "RGBA":
                continue
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
