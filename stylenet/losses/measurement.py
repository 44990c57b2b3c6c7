"""What the loss needs to know of a picture: Gram matrices by region, and content distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation

from stylenet.architecture import pools_before
from stylenet.losses.functional import content_loss, gram_matrix, gram_sum

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import Tensor

    from stylenet.features.vgg import Network

__all__ = ["Guides", "Measurement", "Measurer", "WholeMeasurer"]

_RESOLUTIONS = 5


class Guides:
    """Region masks at the resolution of every layer, for guided Grams (arXiv 1611.07865, §4).

    The masks are averaged where the network takes maxima. Averages keep a region's share of the
    positions, which its Gram matrix is divided by, the same at every layer.

    Args:
        shares: (regions, height, width) in 0..1, how much of each pixel belongs to each region;
            the sum over the regions is at most 1.

    Attributes:
        areas: each region's share of the picture, in 0..1.
    """

    def __init__(self, shares: Tensor) -> None:
        self._levels = [shares]
        for _ in range(_RESOLUTIONS - 1):
            # (regions, h, w) → (regions, ⌈h/2⌉, ⌈w/2⌉), with odd sides rounded up as in VGG19.
            pooled = F.avg_pool2d(self._levels[-1][None], 2, ceil_mode=True)[0]
            self._levels.append(pooled)
        self.areas = tuple(float(share.mean()) for share in shares)

    def at(self, layer: str) -> Tensor:
        """Return the shares at a layer's resolution: (regions, height / 2^b, width / 2^b)."""
        return self._levels[pools_before(layer)]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measurement:
    """A picture as the terms of the loss see it.

    Attributes:
        picture: the picture itself, (1, 3, height, width).
        grams: by layer, one Gram matrix (channels, channels) per region.
        content: by layer, the content loss, a scalar.
    """

    picture: Tensor
    grams: Mapping[str, tuple[Tensor, ...]]
    content: Mapping[str, Tensor]


class Measurer(Protocol):
    """Measures pictures; gradients flow back to the picture."""

    def __call__(self, picture: Tensor, layers: Collection[str]) -> Measurement:
        """Measure a picture (1, 3, height, width) at those of these layers that have a term."""
        ...


class WholeMeasurer:
    """Measures a picture in one pass through the network.

    Args:
        network: whose features are measured.
        style: the layers that have a style term.
        content: the content picture's features, by layer that has a content term.
        guides: of the regions; None for a single region, the whole picture.
    """

    def __init__(
        self,
        network: Network,
        *,
        style: Collection[str],
        content: Mapping[str, Tensor],
        guides: Guides | None = None,
    ) -> None:
        self._network = network
        self._style = style
        self._content = content
        self._guides = guides

    def __call__(self, picture: Tensor, layers: Collection[str]) -> Measurement:
        """See `Measurer`."""
        features = self._network(picture, layers) if layers else {}
        return Measurement(
            picture=picture,
            grams={
                name: self._grams(name, features[name]) for name in self._style if name in layers
            },
            content={
                name: content_loss(features[name], target)
                for name, target in self._content.items()
                if name in layers
            },
        )

    def _grams(self, layer: str, features: Tensor) -> tuple[Tensor, ...]:
        """Reduce (1, channels, h, w) to one (channels, channels) per region."""
        if self._guides is None:
            return (gram_matrix(features),)
        channels = features.shape[1]
        return tuple(
            gram_sum(features, share) / (channels * share.sum()) for share in self._guides.at(layer)
        )
