"""The loop: step after step until the budget is spent, telling what happens as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation

from stylenet.engine.run import Run
from stylenet.events import Checkpoint, Painting, Progress, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from torch import Tensor

    from stylenet.engine.checkpoints import Spent, State
    from stylenet.engine.run import Canvas, Course, Stage
    from stylenet.events import PaintingEvent
    from stylenet.recipe import Recipe

__all__ = ["Reached", "optimize"]

_VISIBLE = 7.0
"""Mean change, in levels of 0..255 over cells of 4 × 4 pixels, that a glance notices."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reached:
    """What a scale ends with: the picture, (1, 3, height, width), and what all have taken."""

    picture: Tensor
    spent: Spent


def optimize(
    canvas: Canvas,
    stages: Sequence[Stage],
    recipe: Recipe,
    *,
    course: Course,
    state: State | None,
    should_stop: Callable[[], bool],
    checkpoint_seconds: float,
) -> Generator[PaintingEvent, None, Reached | None]:
    """Paint at one scale, from the start or from `state`.

    Args:
        canvas: what is painted on.
        stages: what is minimised, one after another; the method's memory is carried over.
        recipe: the method, the budget and when to take snapshots.
        course: which scale this is, and what those before it took.
        state: of a checkpoint at this scale, to go on from; None to begin.
        should_stop: asked before every step; once true, painting ends with a Checkpoint.
        checkpoint_seconds: least time of painting between two Checkpoints.

    Yields:
        Progress after each step, Snapshots, Checkpoints, and at the end of the last scale a
        Painting.

    Returns:
        The picture that was reached, and what it took; None where painting was stopped.

    Raises:
        DivergedError: the loss is not a number; snapshots yielded before stand.
    """
    run = Run(canvas, stages, recipe, course, state)
    shown = run.picture
    last_checkpoint = run.seconds
    while True:
        if should_stop():
            yield Checkpoint(step=run.spent.steps, state=run.checkpoint())
            return None
        if not run.advance():
            break
        spent = run.spent
        yield Progress(
            step=spent.steps,
            total=spent.steps + run.steps_left() + run.steps_beyond(),
            scale=course.scale,
            losses=run.point.losses,
            passes=spent.passes,
            seconds=spent.seconds,
        )
        if _snapshot_due(recipe, run, shown):
            shown = run.picture
            yield Snapshot(step=spent.steps, pixels=canvas.show(shown), losses=run.point.losses)
        is_last = course.scale + 1 == course.scales and run.steps_left() == 0
        if run.seconds - last_checkpoint >= checkpoint_seconds and not is_last:
            last_checkpoint = run.seconds
            yield Checkpoint(step=spent.steps, state=run.checkpoint())
    if course.scale + 1 < course.scales:
        return Reached(picture=run.picture, spent=run.spent)
    losses = run.final_losses()
    spent = run.spent
    yield Painting(
        pixels=canvas.show(run.picture),
        losses=losses,
        steps=spent.steps,
        passes=spent.passes,
        seconds=spent.seconds,
        device=canvas.device,
    )
    return Reached(picture=run.picture, spent=spent)


def _snapshot_due(recipe: Recipe, run: Run, shown: Tensor) -> bool:
    if recipe.snapshot_every is not None:
        return run.spent.steps % recipe.snapshot_every == 0
    change = F.avg_pool2d(run.picture.clamp(0, 255) - shown.clamp(0, 255), 4, ceil_mode=True)
    return float(change.abs().mean()) >= _VISIBLE
