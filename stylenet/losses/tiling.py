"""Exact tiling: the loss of a picture too large for memory, and its gradient, tile by tile.

The style term couples all tiles through the Gram matrices of the whole picture, so no tile knows
its gradient before every other has been seen. Hence two sweeps (arXiv 2212.13459): forward, adding
up what the tiles contribute, and then forward and backward again, tile by tile, against the
gradient at the *global* sums. Only one tile's features are in memory at any time, at the price of
half a pass and of the margins.

A tile is looked at with a margin as wide as the network's receptive field reaches, and aligned
with its pools, so that the features that belong to the tile are those of the whole picture: loss
and gradient differ from the untiled ones by the order of additions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from stylenet.architecture import deepest_of
from stylenet.losses.functional import gram_sum
from stylenet.losses.guides import block_of
from stylenet.losses.measures import Measured
from stylenet.recipe import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from torch import Tensor
    from torch.autograd.function import FunctionCtx

    from stylenet.features.vgg import Network
    from stylenet.losses.guides import Guides

__all__ = ["ALIGNMENT", "Tile", "TiledPicture", "margin_of", "stitch", "tiles_of"]

ALIGNMENT = 16
"""Pixels: where tiles may begin, a multiple of the deepest pool's grid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A part of a picture, in pixels; each is (top, bottom, left, right).

    Attributes:
        own: what this tile contributes; the tiles' own parts cover the picture once.
        seen: that and a margin, as far as there is picture.
        whole: height and width of the picture.
    """

    own: tuple[int, int, int, int]
    seen: tuple[int, int, int, int]
    whole: tuple[int, int]

    def crop(self, picture: Tensor) -> Tensor:
        """Return what is seen of a picture (1, 3, height, width)."""
        top, bottom, left, right = self.seen
        return picture[..., top:bottom, left:right]

    def own_features(self, features: Tensor, layer: str) -> Tensor:
        """Return the part of the features of what is seen that is this tile's own."""
        top, bottom, left, right = self.own_at(layer)
        at = 2 ** block_of(layer)
        down, across = self.seen[0] // at, self.seen[2] // at
        return features[..., top - down : bottom - down, left - across : right - across]

    def own_at(self, layer: str) -> tuple[int, int, int, int]:
        """Return the tile's own part in the features of the whole picture at a layer."""
        at = 2 ** block_of(layer)
        top, bottom, left, right = (-(-edge // at) for edge in self.own)  # rounded up, as pools do
        return top, bottom, left, right

    def whole_at(self, layer: str) -> tuple[int, int]:
        """Return height and width of the whole picture's features at a layer."""
        at = 2 ** block_of(layer)
        return -(-self.whole[0] // at), -(-self.whole[1] // at)


def margin_of(layers: Collection[str]) -> int:
    """Return how far, in pixels, the deepest of these layers sees beyond its own place.

    Rounded up to `ALIGNMENT`. Towards the input every convolution adds a pixel, and every pool
    doubles what there is.

    Raises:
        KeyError: there is no such layer, or none at all.
    """
    reach = 0
    for layer in reversed(LAYERS[: LAYERS.index(deepest_of(layers)) + 1]):
        reach += 1
        if layer.endswith("_1"):
            reach *= 2 if layer != "relu1_1" else 1
    return -(-reach // ALIGNMENT) * ALIGNMENT


def tiles_of(height: int, width: int, *, side: int, margin: int) -> list[Tile]:
    """Divide a picture into tiles of about equal size.

    Args:
        height: of the picture.
        width: likewise.
        side: the longest side of a tile's own part, a multiple of `ALIGNMENT`.
        margin: around it, likewise.

    Raises:
        ValueError: side or margin is not such a multiple.
    """
    if side < ALIGNMENT or side % ALIGNMENT or margin % ALIGNMENT:
        msg = f"tiles of {side} pixels with a margin of {margin}: not multiples of {ALIGNMENT}"
        raise ValueError(msg)

    def spans(length: int) -> Iterator[tuple[int, int]]:
        count = -(-length // side)
        step = -(-length // (count * ALIGNMENT)) * ALIGNMENT
        for start in range(0, length, step):
            yield start, min(start + step, length)

    return [
        Tile(
            own=(top, bottom, left, right),
            seen=(
                max(top - margin, 0),
                min(bottom + margin, height),
                max(left - margin, 0),
                min(right + margin, width),
            ),
            whole=(height, width),
        )
        for top, bottom in spans(height)
        for left, right in spans(width)
    ]


@torch.no_grad()
def stitch(
    network: Network, picture: Tensor, layers: Collection[str], *, side: int
) -> dict[str, Tensor]:
    """Return a whole picture's features, computed tile by tile; see `VGG19.forward`."""
    whole: dict[str, Tensor] = {}
    height, width = picture.shape[-2:]
    for tile in tiles_of(height, width, side=side, margin=margin_of(layers)):
        for name, features in network(tile.crop(picture), layers).items():
            if name not in whole:
                whole[name] = features.new_empty((1, features.shape[1], *tile.whole_at(name)))
            top, bottom, left, right = tile.own_at(name)
            whole[name][..., top:bottom, left:right] = tile.own_features(features, name)
    return whole


class TiledPicture:
    """Measures a picture tile by tile; see `WholePicture` for the arguments.

    Args:
        side: the longest side of a tile's own part, in pixels, a multiple of `ALIGNMENT`.
    """

    def __init__(
        self,
        network: Network,
        *,
        style: Collection[str],
        content: Mapping[str, Tensor],
        guides: Guides | None = None,
        side: int,
    ) -> None:
        self._network = network
        self._style = style
        self._content = content
        self._guides = guides
        self._side = side

    def __call__(self, picture: Tensor, layers: Collection[str]) -> Measured:
        """See `stylenet.losses.measures.Measure`."""
        style = [name for name in LAYERS if name in layers and name in self._style]
        content = [name for name in LAYERS if name in layers and name in self._content]
        if not style and not content:
            return Measured(picture=picture, grams={}, content={})
        sums = iter(_Sweeps.apply(picture, self, style, content))
        regions = 1 if self._guides is None else len(self._guides.areas)
        return Measured(
            picture=picture,
            grams={name: tuple(next(sums) for _ in range(regions)) for name in style},
            content={name: next(sums) for name in content},
        )

    def tiles(self, picture: Tensor, layers: Collection[str]) -> list[Tile]:
        """Divide a picture (1, 3, height, width) for a look at these layers."""
        height, width = picture.shape[-2:]
        return tiles_of(height, width, side=self._side, margin=margin_of(layers))

    def parts(
        self, seen: Tensor, tile: Tile, style: Sequence[str], content: Sequence[str]
    ) -> list[Tensor]:
        """Return what a tile contributes to every sum: the Gram matrices, then the content.

        Args:
            seen: what is seen of the picture at the tile.
            tile: which it is.
            style: the layers with a style term; each has a Gram matrix for each region.
            content: the layers with a content term.
        """
        features = self._network(seen, {*style, *content})
        parts = []
        for name in style:
            own = tile.own_features(features[name], name)
            for share, size in self._shares(name, tile):
                parts.append(gram_sum(own, share) / (own.shape[1] * size))
        for name in content:
            top, bottom, left, right = tile.own_at(name)
            target = self._content[name]
            difference = (
                tile.own_features(features[name], name) - target[..., top:bottom, left:right]
            )
            parts.append(difference.square().sum() / target.numel())
        return parts

    def _shares(self, layer: str, tile: Tile) -> Iterator[tuple[Tensor | None, Tensor | float]]:
        """For each region: its share of the tile's own places, and its area in all."""
        if self._guides is None:
            height, width = tile.whole_at(layer)
            yield None, float(height * width)
            return
        top, bottom, left, right = tile.own_at(layer)
        for share in self._guides.at(layer):
            yield share[top:bottom, left:right], share.sum()


class _Sweeps(torch.autograd.Function):
    """Both sweeps: sums over all tiles forward, and the picture's gradient backward."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        picture: Tensor,
        look: TiledPicture,
        style: Sequence[str],
        content: Sequence[str],
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(picture)
        ctx.look = look  # type: ignore[attr-defined]
        ctx.layers = (style, content)  # type: ignore[attr-defined]
        sums: list[Tensor] = []
        for tile in look.tiles(picture, {*style, *content}):
            parts = look.parts(tile.crop(picture), tile, style, content)
            sums = [a + b for a, b in zip(sums, parts, strict=True)] if sums else parts
        return tuple(sums)

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (picture,) = cast("tuple[Tensor]", ctx.saved_tensors)  # type: ignore[attr-defined]
        look: TiledPicture = ctx.look  # type: ignore[attr-defined]
        style, content = ctx.layers  # type: ignore[attr-defined]
        gradient = torch.zeros_like(picture)
        for tile in look.tiles(picture, {*style, *content}):
            with torch.enable_grad():
                seen = tile.crop(picture).detach().requires_grad_()
                parts = look.parts(seen, tile, style, content)
                (pull,) = torch.autograd.grad(parts, seen, grads)
            tile.crop(gradient).add_(pull)
        return gradient, None, None, None
