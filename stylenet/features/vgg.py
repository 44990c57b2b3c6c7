"""VGG-19 as a source of features by layer name, no deeper than it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor, nn

from stylenet.architecture import deepest_of, exact_cost
from stylenet.features.convolution import convolve
from stylenet.recipe import LAYERS, Padding

if TYPE_CHECKING:
    from collections.abc import Collection

    from stylenet.features.weights import Weights

__all__ = ["VGG19", "Network"]


class Network(Protocol):
    """What features are taken from: `VGG19`, or a cheaper stand-in."""

    def __call__(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the rectified features of these layers by name."""
        ...

    def cost(self, layers: Collection[str]) -> float:
        """Return what forward and backward to the deepest of these layers cost, in passes."""
        ...


class VGG19(nn.Module):
    """The convolutional part of VGG-19, frozen.

    The weights are buffers: nothing is ever spent on gradients with respect to them. Pictures and
    features are channels_last, which is the faster order for these convolutions on CPUs (by a
    third where it was measured) as on GPUs.

    A side of odd length is pooled to (side + 1) / 2, as Caffe and TensorFlow's SAME do and as
    these weights were trained; torch's default drops the last row.

    Args:
        weights: of the convolutions.
        dtype: of the convolutions. In bfloat16 they take half the memory and, on GPUs, time;
            the picture's mean, and all that is made of the features, stay in the picture's dtype.
        padding: what every convolution sees beyond the borders of what it is given.
    """

    def __init__(
        self,
        weights: Weights,
        dtype: torch.dtype = torch.float32,
        *,
        padding: Padding = Padding.ZEROS,
    ) -> None:
        super().__init__()
        self._padding = padding
        for layer in LAYERS:
            kernel = weights.kernels[layer].to(dtype, memory_format=torch.channels_last)
            self.register_buffer(f"{layer}_kernel", kernel, persistent=False)
            self.register_buffer(f"{layer}_bias", weights.biases[layer].to(dtype), persistent=False)
        mean = torch.tensor(weights.mean).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the rectified features of these layers.

        Args:
            picture: (1, 3, height, width) RGB in 0..255.
            layers: names such as ``"relu4_2"``. Nothing deeper than the deepest is computed.

        Returns:
            By name: (1, channels, height / 2^b, width / 2^b), channels_last, in the dtype of the
            picture.

        Raises:
            KeyError: there is no layer of such a name.
        """
        deepest = deepest_of(layers)
        features = {}
        x = (picture - self.get_buffer("mean")).to(
            self.get_buffer("relu1_1_kernel").dtype, memory_format=torch.channels_last
        )
        for layer in LAYERS:
            if layer.endswith("_1") and layer != "relu1_1":
                x = F.max_pool2d(x, 2, ceil_mode=True)
            kernel, bias = self.get_buffer(f"{layer}_kernel"), self.get_buffer(f"{layer}_bias")
            x = convolve(x, kernel, bias, padding=self._padding, rectified=True)
            if layer in layers:
                features[layer] = x.to(picture.dtype)
            if layer == deepest:
                break
        return features

    def cost(self, layers: Collection[str]) -> float:
        """Return what forward and backward to the deepest of these layers cost, in passes.

        One pass is the arithmetic of the convolutions, forward and backward, to relu5_2, the
        deepest layer of the cookbook's loss; a forward alone costs half.

        Raises:
            KeyError: there is no layer of such a name.
        """
        return exact_cost(layers)
