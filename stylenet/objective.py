"""The loss of a picture and its gradient, with every pass through the network counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.events import Losses
from stylenet.functional import (
    content_loss,
    gram_matrix,
    out_of_gamut,
    style_loss,
    total_variation,
)
from stylenet.recipe import LAYERS
from stylenet.vgg import deepest_of, pass_cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stylenet.recipe import Recipe
    from stylenet.vgg import VGG19

__all__ = ["Evaluation", "Objective", "Targets", "measure_targets"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Targets:
    """What the features of the pastiche are compared with.

    Attributes:
        content: by layer, the content picture's features: (1, channels, height, width).
        style: by layer, the blended Gram matrices of the style pictures: (channels, channels).
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evaluation:
    """The loss at one picture.

    Attributes:
        loss: what is minimised.
        gradient: of `loss` with respect to the picture, (1, 3, height, width).
        losses: the terms that are reported. Those beyond the objective's deepest layer are as
            they were last measured.
    """

    loss: float
    gradient: Tensor
    losses: Losses


@torch.no_grad()
def measure_targets(
    network: VGG19, content: Tensor, styles: Sequence[Tensor], recipe: Recipe
) -> Targets:
    """Measure what the pictures look like to the network.

    Args:
        network: whose features are compared.
        content: (1, 3, height, width) in 0..255.
        styles: one or more of such, of any sizes.
        recipe: its layers, and `blend`.
    """
    content_layers = {name for name, weight in recipe.content_layers if weight > 0}
    style_layers = {name for name, weight in recipe.style_layers if weight > 0}
    weights = recipe.blend or (1.0,) * len(styles)
    grams: dict[str, Tensor] = {}
    if style_layers:
        for style, weight in zip(styles, weights, strict=True):
            for name, features in network(style, style_layers).items():
                gram = gram_matrix(features) * (weight / sum(weights))
                grams[name] = grams[name] + gram if name in grams else gram
    return Targets(content=network(content, content_layers) if content_layers else {}, style=grams)


class Objective:
    """The recipe's loss over pictures of one size.

    Attributes:
        passes: spent on this objective so far, in full-size passes forward and backward.
    """

    def __init__(self, network: VGG19, targets: Targets, recipe: Recipe) -> None:
        self._network = network
        self._targets = targets
        self._content = _weights(recipe.content_layers, recipe.content_weight)
        self._style = _weights(recipe.style_layers, recipe.style_weight)
        self._tv_weight = recipe.tv_weight
        self._gamut_weight = recipe.gamut_weight
        self._layers = recipe.layers
        depth = LAYERS.index(recipe.deepest or LAYERS[-1])
        self._minimised = frozenset(name for name in self._layers if LAYERS.index(name) <= depth)
        self._beyond = (0.0, 0.0)  # content and style terms deeper than what is minimised
        self.cost = pass_cost(deepest_of(self._minimised)) if self._minimised else 0.0
        self.passes = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether every term of the recipe's loss is minimised, and so known at every point."""
        return self._minimised == self._layers

    def evaluate(self, picture: Tensor) -> Evaluation:
        """Return the loss at a picture and its gradient, for one pass.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.
        """
        picture = picture.detach().requires_grad_()
        content, style, variation = self._terms(picture, self._minimised)
        total = content + style + variation
        if self._gamut_weight > 0:
            total = total + self._gamut_weight * out_of_gamut(picture)
        (gradient,) = torch.autograd.grad(total, picture)
        content, style, variation = content.detach(), style.detach(), variation.detach()
        self.passes += self.cost
        return Evaluation(
            loss=float(total.detach()),
            gradient=gradient,
            losses=Losses(
                content=float(content) + self._beyond[0],
                style=float(style) + self._beyond[1],
                total_variation=float(variation),
            ),
        )

    @torch.no_grad()
    def measure(self, picture: Tensor) -> Losses:
        """Return every term of the recipe's loss at a picture, for half a pass."""
        content, style, variation = (float(term) for term in self._terms(picture, self._layers))
        if self._layers:
            self.passes += pass_cost(deepest_of(self._layers)) / 2
        return Losses(content=content, style=style, total_variation=variation)

    def _terms(self, picture: Tensor, layers: frozenset[str]) -> tuple[Tensor, Tensor, Tensor]:
        features = self._network(picture, layers) if layers else {}
        content = style = picture.new_zeros(())
        for name, weight in self._content.items():
            if name in layers:
                target = self._targets.content[name]
                content = content + weight * content_loss(features[name], target)
        for name, weight in self._style.items():
            if name in layers:
                gram = gram_matrix(features[name])
                style = style + weight * style_loss(gram, self._targets.style[name])
        return content, style, self._tv_weight * total_variation(picture)


def _weights(layers: Sequence[tuple[str, float]], factor: float) -> dict[str, float]:
    return {name: weight * factor for name, weight in layers if weight > 0 and factor > 0}
