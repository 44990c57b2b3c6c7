"""Neural style transfer by optimization.

`paint` is a generator of events: progress, snapshots, checkpoints and, at the end, the painting.
`stylize` returns the painting alone. Both need torch, which is imported on first access to one of
them; all other modules of this package but `stylenet.api` can be imported without it.
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


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute
    if name in {"paint", "stylize"}:
        import importlib  # noqa: PLC0415 - it imports torch

        return getattr(importlib.import_module("stylenet.api"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
