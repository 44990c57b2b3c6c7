"""The library's two functions: paint step by step, or wait for the result."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from PIL import Image

from stylenet.engine import devices
from stylenet.engine.loop import run
from stylenet.engine.memory import out_of_memory_guard
from stylenet.engine.plan import ComputeConfig, plan_painting
from stylenet.errors import StylenetError
from stylenet.events import Painting, Snapshot
from stylenet.features.weights import load_weights
from stylenet.precision import Precision
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from stylenet.events import PaintingEvent

__all__ = ["paint", "stylize"]

# A worker paints one picture after another with the same weights.
_load_weights = functools.lru_cache(maxsize=1)(load_weights)


def stylize(
    content: Image.Image,
    style: Image.Image | Sequence[Image.Image],
    recipe: Recipe | str = "default",
    *,
    masks: Sequence[Image.Image | None] = (),
    start: Image.Image | None = None,
    weights: Path | None = None,
    device: str = "auto",
    precision: Precision | str = Precision.AUTO,
    memory_limit: int | None = None,
) -> Painting:
    """Repaint the content picture in the style of the style picture and return the result.

    Args:
        content: an RGB picture, or RGBA with `Recipe.keep_transparency`.
        style: an RGB picture, or several to blend.
        recipe: a recipe or the name of a built-in one.
        masks: where each style goes; see `paint`.
        start: an RGB picture to start from; see `paint`.
        weights: a ``.mat`` file instead of the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: number format of the convolutions.
        memory_limit: bytes that may be used; see `paint`.

    Raises:
        RecipeError: there is no such recipe, or it does not fit the pictures.
        EmptyMaskError: a mask leaves no area to its style.
        ImageSizeError: the painting would have no side of 16 pixels.
        WeightsError: the weights cannot be used.
        DeviceMemoryError: the picture is too large for the device.
        DivergedError: the loss is not finite.
        ValueError: there is no such device or precision.
    """
    styles = [style] if isinstance(style, Image.Image) else style
    chosen = Recipe.named(recipe) if isinstance(recipe, str) else recipe
    for event in paint(
        content,
        styles,
        chosen,
        masks=masks,
        start=start,
        weights=weights,
        device=device,
        precision=precision,
        memory_limit=memory_limit,
    ):
        if isinstance(event, Painting):
            return event
    msg = "painting ended without a picture"
    raise StylenetError(msg)


def paint(
    content: Image.Image,
    styles: Sequence[Image.Image],
    recipe: Recipe,
    *,
    masks: Sequence[Image.Image | None] = (),
    start: Image.Image | None = None,
    weights: Path | None = None,
    device: str = "auto",
    precision: Precision | str = Precision.AUTO,
    memory_limit: int | None = None,
    resume: bytes | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    checkpoint_seconds: float = 5.0,
    snapshot_seconds: float = math.inf,
) -> Iterator[PaintingEvent]:
    """Paint step by step and yield what happens.

    Args:
        content: an RGB picture, or RGBA with `Recipe.keep_transparency`.
        styles: one or more RGB pictures; several are blended.
        recipe: every choice that shapes the picture.
        masks: one per style picture: a grey picture of any size, white where the style goes, or
            None for a style that takes the area the masks leave. Without a None, that area stays
            the content picture. Empty for no masks.
        start: an RGB picture to start from, such as an earlier result. It is resized to the
            content picture's size; None starts as the recipe says.
        weights: a ``.mat`` file instead of the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: number format of the convolutions.
        memory_limit: bytes of the device's memory that may be used; None for all of it. A
            larger picture is painted in tiles. The result differs by rounding only, or, where
            the picture is very large, by a shorter L-BFGS history. Tiles take about twice the
            time; the number of passes is the same.
        resume: a `Checkpoint.state` of the same recipe, pictures and weights to resume from.
        should_stop: polled before every step; once true, painting ends with a Checkpoint.
        checkpoint_seconds: minimum seconds of painting between two Checkpoints.
        snapshot_seconds: seconds after which a step ends with a Snapshot, however little it has
            changed.

    Yields:
        A Snapshot of the start at step 0, before the network is loaded (not when resuming); a
        Progress per step; Snapshots when the picture has visibly changed or `snapshot_seconds` have
        passed; Checkpoints; at the
        end a Painting.

    Raises:
        RecipeError: the recipe or the masks do not fit the pictures.
        EmptyMaskError: a mask leaves no area to its style.
        ImageSizeError: the painting would have no side of 16 pixels.
        CheckpointError: `resume` is damaged or belongs to another painting.
        WeightsError: the weights cannot be used.
        DeviceMemoryError: the picture is too large for the device.
        DivergedError: the loss is not finite; snapshots yielded before stay valid.
        ValueError: there is no such device or precision.
    """
    where = devices.resolve(device)
    config = ComputeConfig(
        device=where,
        draft_dtype=devices.draft_dtype(where, Precision(precision)),
        memory_limit=memory_limit,
    )
    plan = plan_painting(content, styles, recipe, masks=masks, start=start, config=config)
    if resume is None:
        yield Snapshot(step=0, pixels=plan.start_pixels, losses=None)
    with out_of_memory_guard(where, *plan.size):
        yield from run(
            plan,
            _load_weights(weights),
            resume=resume,
            should_stop=should_stop,
            checkpoint_seconds=checkpoint_seconds,
            snapshot_seconds=snapshot_seconds,
        )
