"""What the features of a picture are compared with: measured once for each painting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from stylenet.losses.measures import WholePicture
from stylenet.losses.tiling import TiledPicture, stitch
from stylenet.recipe import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from stylenet.features.vgg import Network
    from stylenet.losses.guides import Guides
    from stylenet.losses.measures import Measure
    from stylenet.recipe import Recipe

__all__ = ["Targets", "measure_of", "measure_targets"]


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
    look = measure_of(network, side, style=style_layers, content={})
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


def measure_of(
    network: Network,
    side: int | None,
    *,
    style: Collection[str],
    content: Mapping[str, Tensor],
    guides: Guides | None = None,
) -> Measure:
    """Return what measures pictures: whole, or in tiles of `side` pixels."""
    if side is None:
        return WholePicture(network, style=style, content=content, guides=guides)
    return TiledPicture(network, style=style, content=content, guides=guides, side=side)


def _blend(grams: Sequence[Tensor], mix: Sequence[float]) -> Tensor:
    total = sum(mix)
    parts = [gram * (weight / total) for gram, weight in zip(grams, mix, strict=True) if weight > 0]
    return torch.stack(parts).sum(dim=0)
