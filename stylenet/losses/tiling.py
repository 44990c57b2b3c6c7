"""Exact tiling: the loss of a picture too large for memory, and its gradient, tile by tile.

The style term couples all tiles through the Gram matrices of the whole picture, so the gradient of
a tile depends on every other tile. It takes two sweeps (arXiv 2212.13459): the first, forward only,
sums what the tiles contribute; the second runs every tile forward and backward against the gradient
at the *global* sums. Only one tile's features are in memory at a time. The cost is another half
pass, and the margins.

Each tile is evaluated with a margin as wide as the network's receptive field and aligned with its
pools, so that the features of the tile's core equal those of the whole picture. Loss and gradient
differ from the untiled ones only by the order of additions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from stylenet.architecture import deepest_of, pools_before
from stylenet.losses.functional import gram_sum
from stylenet.losses.measurement import Measurement, WholeMeasurer
from stylenet.recipe import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from torch import Tensor
    from torch.autograd.function import FunctionCtx

    from stylenet.features.vgg import Network
    from stylenet.losses.measurement import Guides, Measurer

__all__ = [
    "ALIGNMENT",
    "Tile",
    "TiledMeasurer",
    "make_measurer",
    "margin_of",
    "stitch_features",
    "tiles_of",
]

ALIGNMENT = 16
"""Tiles start at multiples of this many pixels, the stride of the deepest pool."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A part of a picture; boxes are (top, bottom, left, right) in pixels.

    Attributes:
        core: what this tile contributes to the sums; the cores cover the picture exactly once.
        window: the core with its margin, cut off at the picture's borders.
        size: height and width of the whole picture.
    """

    core: tuple[int, int, int, int]
    window: tuple[int, int, int, int]
    size: tuple[int, int]

    def crop(self, picture: Tensor) -> Tensor:
        """Return the window of a picture (1, 3, height, width), as a view."""
        top, bottom, left, right = self.window
        return picture[..., top:bottom, left:right]

    def crop_core(self, features: Tensor, layer: str) -> Tensor:
        """Return the core of a layer's features of the window, as a view."""
        top, bottom, left, right = self.core_at(layer)
        stride = 2 ** pools_before(layer)
        down, across = self.window[0] // stride, self.window[2] // stride
        return features[..., top - down : bottom - down, left - across : right - across]

    def core_at(self, layer: str) -> tuple[int, int, int, int]:
        """Return the core in the coordinates of a layer's features of the whole picture."""
        stride = 2 ** pools_before(layer)
        # Rounded up, as the network's pools do.
        top, bottom, left, right = (-(-edge // stride) for edge in self.core)
        return top, bottom, left, right

    def size_at(self, layer: str) -> tuple[int, int]:
        """Return height and width of a layer's features of the whole picture."""
        stride = 2 ** pools_before(layer)
        return -(-self.size[0] // stride), -(-self.size[1] // stride)


def margin_of(layers: Collection[str]) -> int:
    """Return the margin, in pixels, that the deepest of these layers needs around a tile.

    It is the radius of the layer's receptive field, rounded up to `ALIGNMENT`. From the layer
    towards the input, every convolution adds one pixel and every pool doubles the radius.

    Raises:
        KeyError: a layer is unknown, or there is none.
    """
    radius = 0
    for layer in reversed(LAYERS[: LAYERS.index(deepest_of(layers)) + 1]):
        radius += 1
        if layer.endswith("_1"):
            radius *= 2 if layer != "relu1_1" else 1
    return -(-radius // ALIGNMENT) * ALIGNMENT


def tiles_of(height: int, width: int, *, side: int, margin: int) -> list[Tile]:
    """Divide a picture into tiles of about equal size.

    Args:
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        side: longest side of a tile's core, a multiple of `ALIGNMENT`.
        margin: pixels around the core, a multiple of `ALIGNMENT`.

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
            core=(top, bottom, left, right),
            window=(
                max(top - margin, 0),
                min(bottom + margin, height),
                max(left - margin, 0),
                min(right + margin, width),
            ),
            size=(height, width),
        )
        for top, bottom in spans(height)
        for left, right in spans(width)
    ]


@torch.no_grad()
def stitch_features(
    network: Network, picture: Tensor, layers: Collection[str], *, side: int
) -> dict[str, Tensor]:
    """Compute a whole picture's features tile by tile; see `VGG19.forward`."""
    whole: dict[str, Tensor] = {}
    height, width = picture.shape[-2:]
    for tile in tiles_of(height, width, side=side, margin=margin_of(layers)):
        for name, features in network(tile.crop(picture), layers).items():
            if name not in whole:
                # (1, channels, height / 2^b, width / 2^b) of the whole picture
                whole[name] = features.new_empty((1, features.shape[1], *tile.size_at(name)))
            top, bottom, left, right = tile.core_at(name)
            whole[name][..., top:bottom, left:right] = tile.crop_core(features, name)
    return whole


def make_measurer(
    network: Network,
    side: int | None,
    *,
    style: Collection[str],
    content: Mapping[str, Tensor],
    guides: Guides | None = None,
) -> Measurer:
    """Return a measurer of whole pictures, or one in tiles of `side` pixels.

    See `WholeMeasurer` and `TiledMeasurer` for the arguments.
    """
    if side is None:
        return WholeMeasurer(network, style=style, content=content, guides=guides)
    return TiledMeasurer(network, style=style, content=content, guides=guides, side=side)


class TiledMeasurer:
    """Measures a picture tile by tile; see `WholeMeasurer` for the other arguments.

    Args:
        side: longest side of a tile's core, in pixels, a multiple of `ALIGNMENT`.
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

    def __call__(self, picture: Tensor, layers: Collection[str]) -> Measurement:
        """See `Measurer`."""
        style = [name for name in LAYERS if name in layers and name in self._style]
        content = [name for name in LAYERS if name in layers and name in self._content]
        if not style and not content:
            return Measurement(picture=picture, grams={}, content={})
        sums = iter(_TwoSweeps.apply(picture, self, style, content))
        regions = 1 if self._guides is None else len(self._guides.areas)
        return Measurement(
            picture=picture,
            grams={name: tuple(next(sums) for _ in range(regions)) for name in style},
            content={name: next(sums) for name in content},
        )

    def tiles(self, picture: Tensor, layers: Collection[str]) -> list[Tile]:
        """Divide a picture (1, 3, height, width) into the tiles to measure these layers in."""
        height, width = picture.shape[-2:]
        return tiles_of(height, width, side=self._side, margin=margin_of(layers))

    def contributions(
        self, window: Tensor, tile: Tile, style: Sequence[str], content: Sequence[str]
    ) -> list[Tensor]:
        """Return what a tile adds to every sum.

        Args:
            window: the tile's window of the picture, (1, 3, height, width).
            tile: the tile.
            style: the layers with a style term.
            content: the layers with a content term.

        Returns:
            For each style layer a Gram matrix (channels, channels) per region, then a scalar for
            each content layer.
        """
        features = self._network(window, {*style, *content})
        contributions = []
        for name in style:
            core = tile.crop_core(features[name], name)
            for share, area in self._shares(name, tile):
                contributions.append(gram_sum(core, share) / (core.shape[1] * area))
        for name in content:
            top, bottom, left, right = tile.core_at(name)
            target = self._content[name]
            difference = tile.crop_core(features[name], name) - target[..., top:bottom, left:right]
            contributions.append(difference.square().sum() / target.numel())
        return contributions

    def _shares(self, layer: str, tile: Tile) -> Iterator[tuple[Tensor | None, Tensor | float]]:
        """Yield each region's share of the core's positions, and its area in the whole picture."""
        if self._guides is None:
            height, width = tile.size_at(layer)
            yield None, float(height * width)
            return
        top, bottom, left, right = tile.core_at(layer)
        for share in self._guides.at(layer):
            yield share[top:bottom, left:right], share.sum()


class _TwoSweeps(torch.autograd.Function):
    """Sum the contributions of all tiles; backward, return the picture's gradient."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        picture: Tensor,
        measurer: TiledMeasurer,
        style: Sequence[str],
        content: Sequence[str],
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(picture)
        ctx.measurer = measurer  # type: ignore[attr-defined]
        ctx.layers = (style, content)  # type: ignore[attr-defined]
        sums: list[Tensor] = []
        for tile in measurer.tiles(picture, {*style, *content}):
            parts = measurer.contributions(tile.crop(picture), tile, style, content)
            sums = [a + b for a, b in zip(sums, parts, strict=True)] if sums else parts
        return tuple(sums)

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Tensor) -> tuple[Tensor, None, None, None]:
        (picture,) = cast("tuple[Tensor]", ctx.saved_tensors)  # type: ignore[attr-defined]
        measurer: TiledMeasurer = ctx.measurer  # type: ignore[attr-defined]
        style, content = ctx.layers  # type: ignore[attr-defined]
        gradient = torch.zeros_like(picture)
        for tile in measurer.tiles(picture, {*style, *content}):
            with torch.enable_grad():
                window = tile.crop(picture).detach().requires_grad_()
                parts = measurer.contributions(window, tile, style, content)
                (window_gradient,) = torch.autograd.grad(parts, window, grads)
            tile.crop(gradient).add_(window_gradient)
        return gradient, None, None, None
