"""The targets of the loss: what the picture's features are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.losses.tiling import make_measurer, stitch_features
from stylenet.recipe import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stylenet.features.vgg import Network
    from stylenet.recipe import Recipe

__all__ = ["Targets", "measure_targets"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Targets:
    """Features of the content picture and Gram matrices of the style pictures.

    Attributes:
        content: by layer, the content picture's features: (1, channels, height, width).
        style: by layer, for each region the blended Gram matrix of its style pictures:
            (channels, channels).
    """

    content: Mapping[str, Tensor]
    style: Mapping[str, tuple[Tensor, ...]]


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
    """Measure the targets of a painting.

    Args:
        network: whose features are compared.
        content: (1, 3, height, width) in 0..255.
        styles: one or more pictures, (1, 3, height, width) in 0..255, of any size.
        recipe: its layers, and `blend`.
        layers: of the recipe's layers, measure only these.
        mixes: for each region, the weight of each style picture; the weights need not sum to 1.
            Empty for one region with the recipe's `blend`.
        side: side of the tiles in which pictures are measured, in pixels; None for whole pictures.
    """
    layers = recipe.layers & frozenset(layers)
    content_layers = layers & {name for name, weight in recipe.content_layers if weight > 0}
    style_layers = layers & {name for name, weight in recipe.style_layers if weight > 0}
    mixes = mixes or (recipe.blend or (1.0,) * len(styles),)
    measure = make_measurer(network, side, style=style_layers, content={})
    by_style = [measure(style, style_layers).grams for style in styles] if style_layers else []
    return Targets(
        content=_features(network, content, content_layers, side),
        style={
            name: tuple(_blend([grams[name][0] for grams in by_style], mix) for mix in mixes)
            for name in style_layers
        },
    )


def _features(
    network: Network, picture: Tensor, layers: Collection[str], side: int | None
) -> dict[str, Tensor]:
    if not layers:
        return {}
    if side is None:
        return network(picture, layers)
    return stitch_features(network, picture, layers, side=side)


def _blend(grams: Sequence[Tensor], mix: Sequence[float]) -> Tensor:
    """Return the weighted mean of Gram matrices, (channels, channels)."""
    total = sum(mix)
    parts = [gram * (weight / total) for gram, weight in zip(grams, mix, strict=True) if weight > 0]
    return torch.stack(parts).sum(dim=0)
