"""L-BFGS with Armijo backtracking, one step at a time, its memory compact and portable."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch

from stylenet.search import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from stylenet.search import P

__all__ = ["LBFGS"]

_ARMIJO = 1e-4
_MAX_TRIALS = 10
_SMALLEST_CURVATURE = 1e-10


class _Pair(NamedTuple):
    """A change of the parameters, that of the gradient, both flat, and their product sᵀy."""

    s: Tensor
    y: Tensor
    product: Tensor

    @classmethod
    def of(cls, s: Tensor, y: Tensor) -> _Pair:
        return cls(s, y, torch.dot(s, y))


class LBFGS:
    """Limited-memory BFGS (Nocedal & Wright, algorithms 7.4 and 3.1).

    It differs from ``torch.optim.LBFGS`` where that wastes passes through the network: a step
    costs one evaluation unless its trial is refused; no tolerance ends the search early; what is
    remembered can be carried to another objective, and stored.

    The pairs are kept in half precision (scaled, as float32 in memory): exactly what `memory`
    returns, so that a search which is stored and resumed goes on bit by bit as it would have.

    Args:
        history: how many pairs are remembered.
        hessian_scale: factor on the usual initial inverse Hessian sᵀy / yᵀy. On these losses the
            newest pair looks along steep directions and underestimates the rest.
        first_step: root mean square of the first step, in units of the parameters.
    """

    def __init__(self, *, history: int, hessian_scale: float, first_step: float) -> None:
        self._history = history
        self._hessian_scale = hessian_scale
        self._first_step = first_step
        self._pairs: list[_Pair] = []

    @property
    def memory(self) -> Memory:
        """The pairs, oldest first; those set are cut to the newest `history`."""
        return Memory(pairs=tuple((pair.s, pair.y) for pair in self._pairs))

    @memory.setter
    def memory(self, memory: Memory) -> None:
        self._pairs = [_Pair.of(s, y) for s, y in memory.pairs[-self._history :]]

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
            direction = self._direction(point.gradient)
            slope = float(torch.dot(direction.flatten(), point.gradient.flatten()))
            if slope < 0:
                accepted = self._search(point, direction, slope, evaluate)
                if accepted is not None:
                    self._keep(
                        accepted.parameters - point.parameters, accepted.gradient - point.gradient
                    )
                    return accepted
            if not self._pairs:
                return None
            self._pairs.clear()  # what is remembered misleads: begin again at the gradient

    def _direction(self, gradient: Tensor) -> Tensor:
        q = -gradient.flatten()
        if not self._pairs:
            norm = float(torch.linalg.vector_norm(q))
            scale = self._first_step * math.sqrt(q.numel()) / norm if norm > 0 else 0.0
            return (q * scale).view_as(gradient)
        alphas = []
        for pair in reversed(self._pairs):
            alpha = torch.dot(pair.s, q) / pair.product
            q = torch.addcmul(q, pair.y, alpha, value=-1)
            alphas.append(alpha)
        newest = self._pairs[-1]
        q = q * (self._hessian_scale * newest.product / torch.dot(newest.y, newest.y))
        for pair, alpha in zip(self._pairs, reversed(alphas), strict=True):
            q = torch.addcmul(q, pair.s, alpha - torch.dot(pair.y, q) / pair.product)
        return q.view_as(gradient)

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

    def _keep(self, s: Tensor, y: Tensor) -> None:
        pair = _Pair.of(_half(s.flatten()), _half(y.flatten()))
        if pair.product > _SMALLEST_CURVATURE * torch.dot(pair.y, pair.y):
            self._pairs.append(pair)
            del self._pairs[: -self._history]


def _half(values: Tensor) -> Tensor:
    """Round to half precision, scaled by a power of two so that nothing over- or underflows."""
    largest = float(values.abs().max())
    if largest == 0 or not math.isfinite(largest):
        return values
    scale = 2.0 ** math.floor(math.log2(largest))
    return (values / scale).half().to(values.dtype) * scale
