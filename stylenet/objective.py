"""The loss of a picture and its gradient, with every pass through a network counted."""

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
from stylenet.whitening import DampedWhitening

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stylenet.recipe import Recipe
    from stylenet.vgg import Network

__all__ = ["WHITENED", "Evaluation", "Objective", "Targets", "down_to", "measure_targets"]

WHITENED = "relu4_1"
"""The layer whose style term is whitened: at the start it is nearly all of the loss."""


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
        losses: the terms of the recipe's loss, down to the deepest layer that is minimised.
    """

    loss: float
    gradient: Tensor
    losses: Losses


def down_to(layers: Collection[str], deepest: str | None) -> frozenset[str]:
    """Keep the layers no deeper than `deepest`; None keeps them all."""
    depth = LAYERS.index(deepest or LAYERS[-1])
    return frozenset(name for name in layers if LAYERS.index(name) <= depth)


@torch.no_grad()
def measure_targets(
    network: Network,
    content: Tensor,
    styles: Sequence[Tensor],
    recipe: Recipe,
    *,
    deepest: str | None = None,
) -> Targets:
    """Measure what the pictures look like to the network.

    Args:
        network: whose features are compared.
        content: (1, 3, height, width) in 0..255.
        styles: one or more of such, of any sizes.
        recipe: its layers, and `blend`.
        deepest: the deepest layer measured; None measures all the recipe's.
    """
    layers = down_to(recipe.layers, deepest)
    content_layers = layers & {name for name, weight in recipe.content_layers if weight > 0}
    style_layers = layers & {name for name, weight in recipe.style_layers if weight > 0}
    weights = recipe.blend or (1.0,) * len(styles)
    grams: dict[str, Tensor] = {}
    if style_layers:
        for style, weight in zip(styles, weights, strict=True):
            for name, features in network(style, style_layers).items():
                gram = gram_matrix(features) * (weight / sum(weights))
                grams[name] = grams[name] + gram if name in grams else gram
    return Targets(content=network(content, content_layers) if content_layers else {}, style=grams)


class Objective:
    """A recipe's loss over pictures of one size.

    Args:
        network: whose features are compared; the targets were measured with it.
        targets: what they are compared with.
        recipe: weights and layers.
        deepest: the deepest layer whose terms are minimised; None minimises them all.
        damping: τ of the whitening of `WHITENED`; None leaves it plain.

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
    ) -> None:
        self._network = network
        self._targets = targets
        self._content = _weights(recipe.content_layers, recipe.content_weight)
        self._style = _weights(recipe.style_layers, recipe.style_weight)
        self._tv_weight = recipe.tv_weight
        self._content = {name: w for name, w in self._content.items() if name in targets.content}
        self._style = {name: w for name, w in self._style.items() if name in targets.style}
        # Styles differ a hundredfold in the size of their terms; the guard rail keeps up with them.
        energy = sum(w * float(targets.style[n].square().mean()) for n, w in self._style.items())
        self._gamut_weight = recipe.gamut_weight * energy
        self._layers = frozenset(self._content) | frozenset(self._style)
        self._minimised = down_to(self._layers, deepest)
        self._whitened: DampedWhitening | None = None
        if damping is not None and WHITENED in self._minimised and WHITENED in self._style:
            self._whitened = DampedWhitening(targets.style[WHITENED], damping)
        self.cost = network.cost(self._minimised) if self._minimised else 0.0
        self.passes = 0.0

    def evaluate(self, picture: Tensor) -> Evaluation:
        """Return the loss at a picture and its gradient, for `cost`.

        Args:
            picture: (1, 3, height, width) in 0..255; values outside are allowed.
        """
        picture = picture.detach().requires_grad_()
        loss, losses = self._terms(picture, self._minimised)
        (gradient,) = torch.autograd.grad(loss, picture)
        self.passes += self.cost
        return Evaluation(loss=float(loss.detach()), gradient=gradient, losses=losses)

    @torch.no_grad()
    def measure(self, picture: Tensor) -> Losses:
        """Return every term of the recipe's loss at a picture, for half a pass."""
        if self._layers:
            self.passes += self._network.cost(self._layers) / 2
        return self._terms(picture, self._layers)[1]

    def _terms(self, picture: Tensor, layers: frozenset[str]) -> tuple[Tensor, Losses]:
        """What is minimised, and what is reported: all of `layers`, and nothing whitened."""
        features = self._network(picture, layers) if layers else {}
        variation = self._tv_weight * total_variation(picture)
        loss = variation
        content = style = picture.new_zeros(())
        for name, weight in self._content.items():
            if name in layers:
                term = weight * content_loss(features[name], self._targets.content[name])
                content = content + term.detach()
                if name in self._minimised:
                    loss = loss + term
        for name, weight in self._style.items():
            if name in layers:
                gram = gram_matrix(features[name])
                term = weight * style_loss(gram, self._targets.style[name])
                style = style + term.detach()
                if name in self._minimised:
                    whiten = self._whitened if name == WHITENED else None
                    loss = loss + (term if whiten is None else weight * whiten(gram))
        if self._gamut_weight > 0:
            loss = loss + self._gamut_weight * out_of_gamut(picture) / 255**2
        return loss, Losses(
            content=float(content), style=float(style), total_variation=float(variation.detach())
        )


def _weights(layers: Sequence[tuple[str, float]], factor: float) -> dict[str, float]:
    return {name: weight * factor for name, weight in layers if weight > 0 and factor > 0}
