"""The optimization of a picture at one scale: its stages, its optimizer and its budget."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylenet.engine.checkpoints import BudgetUsed, PaintingState, pack
from stylenet.errors import CheckpointError, DivergedError
from stylenet.optim.adam import Adam
from stylenet.optim.lbfgs import LBFGS
from stylenet.optim.optimizer_state import Point
from stylenet.recipe import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from stylenet.arrays import Pixels
    from stylenet.budget import Schedule, Stage
    from stylenet.engine.objective import Objective
    from stylenet.events import Losses
    from stylenet.optim.masking import Parametrization
    from stylenet.recipe import Recipe


__all__ = ["ScalePosition", "ScaleProblem", "ScaleRun"]

_NONE_USED = BudgetUsed()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalePosition:
    """The place of a scale among the scales of a painting.

    Attributes:
        index: of the scale, from 0, the coarsest first.
        count: number of scales.
        share: the scale's number of pixels, relative to the full size.
        before: what the scales before it used in all.
    """

    index: int = 0
    count: int = 1
    share: float = 1.0
    before: BudgetUsed = _NONE_USED

    @property
    def is_last(self) -> bool:
        """Whether this is the full size."""
        return self.index + 1 == self.count


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ScaleProblem:
    """What is optimized at one scale.

    Attributes:
        recipe: of the scale; its history fits the memory.
        schedule: the stages and their budget.
        start: the initial picture, (1, 3, height, width) in 0..255.
        parametrization: of the picture.
        make_objective: builds a stage's objective. It is called on entering the stage, so that a
            painting that ends earlier, or resumes later, does not pay for it.
        render: turns a picture (1, 3, height, width) into pixels of the full size.
        fingerprint: of recipe, pictures and weights, for checkpoints.
        device: name of the device, for people.
    """

    recipe: Recipe
    schedule: Schedule
    start: Tensor
    parametrization: Parametrization
    make_objective: Callable[[Stage], Objective]
    render: Callable[[Tensor], Pixels]
    fingerprint: str
    device: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _PicturePoint(Point):
    """A point of the search with its picture and the terms of its loss."""

    picture: Tensor
    losses: Losses


class _BudgetExhausted(Exception):  # noqa: N818 - a planned end, not an error
    """The budget does not pay for another evaluation."""


class ScaleRun:
    """The state of the optimization at one scale, and what it has cost.

    Args:
        problem: what is optimized.
        position: which scale this is.
        state: a checkpoint's state to resume from; None to begin.

    Attributes:
        step: steps done at this scale. A step for which L-BFGS needs several trials counts as
            that many, so that the steps that a budget pays for stay the same to the end.
        passes: passes of its size spent on this scale, before a resumption included.
        seconds: wall-clock seconds spent on this scale, likewise.

    Raises:
        CheckpointError: the state is at a stage that the schedule does not have.
    """

    def __init__(
        self, problem: ScaleProblem, position: ScalePosition, state: PaintingState | None
    ) -> None:
        recipe = problem.recipe
        self._problem = problem
        self._position = position
        self._schedule = problem.schedule
        self._optimizer: Adam | LBFGS
        if recipe.optimizer is Optimizer.ADAM:
            self._optimizer = Adam(learning_rate=recipe.learning_rate)
        else:
            self._optimizer = LBFGS(
                history=recipe.history,
                hessian_scale=recipe.hessian_scale,
                first_step=recipe.first_step,
            )
        self._point: _PicturePoint | None = None
        self._stage = 0
        self._objective: Objective | None = None
        self.step = 0
        self.passes = self._schedule.stages[0].setup
        self.seconds = 0.0
        if state is not None:
            self._restore(state)

    def _restore(self, state: PaintingState) -> None:
        if state.stage >= len(self._schedule.stages):
            raise CheckpointError("its stage does not exist in this recipe")
        self.step, self.passes, self.seconds = state.step, state.passes, state.seconds
        self._stage = state.stage
        self._optimizer.state = state.optimizer
        self._point = _PicturePoint(
            parameters=state.parameters,
            loss=state.loss,
            gradient=state.gradient,
            picture=self._problem.parametrization.to_picture(state.parameters),
            losses=state.losses,
        )

    @property
    def point(self) -> _PicturePoint:
        """The current point. The start is evaluated on first use.

        Raises:
            DivergedError: the loss of the start is not finite.
        """
        if self._point is None:
            with self._clock():
                start = self._evaluate(
                    self._problem.parametrization.to_parameters(self._problem.start)
                )
            if not start.is_finite:
                raise DivergedError(self.step)
            self._point = start
        return self._point

    @property
    def picture(self) -> Tensor:
        """The current picture, (1, 3, height, width)."""
        return self._problem.start if self._point is None else self._point.picture

    @property
    def used(self) -> BudgetUsed:
        """What the painting has used so far, over all scales."""
        before, share = self._position.before, self._position.share
        return BudgetUsed(
            steps=before.steps + self.step,
            passes=before.passes + share * self.passes,
            seconds=before.seconds + self.seconds,
        )

    @property
    def total_steps(self) -> int:
        """Number of steps that the budget of the painting pays for; scales get equal numbers.

        L-BFGS may end with fewer, if a step's trials last beyond the end of the draft.
        """
        return self._position.count * self._schedule.steps()

    @property
    def used_at_end(self) -> BudgetUsed:
        """What the painting has used at the end of this scale; steps left over count as done."""
        steps = (self._position.index + 1) * self._schedule.steps()
        return dataclasses.replace(self.used, steps=steps)

    def steps_left(self) -> int:
        """Return how many more steps the budget pays for, if each costs one evaluation."""
        return self._schedule.steps_left(self._stage, self.passes)

    def advance(self) -> bool:
        """Take a step; return False where the budget is spent or no step descends.

        Raises:
            DivergedError: the loss is not finite.
        """
        point = self.point
        while self.steps_left() > 0:
            if self.passes >= self._schedule.end_of(self._stage):
                point = self._enter_next_stage()
                continue
            try:
                with self._clock():
                    moved = self._optimizer.step(point, self._try)
            except _BudgetExhausted:  # during a line search: the point stays
                return False
            if moved is not None:
                if not moved.is_finite:
                    raise DivergedError(self.step)
                self._point = moved
                return True
            if not self._schedule.affords_stage(self._stage + 1, self.passes):
                return False
            point = self._enter_next_stage()
        return False

    def _enter_next_stage(self) -> _PicturePoint:
        """Evaluate the current picture with the next objective; keep the optimizer's state."""
        parameters = self.point.parameters
        self._stage += 1
        self._objective = None
        self.passes += self._schedule.stages[self._stage].setup
        with self._clock():
            point = self._evaluate(parameters)
        if not point.is_finite:
            raise DivergedError(self.step)
        self._point = point
        return point

    def _try(self, parameters: Tensor) -> _PicturePoint:
        point = self._evaluate(parameters)
        self.step += 1
        return point

    def _evaluate(self, parameters: Tensor) -> _PicturePoint:
        stage = self._schedule.stages[self._stage]
        if self._point is not None and not self._schedule.affords(self.passes + stage.cost):
            raise _BudgetExhausted
        if self._objective is None:
            self._objective = self._problem.make_objective(stage)
        picture = self._problem.parametrization.to_picture(parameters)
        evaluation = self._objective.evaluate(picture)
        self.passes += stage.cost
        return _PicturePoint(
            parameters=parameters,
            loss=evaluation.loss,
            gradient=self._problem.parametrization.pull_back(evaluation.gradient),
            picture=picture,
            losses=evaluation.losses,
        )

    def final_losses(self) -> Losses:
        """Return every term of the recipe's loss at the picture, rounded as it is written.

        Its cost is counted but not limited: the budget is for steps.
        """
        with self._clock():
            objective = self._problem.make_objective(self._schedule.stages[-1])
            losses = objective.measure(self.picture.clamp(0, 255).round())
        self.passes += self._schedule.report_cost
        return losses

    def checkpoint(self) -> bytes:
        """Return the state that a later run resumes from."""
        point = self.point
        state = PaintingState(
            scale=self._position.index,
            before=self._position.before,
            step=self.step,
            stage=self._stage,
            passes=self.passes,
            seconds=self.seconds,
            parameters=point.parameters,
            loss=point.loss,
            gradient=point.gradient,
            losses=point.losses,
            optimizer=self._optimizer.state,
        )
        return pack(state, painting=self._problem.fingerprint)

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        """Add the time of the block to `seconds`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started
