"""The errors that stylenet raises.

::

    StylenetError
    ├── RecipeError          a recipe's field is out of range, unknown or of the wrong type
    ├── ImageError           a picture or mask that cannot be used
    │   ├── UnreadableImageError    not a picture, or truncated
    │   ├── UnsupportedImageError   a format or pixel type that is not supported
    │   ├── ImageSizeError          too small, too large or too elongated
    │   ├── TransparentImageError   nothing in it is visible
    │   └── EmptyMaskError          a mask that leaves its style no pixels
    ├── WeightsError         a weights file that is wrong, truncated or malicious
    ├── CheckpointError      a checkpoint that is damaged, or of another painting or version
    ├── DivergedError        the loss became NaN or infinite
    └── DeviceMemoryError    the device cannot hold a picture of this size
"""

from __future__ import annotations

__all__ = [
    "CheckpointError",
    "DeviceMemoryError",
    "DivergedError",
    "EmptyMaskError",
    "ImageError",
    "ImageSizeError",
    "RecipeError",
    "StylenetError",
    "TransparentImageError",
    "UnreadableImageError",
    "UnsupportedImageError",
    "WeightsError",
]


class StylenetError(Exception):
    """Base class of the errors that stylenet raises."""


class RecipeError(StylenetError, ValueError):
    """A recipe's field is out of range, unknown or of the wrong type.

    Attributes:
        field: name of the field.
        got: the value as given.
        expected: description of the allowed values.
    """

    def __init__(self, field: str, got: object, expected: str) -> None:
        super().__init__(f"recipe field {field!r}: expected {expected}, got {got!r}")
        self.field = field
        self.got = got
        self.expected = expected


class ImageError(StylenetError):
    """A picture or mask that cannot be used."""


class UnreadableImageError(ImageError):
    """The bytes are not a picture, or the picture is truncated.

    Attributes:
        truncated: whether they start like a picture, but are cut off or damaged.
    """

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


class UnsupportedImageError(ImageError):
    """A picture whose format or pixel type is not supported.

    Attributes:
        format: the name of the format, such as ``"PSD"`` or ``"12-bit JPEG"``; None if it is
            unknown.
    """

    def __init__(self, message: str, *, format: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.format = format


class ImageSizeError(ImageError):
    """A picture too small, too large or too elongated.

    Attributes:
        width, height: the picture's size in pixels.
        limit: the limit that was exceeded: a side in pixels, an area in pixels, or a ratio.
        kind: ``"side_min"``, ``"side_max"``, ``"area_max"`` or ``"aspect_max"`` (longest side
            divided by shortest).
    """

    def __init__(self, *, width: int, height: int, limit: float, kind: str) -> None:
        rule = {
            "side_min": f"a side must have at least {limit:g}",
            "side_max": f"a side may have at most {limit:g}",
            "area_max": f"at most {limit:.0f} in all are allowed",
            "aspect_max": f"the longer side may be at most {limit:g} times the shorter",
        }[kind]
        super().__init__(f"the picture has {width}×{height} pixels; {rule}")
        self.width = width
        self.height = height
        self.limit = limit
        self.kind = kind


class TransparentImageError(ImageError):
    """A picture whose pixels are all transparent."""

    def __init__(self) -> None:
        super().__init__("the picture is fully transparent: nothing in it is visible")


class EmptyMaskError(ImageError):
    """A mask that leaves its style no pixels.

    Attributes:
        style: index of the style picture, from 0; None if it is unknown.
    """

    def __init__(self, style: int | None = None) -> None:
        whose = "its style" if style is None else f"style picture {style + 1}"
        super().__init__(f"the mask leaves {whose} no place: paint white where it should go")
        self.style = style


class WeightsError(StylenetError):
    """A weights file that is wrong, truncated or malicious."""


class CheckpointError(StylenetError):
    """A checkpoint that is damaged, or belongs to another painting or version."""


class DivergedError(StylenetError):
    """The loss became NaN or infinite; snapshots yielded before are still good.

    Attributes:
        step: the optimiser step at which it happened.
    """

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss stopped being a number at step {step}")
        self.step = step


class DeviceMemoryError(StylenetError):
    """The device cannot hold a picture of this size.

    Attributes:
        needed, available: bytes; `available` is None if the device does not report it.
    """

    def __init__(self, message: str, *, needed: int, available: int | None) -> None:
        super().__init__(message)
        self.needed = needed
        self.available = available
