"""L-BFGS with Armijo backtracking, one step at a time, its memory compact and portable."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from stylenet.optim.pairs import Pairs

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from stylenet.optim.pairs import Numbers
    from stylenet.optim.search import Memory, P

__all__ = ["LBFGS"]

_ARMIJO = 1e-4
_MAX_TRIALS = 10


class LBFGS:
    """Limited-memory BFGS (Nocedal & Wright, algorithms 7.4 and 3.1).

    It differs from ``torch.optim.LBFGS`` where that wastes passes through the network: a step
    costs one evaluation unless its trial is refused; no tolerance ends the search early; what is
    remembered can be carried to another objective, and stored.

    Args:
        history: how many pairs are remembered.
        hessian_scale: factor on the usual initial inverse Hessian sᵀy / yᵀy. On these losses the
            newest pair looks along steep directions and underestimates the rest.
        first_step: root mean square of the first step, in units of the parameters.
    """

    def __init__(self, *, history: int, hessian_scale: float, first_step: float) -> None:
        self._hessian_scale = hessian_scale
        self._first_step = first_step
        self._pairs = Pairs(history)

    @property
    def memory(self) -> Memory:
        """What is remembered; more pairs than the history are cut to the newest."""
        return self._pairs.memory

    @memory.setter
    def memory(self, memory: Memory) -> None:
        self._pairs.memory = memory

    def step(self, point: P, evaluate: Callable[[Tensor], P]) -> P | None:
        """Take one step.

        Args:
            point: where the search stands.
            evaluate: called once per trial.

        Returns:
            The accepted point, or None where no trial along the gradient itself descends: then
            the point stands, at the limit of the precision or in a loss that is not a number.
        """
        while True:
            direction, slope = self._direction(point.gradient)
            if slope < 0:
                accepted = self._search(point, direction, slope, evaluate)
                if accepted is not None:
                    self._pairs.add(
                        (accepted.parameters - point.parameters).flatten(),
                        (accepted.gradient - point.gradient).flatten(),
                    )
                    return accepted
            if not self._pairs:
                return None
            self._pairs.clear()  # what is remembered misleads: begin again at the gradient

    def _direction(self, gradient: Tensor) -> tuple[Tensor, float]:
        """Where to go, and how fast the loss falls on the way: direction · gradient."""
        flat = gradient.flatten()
        square = float(torch.dot(flat, flat))
        if not self._pairs:
            length = math.sqrt(square)
            scale = self._first_step * math.sqrt(flat.numel()) / length if length > 0 else 0.0
            return gradient * -scale, -scale * square
        dots = self._pairs.dots(flat)
        coefficients, on_gradient = _two_loops(self._pairs.products, dots, self._hessian_scale)
        direction = self._pairs.combine(coefficients, flat, on_gradient)
        return direction.view_as(gradient), float(coefficients @ dots) + on_gradient * square

    def _search(
        self, point: P, direction: Tensor, slope: float, evaluate: Callable[[Tensor], P]
    ) -> P | None:
        length = 1.0
        for _ in range(_MAX_TRIALS):
            trial = evaluate(point.parameters + length * direction)
            if trial.is_finite and trial.loss <= point.loss + _ARMIJO * length * slope:
                return trial
            # The minimiser of the parabola through both losses and the slope, kept within reach.
            shorter = 0.1
            if math.isfinite(trial.loss):
                bend = trial.loss - point.loss - length * slope
                shorter = min(max(-0.5 * length * slope / bend, 0.1), 0.5) if bend > 0 else 0.5
            length *= shorter
        return None


def _two_loops(products: Numbers, dots: Numbers, hessian_scale: float) -> tuple[Numbers, float]:
    """Nocedal & Wright's algorithm 7.4 on coefficients: q = Bᵀ c + γ g, from q = −g on.

    Args:
        products: B Bᵀ, where the rows of B are s₀, y₀, s₁, y₁, …, oldest first.
        dots: B g.
        hessian_scale: see `LBFGS`.

    Returns:
        c and γ of the direction.
    """
    c, gamma = np.zeros(len(dots)), -1.0
    alphas = []
    pairs = range(0, len(dots), 2)
    for s in reversed(pairs):
        y = s + 1
        alpha = (products[s] @ c + gamma * dots[s]) / products[s, y]
        c[y] -= alpha
        alphas.append(alpha)
    scale = hessian_scale * products[-2, -1] / products[-1, -1]
    c, gamma = scale * c, scale * gamma
    for s, alpha in zip(pairs, reversed(alphas), strict=True):
        y = s + 1
        c[s] += alpha - (products[y] @ c + gamma * dots[y]) / products[s, y]
    return c, gamma
