"""What all optimizers share: the current point, and the state kept between steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["OptimizerState", "P", "Point"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Point:
    """Parameters, the loss at them, and its gradient in their shape."""

    parameters: Tensor
    loss: float
    gradient: Tensor

    @property
    def is_finite(self) -> bool:
        """Whether loss and gradient are finite."""
        return math.isfinite(self.loss) and bool(torch.isfinite(self.gradient).all())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OptimizerState:
    """What an optimizer keeps from step to step; fields that it does not use are empty.

    Attributes:
        steps: steps taken (Adam).
        moments: running means of the gradient and of its square, in its shape (Adam).
        pairs: changes of parameters and of gradient, oldest first, flat (L-BFGS).
        products: inner products of the pairs' vectors s₀, y₀, s₁, …; None where they are still
            to be computed.
    """

    steps: int = 0
    moments: tuple[Tensor, Tensor] | None = None
    pairs: tuple[tuple[Tensor, Tensor], ...] = ()
    products: npt.NDArray[np.float64] | None = None


P = TypeVar("P", bound=Point)
