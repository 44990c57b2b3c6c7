"""Adam, one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylenet.optim.optimizer_state import OptimizerState

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from stylenet.optim.optimizer_state import P

__all__ = ["Adam"]

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Adam:
    """Adam (arXiv 1412.6980, algorithm 1) with β 0.9 and 0.999, ε 1e-8.

    Args:
        learning_rate: about the largest change of a parameter in one step.

    Attributes:
        state: kept between steps; assign it to resume.
    """

    def __init__(self, *, learning_rate: float) -> None:
        self._learning_rate = learning_rate
        self.state = OptimizerState()

    def step(self, point: P, evaluate: Callable[[Tensor], P]) -> P:
        """Take one step, for one evaluation, and return the new point.

        The loss may be higher than before, or not finite.
        """
        gradient = point.gradient
        steps = self.state.steps + 1
        mean, square = self.state.moments or (gradient * 0, gradient * 0)
        mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
        square = _BETA_2 * square + (1 - _BETA_2) * gradient.square()
        self.state = OptimizerState(steps=steps, moments=(mean, square))
        unbiased = mean / (1 - _BETA_1**steps)
        spread = (square / (1 - _BETA_2**steps)).sqrt() + _EPSILON
        return evaluate(point.parameters - self._learning_rate * unbiased / spread)
