"""A scale of a painting under way: where it stands, its stages and its budget."""

from __future__ import annotations

import contextlib
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stylenet.engine.checkpoints import Spent, State, pack
from stylenet.errors import CheckpointError, DivergedError
from stylenet.optim.adam import Adam
from stylenet.optim.lbfgs import LBFGS
from stylenet.optim.search import Point
from stylenet.recipe import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from stylenet.engine.objective import Objective
    from stylenet.events import Losses
    from stylenet.optim.masking import Variables
    from stylenet.recipe import Recipe

    Pixels = npt.NDArray[np.uint8]

__all__ = ["Canvas", "Course", "Run", "Stage"]

_ROUNDING = 1e-6
_NOTHING = Spent()


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Canvas:
    """What is painted on, and how it is shown.

    Attributes:
        start: the picture painting starts from, (1, 3, height, width) in 0..255.
        variables: how parameters become a picture.
        show: turns a picture into the pixels that are written.
        painting: fingerprint of recipe, pictures and weights, for checkpoints.
        device: what paints, for people.
    """

    start: Tensor
    variables: Variables
    show: Callable[[Tensor], Pixels]
    painting: str
    device: str


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stage:
    """A stretch of a painting that minimises one objective.

    Attributes:
        objective: makes what is minimised, when the stage is reached: a painting that never
            comes so far, or is resumed beyond it, does not pay for it.
        cost: of one evaluation, in full-size passes.
        until: passes spent at which the next stage begins, where the budget pays for a step of
            it; None for the last.
        setup: what measuring its targets costs, where the cookbook's recipe has no such cost.
    """

    objective: Callable[[], Objective]
    cost: float
    until: float | None = None
    setup: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """Where in a painting of several scales the optimization of one of them stands.

    Attributes:
        scale: which of them it is, from 0.
        scales: how many there are.
        share: the scale's pixels, as a part of the full picture's.
        before: what the scales before it took, in all.
    """

    scale: int = 0
    scales: int = 1
    share: float = 1.0
    before: Spent = _NOTHING


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Point(Point):
    """A point of the search with its picture and the terms of its loss."""

    picture: Tensor
    losses: Losses


class _BudgetSpent(Exception):  # noqa: N818 - no error: the end that was planned
    """There is no budget for another evaluation."""


