"""Decode one frame of a file: which one, the right way up, in sRGB, with its opacity."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from stylenet.errors import (
    ImageError,
    ImageSizeError,
    UnreadableImageError,
    UnsupportedImageError,
)
from stylenet.images import color_spaces, png
from stylenet.images.formats import is_animated, open_image
from stylenet.images.transparency import (
    choose_background,
    is_fully_transparent,
    is_single_color,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFile import ImageFile

__all__ = ["MAX_PIXELS", "Limits", "Picture", "decode_picture"]

MAX_PIXELS: Final = 64_000_000
"""Default limit of width × height, in pixels: phones' 50 megapixels, with some slack."""

_MAX_FRAMES: Final = 64
"""Frames that are searched for one with something visible."""

_ORIENTATION_TAG: Final = 0x0112
_ORIENTATIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPED: Final = frozenset({5, 6, 7, 8})
_SIXTEEN_BIT_MODES: Final = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_WIDE_MODES: Final = frozenset({"I", "F"})
_WHITE_IS_ZERO_TAG, _BITS_TAG, _SUBFILE_TAG = 262, 258, 254  # of TIFF


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits of a picture's size.

    Attributes:
        min_side: lower limit of the shorter side, in pixels.
        max_pixels: upper limit of width × height.
        max_aspect_ratio: upper limit of longest side divided by shortest.
    """

    min_side: int = 1
    max_pixels: int = MAX_PIXELS
    max_aspect_ratio: float = math.inf

    def check(self, width: int, height: int) -> None:
        """Check a size.

        Raises:
            UnreadableImageError: there are no pixels.
            ImageSizeError: a limit is exceeded.
        """
        if width < 1 or height < 1:
            raise UnreadableImageError("a picture without pixels")
        if width * height > self.max_pixels:
            raise ImageSizeError(width=width, height=height, limit=self.max_pixels, kind="area_max")
        if min(width, height) < self.min_side:
            raise ImageSizeError(width=width, height=height, limit=self.min_side, kind="side_min")
        if max(width, height) > self.max_aspect_ratio * min(width, height):
            raise ImageSizeError(
                width=width, height=height, limit=self.max_aspect_ratio, kind="aspect_max"
            )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Picture:
    """A decoded frame.

    Attributes:
        image: the colours, in mode RGB.
        alpha: the opacity, in mode L; None if all is opaque.
        size: width and height of the file's picture, which may be larger than `image`.
        format: one of `FORMATS`.
        animated: whether the file has further frames of the same scene.
    """

    image: Image.Image
    alpha: Image.Image | None
    size: tuple[int, int]
    format: str
    animated: bool

    @property
    def is_fully_transparent(self) -> bool:
        """Whether nothing is visible."""
        return self.alpha is not None and is_fully_transparent(self.alpha)

    def flattened(self, background: tuple[int, int, int] | None = None) -> Image.Image:
        """Return the picture on a background; None chooses one that shows the subject."""
        if self.alpha is None:
            return self.image
        color = background or choose_background(self.image, self.alpha)
        return Image.composite(self.image, Image.new("RGB", self.image.size, color), self.alpha)


def decode_picture(data: bytes, limits: Limits, *, reduced_side: int | None = None) -> Picture:
    """Decode the first frame that shows something, or the first if none does.

    Args:
        data: the file's bytes.
        limits: checked before the pixels of a frame are decoded.
        reduced_side: longest side that is needed, in pixels; larger pictures may be reduced by
            a whole number, to no less than this.

    Raises:
        UnreadableImageError: not a picture, or truncated.
        UnsupportedImageError: the format or pixel type is not supported.
        ImageSizeError: a limit is exceeded.
    """
    file, image_format = open_image(data, max_pixels=limits.max_pixels)
    blank = None
    with file:
        metadata = png.read_metadata(data) if image_format == "PNG" else png.PngMetadata()
        if image_format == "AVIF":
            metadata = png.PngMetadata(cicp=_nclx(data))
        for _ in _frames(file, image_format, hides_first=metadata.hides_first_frame):
            try:
                picture = _decode_frame(file, image_format, metadata, limits, reduced_side)
            except ImageError:
                if blank is None:
                    raise
                break  # a later frame is damaged
            if not picture.is_fully_transparent and not is_single_color(picture.flattened()):
                return picture
            blank = blank or picture
    if blank is None:
        raise UnreadableImageError("a picture without frames", truncated=True)
    return blank


def _frames(file: ImageFile, image_format: str, *, hides_first: bool) -> Iterator[None]:
    """Position the file at one frame after the other."""
    # HEIF opens at its primary picture, a camera's MPO at the photograph itself.
    if not is_animated(file, image_format):
        yield
        return
    skipped = 0
    for number in range(1 if hides_first else 0, _MAX_FRAMES):
        try:
            file.seek(number)
        except Exception:  # plugins raise many types of error; there are no more
            if number == skipped:
                break
            return
        if image_format == "TIFF" and file.tag_v2.get(_SUBFILE_TAG, 0) & 1:  # type: ignore[attr-defined]
            skipped = number + 1  # a thumbnail of another page
            continue
        yield
    file.seek(0)
    yield


def _decode_frame(
    file: ImageFile,
    image_format: str,
    metadata: png.PngMetadata,
    limits: Limits,
    reduced_side: int | None,
) -> Picture:
    """Decode the frame at which the file is positioned.

    Raises:
        UnreadableImageError: it is truncated.
        UnsupportedImageError: its pixel type is not supported.
        ImageSizeError: a limit is exceeded.
    """
    limits.check(*file.size)
    width, height = file.size
    if reduced_side is not None and image_format == "JPEG" and max(width, height) > reduced_side:
        scale = reduced_side / max(width, height)
        file.draft(None, (math.ceil(width * scale), math.ceil(height * scale)))
    _load(file)
    orientation = _orientation(file) if image_format != "TIFF" else 1  # applied by the plugin
    try:
        image, alpha = _separate_alpha(file, image_format, metadata)
    except AssertionError as error:  # a palette is missing
        raise UnreadableImageError("there is no palette", truncated=True) from error
    factor = 1 if reduced_side is None else max(image.size) // reduced_side
    if factor > 1:
        if alpha is not None:
            image.putalpha(alpha)
        image = image.reduce(factor)
        if alpha is not None:
            image, alpha = image.convert(image.mode.removesuffix("A")), image.getchannel("A")
    image = _to_srgb(image, file, metadata)
    if image_format == "BMP" and alpha is not None and is_fully_transparent(alpha):
        alpha = None  # most programs leave the fourth byte empty
    if orientation in _ORIENTATIONS:
        image = image.transpose(_ORIENTATIONS[orientation])
        alpha = alpha and alpha.transpose(_ORIENTATIONS[orientation])
    return Picture(
        image=image,
        alpha=alpha,
        size=(height, width) if orientation in _SWAPPED else (width, height),
        format=image_format,
        animated=is_animated(file, image_format),
    )


def _load(file: Image.Image) -> None:
    try:
        file.load()
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error, …
        raise UnreadableImageError("the picture is truncated or damaged", truncated=True) from error


def _orientation(file: ImageFile) -> int:
    try:
        exif = Image.Exif()
        exif.load(file.info.get("exif") or b"")
        return int(exif.get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF: the pixels are fine
        return 1


def _separate_alpha(
    file: ImageFile, image_format: str, metadata: png.PngMetadata
) -> tuple[Image.Image, Image.Image | None]:
    """Return colours of 8 bits per channel without a palette, and the opacity in mode L.

    Raises:
        UnsupportedImageError: the pixel type is not supported.
    """
    image: Image.Image = file
    if image.mode in _WIDE_MODES:  # measurements without a known white point
        raise UnsupportedImageError("pixels of 32 bits are not accepted", format=image_format)
    if image.mode in _SIXTEEN_BIT_MODES:
        return _separate_wide_alpha(file, image_format, metadata)
    if image.mode in {"1", "La", "RGBa"}:
        image = image.convert({"1": "L", "La": "LA", "RGBa": "RGBA"}[image.mode])
    if metadata.transparent is not None and image.mode in {"L", "RGB"}:
        key = metadata.transparent
        image = image.copy() if image is file else image
        image.info["transparency"] = key if image.mode == "RGB" else key[0]
    if image.has_transparency_data:
        image = image.convert("LA" if image.mode in {"L", "LA"} else "RGBA")
        return image.convert(image.mode.removesuffix("A")), image.getchannel("A")
    if image.mode in {"P", "YCbCr"}:
        image = image.convert("RGB")
    return image, None


def _separate_wide_alpha(
    file: ImageFile, image_format: str, metadata: png.PngMetadata
) -> tuple[Image.Image, Image.Image | None]:
    """Like `_separate_alpha`, for grey of up to 16 bits."""
    if image_format == "TIFF":
        tags = file.tag_v2  # type: ignore[attr-defined]
        highest = (1 << tags.get(_BITS_TAG, (16,))[0]) - 1
        is_inverted = tags.get(_WHITE_IS_ZERO_TAG) == 0
        return color_spaces.to_eight_bits(file, highest=highest, inverted=is_inverted), None
    alpha = None
    if metadata.transparent is not None:
        opaque = np.asarray(file) != metadata.transparent[0]
        alpha = Image.fromarray(opaque.astype(np.uint8) * np.uint8(255))
    return color_spaces.to_eight_bits(file), alpha


def _to_srgb(image: Image.Image, file: ImageFile, metadata: png.PngMetadata) -> Image.Image:
    """Convert to RGB by the best description of the colours: cICP, ICC, sRGB, then gamma.

    Raises:
        UnsupportedImageError: the pixel type is not supported.
    """
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


def _nclx(data: bytes) -> tuple[int, int, int, int] | None:
    """Return the code points of an AVIF file; None if it states none."""
    place = data.find(b"colrnclx", 0, 1 << 16)
    if place < 0 or place + 15 > len(data):
        return None
    primaries, transfer = struct.unpack_from(">HH", data, place + 8)
    return primaries, transfer, 0, 1  # the decoder has applied matrix and range
