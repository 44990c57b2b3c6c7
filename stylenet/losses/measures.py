"""What of a picture the loss is made of: Gram matrices by region, and distances of content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stylenet.losses.functional import content_loss, gram_matrix, gram_sum

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import Tensor

    from stylenet.features.vgg import Network
    from stylenet.losses.guides import Guides

__all__ = ["Measure", "Measured", "WholePicture"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measured:
    """A picture as the terms of the loss see it.

    Attributes:
        picture: the picture itself, (1, 3, height, width).
        grams: by layer, a Gram matrix (channels, channels) for each region.
        content: by layer, the content loss, a scalar.
    """

    picture: Tensor
    grams: Mapping[str, tuple[Tensor, ...]]
    content: Mapping[str, Tensor]


class Measure(Protocol):
    """What measures a picture, so that gradients flow back to it."""

    def __call__(self, picture: Tensor, layers: Collection[str]) -> Measured:
        """Measure a picture (1, 3, height, width) at these layers, as far as they have a term."""
        ...


class WholePicture:
    """Measures a picture in one pass through the network.

    Args:
        network: whose features are measured.
        style: the layers that have a style term.
        content: by layer that has a content term, the content picture's features.
        guides: of the regions; None for one region, the whole picture.
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

    def __call__(self, picture: Tensor, layers: Collection[str]) -> Measured:
        """See `Measure`."""
        features = self._network(picture, layers) if layers else {}
        return Measured(
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
        if self._guides is None:
            return (gram_matrix(features),)
        channels = features.shape[1]
        return tuple(
            gram_sum(features, share) / (channels * share.sum()) for share in self._guides.at(layer)
        )
