"""L-BFGS with Armijo backtracking, one step at a time, with a compact state that can be stored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from stylenet.optim.optimizer_state import OptimizerState

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt
    from torch import Tensor

    from stylenet.optim.optimizer_state import P

    Numbers = npt.NDArray[np.float64]

__all__ = ["LBFGS", "CurvaturePairs", "round_to_half"]

_ARMIJO = 1e-4
_MAX_TRIALS = 10
_SMALLEST_CURVATURE = 1e-10
_ALIGNMENT = 16
"""Row length is a multiple of this many numbers, so that results do not depend, in the last bit,
on where a row lies in memory."""


class LBFGS:
    """Limited-memory BFGS (Nocedal & Wright, algorithms 7.4 and 3.1).

    Differences from ``torch.optim.LBFGS``, which wastes network passes: a step costs one
    evaluation unless its trial is refused; no tolerance ends the search early; the state can be
    carried over to another objective, and stored.

    Args:
        history: number of pairs kept.
        hessian_scale: factor on the usual initial inverse Hessian sᵀy / yᵀy. On these losses the
            newest pair follows steep directions and underestimates the others.
        first_step: root mean square of the first step, in units of the parameters.
    """

    def __init__(self, *, history: int, hessian_scale: float, first_step: float) -> None:
        self._hessian_scale = hessian_scale
        self._first_step = first_step
        self._pairs = CurvaturePairs(history)

    @property
    def state(self) -> OptimizerState:
        """Kept between steps; assign it to resume. Only the newest `history` pairs are kept."""
        return self._pairs.state

    @state.setter
    def state(self, state: OptimizerState) -> None:
        self._pairs.state = state

    def step(self, point: P, evaluate: Callable[[Tensor], P]) -> P | None:
        """Take one step.

        Args:
            point: the current point.
            evaluate: called once per trial.

        Returns:
            The accepted point, or None where no trial descends, not even along the gradient
            itself: the search is at the limit of the precision, or the loss is not finite.
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
            self._pairs.clear()  # the pairs mislead: restart from the gradient

    def _direction(self, gradient: Tensor) -> tuple[Tensor, float]:
        """Return the search direction and the slope along it, direction · gradient."""
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
        """Backtrack along the direction until a trial descends enough; None if none does."""
        length = 1.0
        for _ in range(_MAX_TRIALS):
            trial = evaluate(point.parameters + length * direction)
            if trial.is_finite and trial.loss <= point.loss + _ARMIJO * length * slope:
                return trial
            # The minimum of the parabola through both losses and the slope, within bounds.
            factor = 0.1
            if math.isfinite(trial.loss):
                bend = trial.loss - point.loss - length * slope
                factor = min(max(-0.5 * length * slope / bend, 0.1), 0.5) if bend > 0 else 0.5
            length *= factor
        return None


def _two_loops(products: Numbers, dots: Numbers, hessian_scale: float) -> tuple[Numbers, float]:
    """Run Nocedal & Wright's algorithm 7.4 on coefficients: q = Bᵀ c + γ g, starting at q = −g.

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


class CurvaturePairs:
    """The newest pairs (s, y): changes of the parameters and of the gradient, flat.

    They are the rows s₀, y₀, s₁, y₁, … of a matrix B, oldest first, kept with B Bᵀ. An L-BFGS
    direction is a combination of B's rows and the gradient g whose coefficients depend on B Bᵀ,
    B g and gᵀg alone (Chen, Wang & Zhou, "Large-scale L-BFGS using MapReduce", 2014). So a step
    takes two products with the matrix, where the usual loops take four operations per pair; a
    GPU would spend longer on launching those than on the network.

    The pairs are rounded to half precision (scaled, stored as float32), exactly as a checkpoint
    stores them, so that a resumed search continues bit by bit.

    Args:
        history: number of pairs kept.
    """

    def __init__(self, history: int) -> None:
        self._history = history
        self._matrix: Tensor | None = None
        self._size = 0  # of a row
        self._first = 0  # row of the oldest pair
        self._count = 0
        self._products: Numbers = np.zeros((0, 0))

    def __len__(self) -> int:
        return self._count

    @property
    def products(self) -> Numbers:
        """B Bᵀ."""
        return self._products

    @property
    def state(self) -> OptimizerState:
        """All pairs, for storage; assigning keeps the newest `history` of them."""
        if not self._count:
            return OptimizerState()
        rows = self._rows.clone()
        pairs = tuple((rows[2 * i], rows[2 * i + 1]) for i in range(self._count))
        return OptimizerState(pairs=pairs, products=self._products)

    @state.setter
    def state(self, state: OptimizerState) -> None:
        self.clear()
        for s, y in state.pairs[-self._history :]:
            self._append(s, y)
        if not self._count:
            return
        products = state.products
        if products is None:
            products = np.stack([self.dots(row) for row in self._rows])
        self._products = products[-2 * self._count :, -2 * self._count :]

    def clear(self) -> None:
        """Remove all pairs."""
        self._first = self._count = 0
        self._products = np.zeros((0, 0))

    def add(self, s: Tensor, y: Tensor) -> None:
        """Add a pair, unless its curvature sᵀy is not positive, which would mislead."""
        self._append(round_to_half(s), round_to_half(y))
        newest = torch.stack([torch.mv(self._rows, row) for row in self._rows[-2:]])
        border = np.asarray(newest.tolist())
        products = np.empty((2 * self._count, 2 * self._count))
        products[:-2, :-2] = self._products
        products[-2:], products[:, -2:] = border, border.T
        if not products[-2, -1] > _SMALLEST_CURVATURE * products[-1, -1]:
            self._count -= 1
            return
        if self._count > self._history:
            self._first += 2
            self._count -= 1
            products = products[2:, 2:]
        self._products = products

    def dots(self, values: Tensor) -> Numbers:
        """Return B v for flat values v."""
        return np.asarray(torch.mv(self._rows, values).tolist())

    def combine(self, coefficients: Numbers, gradient: Tensor, on_gradient: float) -> Tensor:
        """Return Bᵀ c + γ g for the coefficients c and γ and a flat gradient g; flat."""
        weights = torch.as_tensor(coefficients, dtype=gradient.dtype, device=gradient.device)
        return torch.addmv(gradient, self._rows.T, weights, beta=on_gradient)

    @property
    def _rows(self) -> Tensor:
        if self._matrix is None:
            msg = "there is no pair yet"
            raise ValueError(msg)
        return self._matrix[self._first : self._first + 2 * self._count, : self._size]

    def _append(self, s: Tensor, y: Tensor) -> None:
        if self._matrix is None or self._size != s.numel():
            self._size = s.numel()
            stride = -(-self._size // _ALIGNMENT) * _ALIGNMENT
            # Spare rows, so that pairs are rarely moved.
            self._matrix = s.new_empty((2 * (self._history + self._history // 8 + 1), stride))
        end = self._first + 2 * self._count
        if end == len(self._matrix):
            self._matrix[: 2 * self._count, : self._size] = self._rows.clone()
            self._first, end = 0, 2 * self._count
        self._matrix[end, : self._size], self._matrix[end + 1, : self._size] = s, y
        self._count += 1


def round_to_half(values: Tensor) -> Tensor:
    """Round to half precision, scaled by a power of two so that nothing over- or underflows."""
    _, exponent = torch.frexp(values.abs().max())
    scale = torch.ldexp(torch.ones_like(values[0]), exponent - 1)
    return (values / scale).half().to(values.dtype) * scale
