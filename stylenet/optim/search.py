"""What every method of minimising shares: the point it stands at, and what it remembers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["Memory", "P", "Point"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Point:
    """Where a search stands: parameters, the loss there and its gradient (same shape)."""

    parameters: Tensor
    loss: float
    gradient: Tensor

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradient are numbers."""
        return math.isfinite(self.loss) and bool(torch.isfinite(self.gradient).all())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Memory:
    """What a method remembers from step to step; what it does not use is empty.

    Attributes:
        steps: steps taken (Adam).
        moments: running means of the gradient and of its square, in its shape (Adam).
        pairs: changes of parameters and of gradient, oldest first, flat (L-BFGS).
        products: of the pairs' vectors s₀, y₀, s₁, … with one another; None where they are still
            to be reckoned.
    """

    steps: int = 0
    moments: tuple[Tensor, Tensor] | None = None
    pairs: tuple[tuple[Tensor, Tensor], ...] = ()
    products: npt.NDArray[np.float64] | None = None


P = TypeVar("P", bound=Point)
