"""Decode one frame of a file: which one, the right way up, in sRGB, with its opacity."""

from __future__ import annotations

import math
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from stylenet.errors import ImageError, ImageSizeError, UnreadableImageError
from stylenet.images import png
from stylenet.images.conversion import convert
from stylenet.images.formats import is_animated, open_image
from stylenet.images.transparency import (
    choose_background,
    is_fully_transparent,
    is_single_color,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.ImageFile import ImageFile

__all__ = ["FULL_SIZE", "MAX_PIXELS", "Limits", "Picture", "Reduction", "decode_picture"]

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
_SUBFILE_TAG: Final = 254  # of TIFF


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Reduction:
    """How far a picture may be reduced, by a whole number, while it is decoded.

    Attributes:
        longest_side: least length of the longer side afterwards, in pixels.
        shortest_side: least length of the shorter side afterwards, in pixels.
    """

    longest_side: int = 1
    shortest_side: int = 1

    def factor(self, width: int, height: int) -> int:
        """Return how many pixels of each side become one; 1 for a picture that is not larger."""
        longer, shorter = max(width, height), min(width, height)
        return max(1, min(longer // self.longest_side, shorter // self.shortest_side))


FULL_SIZE: Final = Reduction(longest_side=sys.maxsize)


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
        flat = Image.new("RGB", self.image.size, color)
        flat.paste(self.image, mask=self.alpha)
        return flat


def decode_picture(data: bytes, limits: Limits, *, reduction: Reduction = FULL_SIZE) -> Picture:
    """Decode the first frame that shows something, or the first if none does.

    Args:
        data: the file's bytes.
        limits: checked before the pixels of a frame are decoded.
        reduction: how far a large picture is reduced.

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
                picture = _decode_frame(file, image_format, metadata, limits, reduction)
            except ImageError:
                if blank is None:
                    raise
                break  # a later frame is damaged
            if not picture.animated:
                return picture
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
    reduction: Reduction,
) -> Picture:
    """Decode the frame at which the file is positioned.

    Raises:
        UnreadableImageError: it is truncated.
        UnsupportedImageError: its pixel type is not supported.
        ImageSizeError: a limit is exceeded.
    """
    limits.check(*file.size)
    width, height = file.size
    factor = reduction.factor(width, height)
    if image_format == "JPEG" and factor > 1:  # its decoder halves as it decodes
        file.draft(None, (math.ceil(width / factor), math.ceil(height / factor)))
    pixels = _load(file)
    orientation = _orientation(file) if image_format != "TIFF" else 1  # applied by the plugin
    image, alpha = convert(
        pixels, file, image_format, metadata, factor=reduction.factor(*pixels.size)
    )
    del pixels
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


def _load(file: ImageFile) -> Image.Image:
    """Decode the pixels of the frame at which the file is positioned.

    Raises:
        UnreadableImageError: they are truncated or damaged.
    """
    try:
        if isinstance(file, WebPImageFile) and not file.is_animated:
            return _decode_still_webp(file)
        file.load()
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's decoders raise OSError, SyntaxError, ValueError, EOFError, struct.error, …
        raise UnreadableImageError("the picture is truncated or damaged", truncated=True) from error
    return file


def _decode_still_webp(file: WebPImageFile) -> Image.Image:
    """Decode the only frame without Pillow's second copy, and free the decoder's two canvases.

    Of 50 megapixels each takes 200 MB.
    """
    frame = file._decoder.get_next()  # noqa: SLF001 - nothing public frees it
    file._decoder = None  # noqa: SLF001
    if frame is None:
        raise EOFError
    return Image.frombuffer(file.rawmode, file.size, frame[0], "raw", file.rawmode, 0, 1)


def _orientation(file: ImageFile) -> int:
    try:
        exif = Image.Exif()
        exif.load(file.info.get("exif") or b"")
        return int(exif.get(_ORIENTATION_TAG, 1))
    except Exception:  # damaged EXIF: the pixels are fine
        return 1


def _nclx(data: bytes) -> tuple[int, int, int, int] | None:
    """Return the code points of an AVIF file; None if it states none."""
    place = data.find(b"colrnclx", 0, 1 << 16)
    if place < 0 or place + 15 > len(data):
        return None
    primaries, transfer = struct.unpack_from(">HH", data, place + 8)
    return primaries, transfer, 0, 1  # the decoder has applied matrix and range
