"""Which share of every place belongs to which region, in the picture and in every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Guides", "block_of"]

_BLOCKS = 5


def block_of(layer: str) -> int:
    """Return a layer's block of convolutions, from 0: how often its features were pooled."""
    return int(layer[4]) - 1


class Guides:
    """The guides of guided Gram matrices (arXiv 1611.07865, §4).

    A feature belongs to a region by the mean of the shares of the pixels that were pooled into
    its place. The network pools by maxima; averages keep the region's area, which a Gram matrix
    is divided by, the same at every layer.

    Args:
        shares: (regions, height, width) in 0..1, with a sum of at most 1 at every pixel.

    Attributes:
        areas: each region's part of the picture, in 0..1.
    """

    def __init__(self, shares: Tensor) -> None:
        self._levels = [shares]
        for _ in range(_BLOCKS - 1):
            # As the network does, a last odd row is kept, and averaged over what there is of it.
            pooled = F.avg_pool2d(self._levels[-1][None], 2, ceil_mode=True)[0]
            self._levels.append(pooled)
        self.areas = tuple(float(share.mean()) for share in shares)

    def at(self, layer: str) -> Tensor:
        """Return the shares at a layer's resolution: (regions, height / 2^b, width / 2^b)."""
        return self._levels[block_of(layer)]
