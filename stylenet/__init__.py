"""Neural style transfer by optimization: pictures in, pictures out.

`paint` is a generator of events (progress, snapshots, checkpoints and, at the end, the
painting); `stylize` is the same without the events. Both need torch, which is imported when one
of them is first touched: `stylenet.recipe`, `stylenet.images`, `stylenet.errors` and
`stylenet.events` are free of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stylenet.errors import (
    CheckpointError,
    DeviceMemoryError,
    DivergedError,
    EmptyMaskError,
    ImageError,
    ImageSizeError,
    RecipeError,
    StylenetError,
    UnreadableImageError,
    UnsupportedImageError,
    WeightsError,
)
from stylenet.events import Checkpoint, Losses, Painting, PaintingEvent, Progress, Snapshot
from stylenet.recipe import RECIPES, Recipe

if TYPE_CHECKING:
    from stylenet.api import paint, stylize

__all__ = [
    "RECIPES",
    "Checkpoint",
    "CheckpointError",
    "DeviceMemoryError",
    "DivergedError",
    "EmptyMaskError",
    "ImageError",
    "ImageSizeError",
    "Losses",
    "Painting",
    "PaintingEvent",
    "Progress",
    "Recipe",
    "RecipeError",
    "Snapshot",
    "StylenetError",
    "UnreadableImageError",
    "UnsupportedImageError",
    "WeightsError",
    "paint",
    "stylize",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module's attribute may be
    if name in {"paint", "stylize"}:
        import importlib  # noqa: PLC0415 - with torch behind it, only when first touched

        return getattr(importlib.import_module("stylenet.api"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
