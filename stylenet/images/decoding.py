"""Decode pictures and masks as viewers show them, within limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from PIL import Image

from stylenet.errors import EmptyMaskError, TransparentImageError
from stylenet.images.encoding import fit_exactly
from stylenet.images.formats import FORMATS
from stylenet.images.frame import FULL_SIZE, MAX_PIXELS, Limits, Reduction, decode_picture
from stylenet.images.transparency import is_single_color

__all__ = [
    "FORMATS",
    "MAX_PIXELS",
    "ImageInfo",
    "decode",
    "decode_mask",
    "inspect",
    "inspect_with_preview",
]

_SAMPLES_PER_SIDE: Final = 2
"""Pixels decoded per pixel of a reduced copy, along each side."""

_BLACK: Final = (0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageInfo:
    """Properties of a fully decoded picture.

    Attributes:
        width, height: in pixels, after applying EXIF orientation.
        format: one of `FORMATS`.
        animated: whether there is more than one frame; only one is used.
        is_single_color: whether all pixels are about alike, as shown.
    """

    width: int
    height: int
    format: str
    animated: bool
    is_single_color: bool


def decode(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    keep_alpha: bool = False,
    longest_side: int | None = None,
    shortest_side: int | None = None,
) -> Image.Image:
    """Decode a picture to sRGB as viewers show it.

    Applies EXIF orientation (not XMP's, as browsers do), converts from the file's colour space,
    and flattens transparency on white, or on a darker grey where a subject would not show on
    white. Palettes, grey, 16 bits per channel, CMYK and Lab are supported. Of several frames it
    takes the first that shows something.

    Args:
        data: the file's bytes.
        max_pixels: limit of width × height.
        keep_alpha: whether to return the opacity as well.
        longest_side: in pixels; a larger picture is reduced to exactly this.
        shortest_side: in pixels; a larger picture is reduced by a whole number, to no less.

    Returns:
        The picture in mode RGB, without metadata; with `keep_alpha` and transparency in mode RGBA,
        its colours flattened all the same.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: the format or pixel type is not supported.
        ImageSizeError: more than `max_pixels`; checked before the pixels are decoded.
        TransparentImageError: nothing is visible.
    """
    if longest_side is not None:
        reduction = Reduction(longest_side=_SAMPLES_PER_SIDE * longest_side)
    else:
        reduction = _no_smaller_than(shortest_side)
    picture = decode_picture(data, Limits(max_pixels=max_pixels), reduction=reduction)
    if picture.is_fully_transparent:
        raise TransparentImageError
    image, alpha = picture.flattened(), picture.alpha
    if longest_side is not None and max(picture.size) > longest_side:
        image = _shrink(image, picture.size, longest_side)
        alpha = alpha and _shrink(alpha, picture.size, longest_side)
    if keep_alpha and alpha is not None:
        image.putalpha(alpha)
    return image


def decode_mask(
    data: bytes, *, max_pixels: int = MAX_PIXELS, shortest_side: int | None = None
) -> Image.Image:
    """Decode a mask: white where its style goes, black where not.

    Like `decode`, but converts colours to luma and flattens transparency on black, so that nothing
    is painted where nothing was drawn.

    Returns:
        The mask in mode L, without metadata.

    Raises:
        UnreadableImageError, UnsupportedImageError, ImageSizeError: see `decode`.
        EmptyMaskError: it is entirely black.
    """
    reduction = _no_smaller_than(shortest_side)
    picture = decode_picture(data, Limits(max_pixels=max_pixels), reduction=reduction)
    mask = picture.flattened(_BLACK).convert("L")
    if mask.getextrema() == (0, 0):
        raise EmptyMaskError
    return mask


def inspect(
    data: bytes,
    *,
    min_side: int = 1,
    max_pixels: int = MAX_PIXELS,
    max_aspect_ratio: float = math.inf,
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
        TransparentImageError: nothing is visible.
    """
    return inspect_with_preview(
        data,
        preview_side=max_pixels,
        min_side=min_side,
        max_pixels=max_pixels,
        max_aspect_ratio=max_aspect_ratio,
    )[0]


def inspect_with_preview(
    data: bytes,
    *,
    preview_side: int,
    min_side: int = 1,
    max_pixels: int = MAX_PIXELS,
    max_aspect_ratio: float = math.inf,
) -> tuple[ImageInfo, Image.Image]:
    """Like `inspect`, but also return a reduced copy; the picture is decoded only once.

    Colours are converted after the picture was reduced to a few times the copy's size, which
    makes large pictures affordable.

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
        TransparentImageError: nothing is visible.
    """
    limits = Limits(min_side=min_side, max_pixels=max_pixels, max_aspect_ratio=max_aspect_ratio)
    reduction = Reduction(longest_side=_SAMPLES_PER_SIDE * preview_side)
    picture = decode_picture(data, limits, reduction=reduction)
    if picture.is_fully_transparent:
        raise TransparentImageError
    preview = picture.flattened()
    info = ImageInfo(
        width=picture.size[0],
        height=picture.size[1],
        format=picture.format,
        animated=picture.animated,
        is_single_color=is_single_color(preview),
    )
    preview.thumbnail((preview_side, preview_side), Image.Resampling.LANCZOS)
    return info, preview


def _no_smaller_than(shortest_side: int | None) -> Reduction:
    return FULL_SIZE if shortest_side is None else Reduction(shortest_side=shortest_side)


def _shrink(image: Image.Image, size: tuple[int, int], longest_side: int) -> Image.Image:
    """Resize a picture, which may be reduced already, to what `fit_longest_side` makes of it.

    Args:
        image: the picture.
        size: its width and height before it was reduced.
        longest_side: the longest side that it gets, in pixels.
    """
    scale = longest_side / max(size)
    return fit_exactly(image, round(size[0] * scale), round(size[1] * scale))
