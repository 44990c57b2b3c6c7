"""How a budget of passes is spent at one scale: stages, evaluations and steps. Free of torch.

The engine follows this schedule and the bot's time estimates read it. A pass is the arithmetic
of VGG-19 forward and backward, at the size of the scale; see `stylenet.architecture.exact_cost`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from stylenet.architecture import REDUCED_LAYERS, down_to, exact_cost, reduced_cost
from stylenet.recipe import WHITENED_LAYER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stylenet.recipe import Recipe

__all__ = ["NetworkKind", "Schedule", "Stage", "drafted_layers"]

_ROUNDING = 1e-6

_LEAST_STEPS = 3
"""Steps of the next stage that the budget must pay for. One or two exact steps after a draft leave
a higher loss than drafted steps for the same passes."""

_DAMPING: Sequence[tuple[float | None, float | None]] = ((0.1, 11), (0.5, 16), (None, None))
"""Damping τ of the whitening and the passes spent at which each stage ends.

A draft takes the first damping; the exact network then starts with the second."""


class NetworkKind(StrEnum):
    """The network that a stage evaluates."""

    EXACT = "exact"
    REDUCED = "reduced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A part of a schedule that minimises one objective.

    Attributes:
        network: the network whose features are compared.
        damping: τ of the whitening; None for none.
        cost: passes per evaluation.
        setup: passes charged on entering the stage, for measuring its targets.
        until: passes spent at which the next stage may begin; None for the last stage.
    """

    network: NetworkKind
    cost: float
    damping: float | None = None
    setup: float = 0.0
    until: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """The stages of one scale and the budget that they share.

    The first evaluation of every stage evaluates the picture that it starts from, and is not a
    step. Every step after it costs one evaluation, unless L-BFGS refuses a trial.

    Attributes:
        stages: in order; at least one.
        passes: the budget, in passes of the scale's size.
        report_cost: passes charged for measuring the final losses, beyond the budget.
    """

    stages: tuple[Stage, ...]
    passes: float
    report_cost: float = 0.0

    @classmethod
    def of(cls, recipe: Recipe, *, styles: int) -> Schedule:
        """Return the schedule of a recipe: a draft on the reduced network, then the exact one.

        Args:
            recipe: a scale's, as `stylenet.scales.scales_of` returns it.
            styles: number of style pictures.
        """
        drafted = drafted_layers(recipe)
        draft_end = recipe.draft * recipe.passes if drafted else 0.0
        dampings: Sequence[tuple[float | None, float | None]] = _DAMPING[-1:]
        if recipe.whitening:
            dampings = _DAMPING[1:] if drafted else _DAMPING
            dampings = [(tau, end) for tau, end in dampings if end is None or end > draft_end]
        minimised = down_to(recipe.layers, recipe.deepest)
        cost = exact_cost(minimised) if minimised else 1.0
        stages = [
            Stage(network=NetworkKind.EXACT, cost=cost, damping=damping, until=end)
            for damping, end in dampings
        ]
        if drafted:
            cost = reduced_cost(drafted)
            # The targets take a forward pass over the content and every style picture.
            pictures = 1 + styles * recipe.style_scale**2
            draft = Stage(
                network=NetworkKind.REDUCED,
                cost=cost,
                damping=_DAMPING[0][0] if recipe.whitening else None,
                setup=cost / 2 * pictures,
                until=draft_end,
            )
            stages.insert(0, draft)
        report_cost = exact_cost(recipe.layers) / 2 if recipe.layers else 0.0
        return cls(stages=tuple(stages), passes=recipe.passes, report_cost=report_cost)

    def affords(self, passes: float) -> bool:
        """Return whether so many passes in all are within the budget."""
        return passes <= self.passes + _ROUNDING

    def end_of(self, index: int) -> float:
        """Return the pass count at which a stage ends.

        It is inf for the last stage, and where the budget cannot pay for enough steps of the next.
        """
        stage = self.stages[index]
        if stage.until is None or index + 1 == len(self.stages):
            return math.inf
        # The stage ends with the evaluation that reaches `until`, and so up to one cost later.
        is_affordable = self.affords_stage(index + 1, stage.until + stage.cost)
        return stage.until if is_affordable else math.inf

    def affords_stage(self, index: int, spent: float) -> bool:
        """Return whether there is such a stage and the budget pays for enough steps of it."""
        if index >= len(self.stages):
            return False
        stage = self.stages[index]
        return self.affords(spent + stage.setup + (1 + _LEAST_STEPS) * stage.cost)

    def steps_left(self, index: int, spent: float) -> int:
        """Return how many steps the rest of the budget pays for, one evaluation each.

        Args:
            index: the current stage, whose starting picture has been evaluated.
            spent: passes spent so far.
        """
        return sum(self._steps(index, spent))

    def steps(self) -> int:
        """Return how many steps the whole budget pays for."""
        return self.steps_left(0, self._start_cost)

    def evaluations(self) -> tuple[int, ...]:
        """Return how many evaluations each stage gets, the one of its starting picture included."""
        steps = list(self._steps(0, self._start_cost))
        last = max((index for index, count in enumerate(steps) if count), default=0)
        return tuple(1 + count if index <= last else 0 for index, count in enumerate(steps))

    @property
    def _start_cost(self) -> float:
        return self.stages[0].setup + self.stages[0].cost

    def _steps(self, index: int, spent: float) -> Iterator[int]:
        """Yield the number of steps of every stage from `index` on."""
        for number in range(index, len(self.stages)):
            stage = self.stages[number]
            if number > index:
                spent += stage.setup + stage.cost
            end = self.end_of(number)
            steps = 0
            while spent < end and self.affords(spent + stage.cost):
                spent += stage.cost
                steps += 1
            yield steps


def drafted_layers(recipe: Recipe) -> frozenset[str]:
    """Return the layers that a recipe's draft compares; empty where it has no draft.

    A draft without the whitened layer would leave out most of the loss.
    """
    layers = recipe.layers & frozenset(REDUCED_LAYERS)
    return layers if recipe.draft > 0 and WHITENED_LAYER in layers else frozenset()
