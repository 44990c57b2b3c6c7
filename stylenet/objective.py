"""The loss of a picture and its gradient, with every pass through a network counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.events import Losses
from stylenet.functional import out_of_gamut, style_loss, total_variation
from stylenet.measures import WholePicture
from stylenet.recipe import LAYERS
from stylenet.tiles import TiledPicture, stitch
from stylenet.whitening import DampedWhitening

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stylenet.guides import Guides
    from stylenet.measures import Measure
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
        style: by layer, for each region the blended Gram matrices of its style pictures:
            (channels, channels).
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, tuple[Tensor, ...]]


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
    layers: Collection[str] = LAYERS,
    mixes: Sequence[Sequence[float]] = (),
    side: int | None = None,
) -> Targets:
    """Measure what the pictures look like to the network.

    Args:
        network: whose features are compared.
        content: (1, 3, height, width) in 0..255.
        styles: one or more of such, of any sizes.
        recipe: its layers, and `blend`.
        layers: of the recipe's layers, only these are measured.
        mixes: for each region, the weight of each style picture; of any sum above 0. Empty for
            one region with the recipe's `blend`.
        side: of the tiles that pictures are looked at in, in pixels; None for whole pictures.
    """
    layers = recipe.layers & frozenset(layers)
    content_layers = layers & {name for name, weight in recipe.content_layers if weight > 0}
    style_layers = layers & {name for name, weight in recipe.style_layers if weight > 0}
    mixes = mixes or (recipe.blend or (1.0,) * len(styles),)
    look = _look(network, side, style=style_layers, content={})
    seen = [look(style, style_layers).grams for style in styles] if style_layers else []
    return Targets(
        content=_features(network, content, content_layers, side),
        style={
            name: tuple(_blend([grams[name][0] for grams in seen], mix) for mix in mixes)
            for name in style_layers
        },
    )


def _features(
    network: Network, picture: Tensor, layers: Collection[str], side: int | None
) -> dict[str, Tensor]:
    if not layers:
        return {}
    return network(picture, layers) if side is None else stitch(network, picture, layers, side=side)


def _look(
    network: Network,
    side: int | None,
    *,
    style: Collection[str],
    content: Mapping[str, Tensor],
    guides: Guides | None = None,
) -> Measure:
    if side is None:
        return WholePicture(network, style=style, content=content, guides=guides)
    return TiledPicture(network, style=style, content=content, guides=guides, side=side)


def _blend(grams: Sequence[Tensor], mix: Sequence[float]) -> Tensor:
    total = sum(mix)
    parts = [gram * (weight / total) for gram, weight in zip(grams, mix, strict=True) if weight > 0]
    return torch.stack(parts).sum(dim=0)


class Objective:
    """A recipe's loss over pictures of one size.

    Args:
        network: whose features are compared; the targets were measured with it.
        targets: what they are compared with.
        recipe: weights and layers.
        deepest: the deepest layer whose terms are minimised; None minimises them all.
        damping: τ of the whitening of `WHITENED`; None leaves it plain.
        guides: of the targets' regions; None where there is one, the whole picture.
        side: of the tiles that pictures are looked at in, in pixels; None for whole pictures.

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
        self._network = network
        self._targets = targets
        # A region counts as much as it covers: then a pixel is pulled as it is without a mask.
        self._areas = (1.0,) if guides is None else guides.areas
        self._content = _weights(recipe.content_layers, recipe.content_weight)
        self._style = _weights(recipe.style_layers, recipe.style_weight)
        self._tv_weight = recipe.tv_weight
        self._content = {name: w for name, w in self._content.items() if name in targets.content}
        self._style = {name: w for name, w in self._style.items() if name in targets.style}
        self._layers = frozenset(self._content) | frozenset(self._style)
        self._minimised = down_to(self._layers, deepest)
        self._measure = _look(
            network,
            side,
            style=frozenset(self._style),
            content={name: targets.content[name] for name in self._content},
            guides=guides,
        )
        # Styles differ a hundredfold in the size of their terms; the guard rail keeps up with them.
        energy = sum(
            weight * area * float(gram.square().mean())
            for name, weight in self._style.items()
            for area, gram in zip(self._areas, targets.style[name], strict=True)
        )
        self._gamut_weight = recipe.gamut_weight * energy
        self._whitened: tuple[DampedWhitening, ...] = ()
        if damping is not None and WHITENED in self._minimised and WHITENED in self._style:
            self._whitened = tuple(DampedWhitening(g, damping) for g in targets.style[WHITENED])
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
        measured = self._measure(picture, layers)
        variation = self._tv_weight * total_variation(picture)
        loss = variation
        content = style = picture.new_zeros(())
        for name, weight in self._content.items():
            if name in layers:
                term = weight * measured.content[name]
                content = content + term.detach()
                if name in self._minimised:
                    loss = loss + term
        for name, weight in self._style.items():
            if name in layers:
                plain, minimised = self._style_term(name, measured.grams[name])
                style = style + weight * plain.detach()
                if name in self._minimised:
                    loss = loss + weight * minimised
        if self._gamut_weight > 0:
            loss = loss + self._gamut_weight * out_of_gamut(picture) / 255**2
        return loss, Losses(
            content=float(content), style=float(style), total_variation=float(variation.detach())
        )

    def _style_term(self, layer: str, grams: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """A layer's term, over all regions: as it is reported, and as it is minimised."""
        targets = self._targets.style[layer]
        regions = list(zip(self._areas, grams, targets, strict=True))
        plain = torch.stack([area * style_loss(gram, g) for area, gram, g in regions]).sum()
        if layer != WHITENED or not self._whitened:
            return plain, plain
        damped = [
            area * whiten(gram)
            for (area, gram, _), whiten in zip(regions, self._whitened, strict=True)
        ]
        return plain, torch.stack(damped).sum()


def _weights(layers: Sequence[tuple[str, float]], factor: float) -> dict[str, float]:
    return {name: weight * factor for name, weight in layers if weight > 0 and factor > 0}