class Run:
    """A scale of a painting under way: where it stands, and what it has cost.

    Attributes:
        step: steps done at this scale.
        seconds: spent on it.
    """

    def __init__(
        self,
        canvas: Canvas,
        stages: Sequence[Stage],
        recipe: Recipe,
        course: Course,
        state: State | None,
    ) -> None:
        self._canvas = canvas
        self._course = course
        self._stages = stages
        self._limit = recipe.passes + _ROUNDING
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
        self._stage = 0
        self._objective: Objective | None = None
        self._done_with = 0.0  # passes on objectives that are done with
        self.step = 0
        self.seconds = 0.0
        if state is None:
            self._done_with = stages[0].setup
        else:
            self._restore(state)

    def _restore(self, state: State) -> None:
        if state.stage >= len(self._stages):
            raise CheckpointError("it is at a stage that this recipe does not have")
        self.step, self.seconds = state.step, state.seconds
        self._stage, self._done_with = state.stage, state.passes
        self._method.memory = state.memory
        self._point = _Point(
            parameters=state.parameters,
            loss=state.loss,
            gradient=state.gradient,
            picture=self._canvas.variables.picture(state.parameters),
            losses=state.losses,
        )

    @property
    def objective(self) -> Objective:
        """What is minimised at present."""
        if self._objective is None:
            self._objective = self._stages[self._stage].objective()
        return self._objective

    @property
    def point(self) -> _Point:
        """Where the painting stands; evaluates the start where that was not done yet.

        Raises:
            DivergedError: the loss of the start is not a number.
        """
        if self._point is None:
            with self._clock():
                start = self._evaluate(self._canvas.variables.parameters(self._canvas.start))
            if not start.is_finite:
                raise DivergedError(self.step)
            self._point = start
        return self._point

    @property
    def picture(self) -> Tensor:
        """The picture as it stands, (1, 3, height, width)."""
        if self._point is None:
            return self._canvas.start
        return self._point.picture

    @property
    def passes(self) -> float:
        """Passes of its size spent on this scale; what is resumed is not charged again."""
        return self._done_with + (0.0 if self._objective is None else self._objective.passes)

    @property
    def spent(self) -> Spent:
        """What the painting has taken so far, at all scales."""
        before, share = self._course.before, self._course.share
        return Spent(
            steps=before.steps + self.step,
            passes=before.passes + share * self.passes,
            seconds=before.seconds + self.seconds,
        )

    def steps_beyond(self) -> int:
        """How many steps the scales after this one will take: each has the same budget."""
        return (self._course.scales - 1 - self._course.scale) * (self.step + self.steps_left())

    def steps_left(self) -> int:
        """How many more steps the budget allows, if each costs one evaluation."""
        spent, steps = self.passes, 0
        for number in range(self._stage, len(self._stages)):
            stage = self._stages[number]
            if number > self._stage:
                # Arriving at an objective is an evaluation, and no step.
                spent += stage.setup + stage.cost
            until = self._until(number)
            while spent < until and spent + stage.cost <= self._limit:
                spent += stage.cost
                steps += 1
        return steps

    def advance(self) -> bool:
        """Take a step; false where the budget is spent or nothing descends any more.

        Raises:
            DivergedError: the loss is not a number.
        """
        point = self.point
        while self.steps_left() > 0:
            if self._stage_is_over():
                point = self._enter_next_stage()
                continue
            try:
                with self._clock():
                    moved = self._method.step(point, self._evaluate)
            except _BudgetSpent:  # in the middle of a search for a step: the point stands
                return False
            if moved is not None:
                if not moved.is_finite:
                    raise DivergedError(self.step + 1)
                self._point = moved
                self.step += 1
                return True
            if self._stage + 1 == len(self._stages):
                return False
            point = self._enter_next_stage()
        return False

    def _until(self, number: int) -> float:
        """Passes spent at which a stage is over: never, where none of the next could be a step."""
        stage = self._stages[number]
        if stage.until is None or number + 1 == len(self._stages):
            return math.inf
        following = self._stages[number + 1]
        arrived = stage.until + stage.cost + following.setup + following.cost
        return stage.until if arrived + following.cost <= self._limit else math.inf

    def _stage_is_over(self) -> bool:
        return self.passes >= self._until(self._stage)

    def _enter_next_stage(self) -> _Point:
        """Look at the same picture with the next objective, keeping the method's memory."""
        parameters = self.point.parameters
        self._done_with = self.passes + self._stages[self._stage + 1].setup
        self._objective = None
        self._stage += 1
        with self._clock():
            point = self._evaluate(parameters)
        if not point.is_finite:
            raise DivergedError(self.step)
        self._point = point
        return point

    def _evaluate(self, parameters: Tensor) -> _Point:
        if self._point is not None and self.passes + self.objective.cost > self._limit:
            raise _BudgetSpent
        picture = self._canvas.variables.picture(parameters)
        evaluation = self.objective.evaluate(picture)
        return _Point(
            parameters=parameters,
            loss=evaluation.loss,
            gradient=self._canvas.variables.gradient(evaluation.gradient),
            picture=picture,
            losses=evaluation.losses,
        )

    def final_losses(self) -> Losses:
        """Every term of the recipe's loss at the picture as it will be written.

        A report, and charged as half a pass; the budget is for what makes the picture.
        """
        with self._clock():
            exact = self._stages[-1].objective()
            losses = exact.measure(self.picture.clamp(0, 255).round())
        self._done_with += exact.passes
        return losses

    def checkpoint(self) -> bytes:
        """Everything needed to go on from here."""
        point = self.point
        state = State(
            scale=self._course.scale,
            before=self._course.before,
            step=self.step,
            stage=self._stage,
            passes=self.passes,
            seconds=self.seconds,
            parameters=point.parameters,
            loss=point.loss,
            gradient=point.gradient,
            losses=point.losses,
            memory=self._method.memory,
        )
        return pack(state, painting=self._canvas.painting)

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
