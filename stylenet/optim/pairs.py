"""What L-BFGS remembers: pairs of changes as the rows of one matrix, and their inner products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from stylenet.optim.search import Memory

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    Numbers = npt.NDArray[np.float64]

__all__ = ["Pairs"]

_SMALLEST_CURVATURE = 1e-10
_ALIGNMENT = 16
"""Numbers that a row's length is a multiple of: then a row's place in memory does not change by a
bit what is made of it."""


class Pairs:
    """The newest pairs (s, y): changes of the parameters, and of the gradient, flat.

    The rows s₀, y₀, s₁, y₁, … of a matrix B, oldest first, with their products B Bᵀ. Whatever
    L-BFGS makes of them and of a gradient g follows from B Bᵀ, B g and gᵀg alone, and is a
    combination of B's rows and g (Chen, Wang & Zhou, "Large-scale L-BFGS using MapReduce", 2014).
    So a step takes two products with the matrix, where the usual loops take four operations for
    each pair: a GPU would spend longer on starting those than on the network.

    The pairs are kept in half precision (scaled, as float32 in memory): exactly what a checkpoint
    holds, so that a search which is stored and resumed goes on bit by bit as it would have.

    Args:
        history: how many pairs are kept.
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
    def memory(self) -> Memory:
        """All of it, to be stored; what is set is cut to the newest `history`."""
        if not self._count:
            return Memory()
        rows = self._rows.clone()
        pairs = tuple((rows[2 * i], rows[2 * i + 1]) for i in range(self._count))
        return Memory(pairs=pairs, products=self._products)

    @memory.setter
    def memory(self, memory: Memory) -> None:
        self.clear()
        for s, y in memory.pairs[-self._history :]:
            self._append(s, y)
        if not self._count:
            return
        products = memory.products
        if products is None:
            products = np.stack([self.dots(row) for row in self._rows])
        self._products = products[-2 * self._count :, -2 * self._count :]

    def clear(self) -> None:
        """Forget all."""
        self._first = self._count = 0
        self._products = np.zeros((0, 0))

    def add(self, s: Tensor, y: Tensor) -> None:
        """Remember a pair; not one whose curvature sᵀy is not positive, which would mislead."""
        self._append(_half(s), _half(y))
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
        """Return B v for flat values."""
        return np.asarray(torch.mv(self._rows, values).tolist())

    def combine(self, coefficients: Numbers, gradient: Tensor, on_gradient: float) -> Tensor:
        """Return Bᵀ c + γ g for the coefficients c and γ; flat, as g is."""
        weights = torch.as_tensor(coefficients, dtype=gradient.dtype, device=gradient.device)
        return torch.addmv(gradient, self._rows.T, weights, beta=on_gradient)

    @property
    def _rows(self) -> Tensor:
        if self._matrix is None:
            msg = "no pair was ever remembered"
            raise ValueError(msg)
        return self._matrix[self._first : self._first + 2 * self._count, : self._size]

    def _append(self, s: Tensor, y: Tensor) -> None:
        if self._matrix is None or self._size != s.numel():
            self._size = s.numel()
            stride = -(-self._size // _ALIGNMENT) * _ALIGNMENT
            self._matrix = s.new_empty((2 * (self._history + self._history // 8 + 1), stride))
        end = self._first + 2 * self._count
        if end == len(self._matrix):  # there was some room, so that this is rare
            self._matrix[: 2 * self._count, : self._size] = self._rows.clone()
            self._first, end = 0, 2 * self._count
        self._matrix[end, : self._size], self._matrix[end + 1, : self._size] = s, y
        self._count += 1


def _half(values: Tensor) -> Tensor:
    """Round to half precision, scaled by a power of two so that nothing over- or underflows."""
    _, exponent = torch.frexp(values.abs().max())
    scale = torch.ldexp(torch.ones_like(values[0]), exponent - 1)
    return (values / scale).half().to(values.dtype) * scale
