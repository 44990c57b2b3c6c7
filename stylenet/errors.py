"""Everything stylenet raises on purpose.

::

    StylenetError
    ├── RecipeError          a recipe's field is out of range, unknown or of the wrong type
    ├── ImageError           bytes that are not a picture we paint
    │   ├── UnreadableImageError    not a picture, or truncated
    │   ├── UnsupportedImageError   a picture of a kind we do not paint
    │   ├── ImageSizeError          too small, too large or too elongated
    │   └── EmptyMaskError          a mask without any white
    ├── WeightsError         a weights file that is wrong, truncated or hostile
    ├── CheckpointError      a checkpoint that belongs to another job or version
    ├── DivergedError        the loss is not a number any more; the last good picture stands
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
    "UnreadableImageError",
    "UnsupportedImageError",
    "WeightsError",
]


class StylenetError(Exception):
    """Base of everything stylenet raises on purpose."""


class RecipeError(StylenetError, ValueError):
    """A recipe's field is out of range, unknown or of the wrong type.

    Attributes:
        field: name of the offending field.
        got: the value as given.
    """

    def __init__(self, field: str, got: object, expected: str) -> None:
        super().__init__(f"recipe field {field!r}: expected {expected}, got {got!r}")
        self.field = field
        self.got = got
        self.expected = expected


class ImageError(StylenetError):
    """Bytes that are not a picture we paint."""


class UnreadableImageError(ImageError):
    """The bytes are not a picture, or the picture is truncated.

    Attributes:
        truncated: whether they begin as a picture does, and end or break off too early.
    """

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


class UnsupportedImageError(ImageError):
    """A picture of a kind we do not paint.

    Attributes:
        format: Pillow's name of the format, or None where it is not known.
    """

    def __init__(self, message: str, *, format: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.format = format


class ImageSizeError(ImageError):
    """A picture too small, too large or too elongated.

    Attributes:
        width, height: the picture's size in pixels.
        limit: the bound that was crossed, in pixels (a side or an area; `kind` says which).
        kind: ``"side_min"``, ``"side_max"``, ``"area_max"`` or ``"aspect_max"``; the last one's
            limit is a ratio, longest side divided by shortest.
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


class EmptyMaskError(ImageError):
    """A mask that leaves its style no place in the picture.

    Attributes:
        style: the style picture's number, from 0; None where it is not known whose mask it is.
    """

    def __init__(self, style: int | None = None) -> None:
        whose = "its style" if style is None else f"style picture {style + 1}"
        super().__init__(f"the mask leaves {whose} no place: paint white where it should go")
        self.style = style


class WeightsError(StylenetError):
    """A weights file that is wrong, truncated or hostile."""


class CheckpointError(StylenetError):
    """A checkpoint that belongs to another job, another recipe or another version."""


class DivergedError(StylenetError):
    """The loss is not a number any more; nothing was written over the last good picture.

    Attributes:
        step: the optimiser step at which it happened.
    """

    def __init__(self, step: int) -> None:
        super().__init__(f"the loss stopped being a number at step {step}")
        self.step = step


class DeviceMemoryError(StylenetError):
    """The device cannot hold a picture of this size.

    Attributes:
        needed, available: bytes; `available` is None where the device does not tell.
    """

    def __init__(self, message: str, *, needed: int, available: int | None) -> None:
        super().__init__(message)
        self.needed = needed
        self.available = available
