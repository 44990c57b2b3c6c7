"""The façade: two pictures and a recipe in; events, and at last a painting, out."""

from __future__ import annotations

import functools
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

# A worker paints one picture after another with the same weights: they are kept.
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
    """Paint the content picture in the manner of the style picture, and wait for it.

    Args:
        content: an RGB picture.
        style: an RGB picture, or several that are blended.
        recipe: a recipe or the name of a built-in one.
        masks: where each style goes; see `paint`.
        start: an RGB picture to begin from; see `paint`.
        weights: a ``.mat`` file instead of the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: in which numbers convolutions are reckoned.
        memory_limit: bytes that may be used; see `paint`.

    Raises:
        RecipeError: there is no such recipe, or it does not fit the pictures.
        EmptyMaskError: a mask leaves its style no place.
        WeightsError: the weights cannot be used.
        DeviceMemoryError: the picture is too large for the device.
        DivergedError: the loss stopped being a number.
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
) -> Iterator[PaintingEvent]:
    """Paint step by step, telling what happens.

    Args:
        content: an RGB picture.
        styles: one RGB picture or more; several are blended.
        recipe: every choice that shapes the picture.
        masks: one for each style picture, or None for a style that goes where the others leave
            room: grey pictures of any size, white where the style goes. What none of them
            covers stays the content picture. Empty for no masks.
        start: an RGB picture to begin from, such as an earlier painting, of any size and at best
            of the content picture's proportions; None begins as the recipe says.
        weights: a ``.mat`` file instead of the bundled weights.
        device: ``"auto"``, ``"cpu"``, ``"cuda:0"``, …
        precision: in which numbers convolutions are reckoned.
        memory_limit: bytes that may be used of the device's memory; None for all there are. A
            picture that needs more is looked at in tiles: the same painting but for rounding,
            and for fewer of the pairs that L-BFGS remembers where it is very large. It takes
            about twice as long, and counts as many passes.
        resume: a `Checkpoint.state` of the same recipe, pictures and weights, to go on from.
        should_stop: asked before every step; once true, painting ends with a Checkpoint.
        checkpoint_seconds: least time of painting between two Checkpoints.

    Yields:
        First a Snapshot of the start at step 0, before the network is even loaded (not when
        resuming); a Progress per step; Snapshots when the picture has visibly changed;
        Checkpoints; at last a Painting.

    Raises:
        RecipeError: the recipe or the masks do not fit the pictures.
        EmptyMaskError: a mask leaves its style no place.
        CheckpointError: `resume` is damaged or belongs to another painting.
        WeightsError: the weights cannot be used.
        DeviceMemoryError: the picture is too large for the device.
        DivergedError: the loss stopped being a number; the snapshots yielded before stand.
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
        )
