"""Convert decoded pixels to 8-bit sRGB and an opacity, strip by strip.

A decoded picture is converted, reduced and freed of its palette one strip at a time, so that a
large one needs memory for its pixels and for the result, and for no copy in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from stylenet.errors import UnreadableImageError, UnsupportedImageError
from stylenet.images import color_spaces

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

    from stylenet.images.png import PngMetadata

__all__ = ["convert"]

_STRIP_PIXELS: Final = 1 << 20
"""Pixels converted at once."""

_SIXTEEN_BIT_MODES: Final = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_WIDE_MODES: Final = frozenset({"I", "F"})
_WHITE_IS_ZERO_TAG, _BITS_TAG = 262, 258  # of TIFF


def convert(
    pixels: Image.Image, file: ImageFile, image_format: str, metadata: PngMetadata, *, factor: int
) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours in mode RGB and the opacity in mode L, None if all is opaque.

    Args:
        pixels: the decoded frame.
        file: the file that it is of, which describes its colours.
        image_format: one of `FORMATS`.
        metadata: what the file's chunks say, if it is a PNG.
        factor: how many pixels of each side become one.

    Raises:
        UnreadableImageError: a palette is missing.
        UnsupportedImageError: the pixel type is not supported.
    """
    width, height = pixels.size
    if pixels.mode in _WIDE_MODES:  # measurements without a known white point
        raise UnsupportedImageError("pixels of 32 bits are not accepted", format=image_format)
    if pixels.mode in {"P", "PA"} and pixels.palette is None:
        raise UnreadableImageError("there is no palette", truncated=True)
    size = (-(-width // factor), -(-height // factor))
    colors, opacity = Image.new("RGB", size), None
    # A whole number of reduced rows, so that no strip's edge shows.
    rows = max(1, _STRIP_PIXELS // width // factor) * factor
    for top in range(0, height, rows):
        strip = pixels.crop((0, top, width, min(top + rows, height)))
        image, alpha = _separate_alpha(strip, file, image_format, metadata)
        image, alpha = _reduce(image, alpha, factor)
        place = (0, top // factor)
        colors.paste(_to_srgb(image, file, metadata), place)
        if alpha is not None:
            opacity = opacity or Image.new("L", size)
            opacity.paste(alpha, place)
    return colors, opacity


def _reduce(
    image: Image.Image, alpha: Image.Image | None, factor: int
) -> tuple[Image.Image, Image.Image | None]:
    """Reduce both; the colours of transparent pixels have no weight."""
    if factor == 1:
        return image, alpha
    if alpha is None:
        return image.reduce(factor), None
    mode = image.mode
    image.putalpha(alpha)
    image = image.reduce(factor)
    return image.convert(mode), image.getchannel("A")


def _separate_alpha(
    image: Image.Image, file: ImageFile, image_format: str, metadata: PngMetadata
) -> tuple[Image.Image, Image.Image | None]:
    """Return colours of 8 bits per channel without a palette, and the opacity in mode L."""
    if image.mode in _SIXTEEN_BIT_MODES:
        return _separate_wide_alpha(image, file, image_format, metadata)
    if image.mode in {"1", "La", "RGBa", "RGBX"}:
        image = image.convert({"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB"}[image.mode])
    if metadata.transparent is not None and image.mode in {"L", "RGB"}:
        key = metadata.transparent
        image.info["transparency"] = key if image.mode == "RGB" else key[0]
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in {"L", "LA"} else "RGBA")
        return image.convert(image.mode.removesuffix("A")), image.getchannel("A")
    if image.mode in {"P", "YCbCr"}:
        image = image.convert("RGB")
    return image, None


def _separate_wide_alpha(
    image: Image.Image, file: ImageFile, image_format: str, metadata: PngMetadata
) -> tuple[Image.Image, Image.Image | None]:
    """Like `_separate_alpha`, for grey of up to 16 bits."""
    if image_format == "TIFF":
        tags = file.tag_v2  # type: ignore[attr-defined]
        highest = (1 << tags.get(_BITS_TAG, (16,))[0]) - 1
        is_inverted = tags.get(_WHITE_IS_ZERO_TAG) == 0
        return color_spaces.to_eight_bits(image, highest=highest, inverted=is_inverted), None
    alpha = None
    if metadata.transparent is not None:
        opaque = np.asarray(image) != metadata.transparent[0]
        alpha = Image.fromarray(opaque.astype(np.uint8) * np.uint8(255))
    return color_spaces.to_eight_bits(image), alpha


def _to_srgb(image: Image.Image, file: ImageFile, metadata: PngMetadata) -> Image.Image:
    """Convert to RGB by the best description of the colours: cICP, ICC, sRGB, then gamma."""
    profile = metadata.icc_profile or file.info.get("icc_profile")
    nclx = file.info.get("nclx_profile")
    if metadata.cicp is not None and (file.format == "PNG" or not profile):
        image = color_spaces.apply_code_points(image, metadata.cicp)
    elif profile:
        image = color_spaces.apply_icc_profile(image, profile)
    elif isinstance(nclx, dict):
        code_points = (nclx["color_primaries"], nclx["transfer_characteristics"], 0, 1)
        image = color_spaces.apply_code_points(image, code_points)
    elif not metadata.is_srgb and metadata.gamma is not None:
        image = color_spaces.apply_gamma(image, metadata.gamma, metadata.chromaticities)
    if image.mode == "LAB":
        image = color_spaces.lab_to_rgb(image)
    if image.mode != "RGB":
        try:
            image = image.convert("RGB")
        except ValueError as error:
            raise UnsupportedImageError(
                f"pixels of mode {image.mode} are not accepted", format=file.format
            ) from error
    return image
