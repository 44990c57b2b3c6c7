"""The loop: step after step until the budget is spent, telling what happens as events."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation

from stylenet.adam import Adam
from stylenet.checkpoints import State, pack
from stylenet.errors import DivergedError
from stylenet.events import Checkpoint, Losses, Painting, Progress, Snapshot
from stylenet.lbfgs import LBFGS
from stylenet.recipe import Optimizer
from stylenet.search import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from stylenet.events import PaintingEvent
    from stylenet.objective import Objective
    from stylenet.recipe import Recipe
    from stylenet.spectrum import Spectrum

    Pixels = npt.NDArray[np.uint8]

__all__ = ["Canvas", "optimize"]

_VISIBLE = 7.0
"""Mean change, in levels of 0..255 over cells of 4 × 4 pixels, that a glance notices."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Canvas:
    """What is painted on, and how it is shown.

    Attributes:
        start: the picture painting starts from, (1, 3, height, width) in 0..255.
        spectrum: how parameters become a picture.
        show: turns a picture into the pixels that are written.
        painting: fingerprint of recipe, pictures and weights, for checkpoints.
        device: what paints, for people.
    """

    start: Tensor
    spectrum: Spectrum
    show: Callable[[Tensor], Pixels]
    painting: str
    device: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Point(Point):
    """A point of the search that remembers the terms of its loss."""

    losses: Losses


def optimize(
    canvas: Canvas,
    objective: Objective,
    recipe: Recipe,
    *,
    state: State | None,
    should_stop: Callable[[], bool],
    checkpoint_seconds: float,
) -> Iterator[PaintingEvent]:
    """Paint, from the start or from `state`.

    Yields Progress after each step, Snapshot when one is due, Checkpoint when
    `checkpoint_seconds` of painting have gone by since the last, and a Painting at the end.
    When `should_stop` turns true: a last Checkpoint, and no Painting.

    Raises:
        DivergedError: the loss is not a number; snapshots yielded before stand.
    """
    run = _Run(canvas, objective, recipe, state)
    shown = run.picture
    last_checkpoint = run.seconds
    while True:
        if should_stop():
            yield Checkpoint(step=run.step, state=run.checkpoint())
            return
        if not run.advance():
            break
        yield Progress(
            step=run.step,
            total=run.step + run.steps_left(),
            scale=0,
            losses=run.point.losses,
            passes=run.passes,
            seconds=run.seconds,
        )
        if _snapshot_due(recipe, run, shown):
            shown = run.picture
            yield Snapshot(step=run.step, pixels=canvas.show(shown), losses=run.point.losses)
        if run.seconds - last_checkpoint >= checkpoint_seconds and run.steps_left() > 0:
            last_checkpoint = run.seconds
            yield Checkpoint(step=run.step, state=run.checkpoint())
    yield Painting(
        pixels=canvas.show(run.picture),
        losses=run.final_losses(),
        steps=run.step,
        passes=run.passes,
        seconds=run.seconds,
        device=canvas.device,
    )


def _snapshot_due(recipe: Recipe, run: _Run, shown: Tensor) -> bool:
    if recipe.snapshot_every is not None:
        return run.step % recipe.snapshot_every == 0
    change = F.avg_pool2d(run.picture.clamp(0, 255) - shown.clamp(0, 255), 4, ceil_mode=True)
    return float(change.abs().mean()) >= _VISIBLE


class _Run:
    """One painting under way: where it stands, and what it has cost."""

    def __init__(
        self, canvas: Canvas, objective: Objective, recipe: Recipe, state: State | None
    ) -> None:
        self._canvas = canvas
        self._objective = objective
        self._budget = recipe.passes
        self._method: Adam | LBFGS
        if recipe.optimizer is Optimizer.ADAM:
            self._method = Adam(learning_rate=recipe.learning_rate)
        else:
            self._method = LBFGS(
                history=recipe.history,
                hessian_scale=recipe.hessian_scale,
                first_step=recipe.first_step,
            )
        self._point: _Point | None = None
        self.step = 0
        self.seconds = 0.0
        self._earlier_passes = 0.0
        if state is not None:
            self._restore(state)

    def _restore(self, state: State) -> None:
        self.step, self.seconds = state.step, state.seconds
        self._earlier_passes = state.passes
        self._method.memory = state.memory
        self._point = _Point(
            parameters=state.parameters,
            loss=state.loss,
            gradient=state.gradient,
            losses=state.losses,
        )

    @property
    def point(self) -> _Point:
        """Where the painting stands; evaluates the start where that was not done yet.

        Raises:
            DivergedError: the loss of the start is not a number.
        """
        if self._point is None:
            began = time.perf_counter()
            start = self._evaluate(self._canvas.spectrum.parameters(self._canvas.start))
            self.seconds += time.perf_counter() - began
            if not start.is_finite:
                raise DivergedError(self.step)
            self._point = start
        return self._point

    @property
    def picture(self) -> Tensor:
        """The picture as it stands, (1, 3, height, width)."""
        if self._point is None:
            return self._canvas.start
        return self._canvas.spectrum.picture(self._point.parameters)

    @property
    def passes(self) -> float:
        """Passes spent so far, over every resumption."""
        return self._earlier_passes + self._objective.passes

    def steps_left(self) -> int:
        """How many more steps the budget allows, if each costs one evaluation."""
        return max(int((self._budget - self.passes) / self._objective.cost + 1e-6), 0)

    def advance(self) -> bool:
        """Take a step; false where the budget is spent or nothing descends any more.

        Raises:
            DivergedError: the loss is not a number.
        """
        point = self.point
        if self.steps_left() < 1:
            return False
        began = time.perf_counter()
        moved = self._method.step(point, self._evaluate)
        self.seconds += time.perf_counter() - began
        if moved is None:
            return False
        if not moved.is_finite:
            raise DivergedError(self.step + 1)
        self._point = moved
        self.step += 1
        return True

    def _evaluate(self, parameters: Tensor) -> _Point:
        evaluation = self._objective.evaluate(self._canvas.spectrum.picture(parameters))
        return _Point(
            parameters=parameters,
            loss=evaluation.loss,
            gradient=self._canvas.spectrum.gradient(evaluation.gradient),
            losses=evaluation.losses,
        )

    def final_losses(self) -> Losses:
        """Every term of the recipe's loss where the painting ended."""
        if self._objective.is_complete:
            return self.point.losses
        return self._objective.measure(self.picture)

    def checkpoint(self) -> bytes:
        """Everything needed to go on from here."""
        point = self.point
        state = State(
            step=self.step,
            passes=self.passes,
            seconds=self.seconds,
            parameters=point.parameters,
            loss=point.loss,
            gradient=point.gradient,
            losses=point.losses,
            memory=self._method.memory,
        )
        return pack(state, painting=self._canvas.painting)
