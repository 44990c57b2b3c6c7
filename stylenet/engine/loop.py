"""The painting loop: scale after scale, step after step, reported as events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylenet.engine.checkpoints import BudgetUsed, unpack
from stylenet.engine.scale import ScalePosition, ScaleRun
from stylenet.engine.snapshot_schedule import SnapshotSchedule
from stylenet.events import Checkpoint, Painting, Progress, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from torch import Tensor

    from stylenet.engine.checkpoints import PaintingState
    from stylenet.engine.plan import PaintingPlan
    from stylenet.engine.scale import ScaleProblem
    from stylenet.events import PaintingEvent
    from stylenet.features.weights import Weights

__all__ = ["run"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _ScaleResult:
    """The picture at the end of a scale, (1, 3, height, width), and what all scales used."""

    picture: Tensor
    used: BudgetUsed


def run(
    plan: PaintingPlan,
    weights: Weights,
    *,
    resume: bytes | None,
    should_stop: Callable[[], bool],
    checkpoint_seconds: float,
    snapshot_seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[PaintingEvent]:
    """Paint all scales of a plan; see `stylenet.api.paint`.

    `clock` returns the time in seconds, by which snapshots are spaced.

    Yields:
        Progress after each step, Snapshots, Checkpoints, and at the end a Painting.

    Raises:
        CheckpointError: `resume` is damaged or belongs to another painting.
        DeviceMemoryError: the picture does not fit into the device's memory.
        DivergedError: the loss is not finite; snapshots yielded before stay valid.
    """
    weights_fingerprint = weights.fingerprint()
    fingerprint = plan.fingerprint(weights_fingerprint)
    state = None
    if resume is not None:
        state = unpack(resume, painting=fingerprint, shapes=plan.shapes, device=plan.config.device)
    used = BudgetUsed() if state is None else state.before
    snapshots = SnapshotSchedule(
        every=plan.recipe.snapshot_every, seconds=snapshot_seconds, clock=clock
    )
    picture = None
    count = len(plan.scales)
    for index in range(0 if state is None else state.scale, count):
        position = ScalePosition(
            index=index, count=count, share=plan.scales[index].share, before=used
        )
        result = yield from _run_scale(
            plan.problem(index, weights, coarser=picture, fingerprint=fingerprint),
            position,
            state=state,
            should_stop=should_stop,
            checkpoint_seconds=checkpoint_seconds,
            snapshots=snapshots,
            weights=weights_fingerprint,
        )
        if result is None:
            return
        picture, used, state = result.picture, result.used, None


def _run_scale(
    problem: ScaleProblem,
    position: ScalePosition,
    *,
    state: PaintingState | None,
    should_stop: Callable[[], bool],
    checkpoint_seconds: float,
    snapshots: SnapshotSchedule,
    weights: str,
) -> Generator[PaintingEvent, None, _ScaleResult | None]:
    """Paint one scale, from its start or from `state`; return None where it was stopped."""
    scale = ScaleRun(problem, position, state)
    snapshots.begin_scale(scale.picture, step=scale.used.steps)
    last_checkpoint = scale.seconds
    while True:
        if should_stop():
            yield Checkpoint(step=scale.used.steps, state=scale.checkpoint())
            return None
        if not scale.advance():
            break
        used = scale.used
        yield Progress(
            step=used.steps,
            total=scale.total_steps,
            scale=position.index,
            losses=scale.point.losses,
            passes=used.passes,
            seconds=used.seconds,
        )
        if snapshots.is_due(used.steps, scale.picture):
            pixels = problem.render(scale.picture)
            yield Snapshot(step=used.steps, pixels=pixels, losses=scale.point.losses)
        is_final_step = position.is_last and scale.steps_left() == 0
        if scale.seconds - last_checkpoint >= checkpoint_seconds and not is_final_step:
            last_checkpoint = scale.seconds
            yield Checkpoint(step=used.steps, state=scale.checkpoint())
    if position.is_last:
        losses = scale.final_losses()
        used = scale.used
        yield Painting(
            pixels=problem.render(scale.picture),
            losses=losses,
            steps=used.steps,
            passes=used.passes,
            seconds=used.seconds,
            device=problem.device,
            weights=weights,
        )
    return _ScaleResult(picture=scale.picture, used=scale.used_at_end)
