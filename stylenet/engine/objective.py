"""What a painting minimises, with every pass through a network counted."""

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
    from stylenet.losses.guides import Guides
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
    """A recipe's loss, and what it has cost to look at it.

    Args:
        network, targets, recipe, deepest, damping, guides, side: see `stylenet.losses.loss.Loss`.

    Attributes:
        cost: of one evaluation, in full-size passes forward and backward.
        passes: spent on this objective so far.
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
        # In tiles it is too long to be worth a recording, and memory is short.
        differentiate = self._loss.differentiate
        self._differentiate = CudaGraph(differentiate) if side is None else differentiate
        self._report_cost = network.cost(self._loss.layers) / 2 if self._loss.layers else 0.0
        self.cost = network.cost(self._loss.minimised) if self._loss.minimised else 0.0
        self.passes = 0.0

    def evaluate(self, picture: Tensor) -> Evaluation:
        """Return the loss at a picture and its gradient, for `cost`.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.
        """
        values, gradient = self._differentiate(picture)
        self.passes += self.cost
        loss, losses = self._named(values)
        return Evaluation(loss=loss, gradient=gradient, losses=losses)

    @torch.no_grad()
    def measure(self, picture: Tensor) -> Losses:
        """Return every term of the recipe's loss at a picture, for half a pass."""
        self.passes += self._report_cost
        _, losses = self._named(self._loss.evaluate(picture, self._loss.layers))
        return losses

    def _named(self, values: Tensor) -> tuple[float, Losses]:
        """Copy the values of `Loss.evaluate` to the host: the minimised loss, and the terms."""
        loss, *terms = values.tolist()
        return loss, Losses(dict(zip(self._loss.names, terms, strict=True)))
