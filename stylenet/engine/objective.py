"""The loss of a stage as the optimizer sees it: a number and a gradient per picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from stylenet.engine.cuda_graph import CudaGraph
from stylenet.events import Losses
from stylenet.losses.loss import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from stylenet.features.vgg import Network
    from stylenet.losses.measurement import Guides
    from stylenet.losses.targets import Targets
    from stylenet.recipe import Recipe

__all__ = ["Evaluation", "Objective"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evaluation:
    """The loss at one picture.

    Attributes:
        loss: what is minimised.
        gradient: of `loss` with respect to the picture, (1, 3, height, width).
        losses: the terms of the recipe's loss, down to the deepest layer that is minimised.
    """

    loss: float
    gradient: Tensor
    losses: Losses


class Objective:
    """A recipe's loss over pictures of one size; on CUDA its evaluation is a recorded graph.

    Args:
        network, targets, recipe, deepest, damping, guides, side: see `stylenet.losses.loss.Loss`.

    Attributes:
        network: whose features are compared.
    """

    def __init__(
        self,
        network: Network,
        targets: Targets,
        recipe: Recipe,
        *,
        deepest: str | None = None,
        damping: float | None = None,
        guides: Guides | None = None,
        side: int | None = None,
    ) -> None:
        self.network = network
        self._loss = Loss(
            network, targets, recipe, deepest=deepest, damping=damping, guides=guides, side=side
        )
        # In tiles, launches do not dominate, and a recording would need memory of its own.
        differentiate = self._loss.differentiate
        self._differentiate = CudaGraph(differentiate) if side is None else differentiate

    def evaluate(self, picture: Tensor) -> Evaluation:
        """Return the loss at a picture and its gradient.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.
        """
        values, gradient = self._differentiate(picture)
        loss, losses = self._named(values)
        return Evaluation(loss=loss, gradient=gradient, losses=losses)

    @torch.no_grad()
    def measure(self, picture: Tensor) -> Losses:
        """Return every term of the recipe's loss at a picture, without a backward pass.

        Args:
            picture: (1, 3, height, width) in 0..255.
        """
        _, losses = self._named(self._loss.evaluate(picture, self._loss.layers))
        return losses

    def _named(self, values: Tensor) -> tuple[float, Losses]:
        """Copy the values of `Loss.evaluate` to the host: the minimised loss, and the terms."""
        loss, *terms = values.tolist()
        return loss, Losses(dict(zip(self._loss.names, terms, strict=True)))
