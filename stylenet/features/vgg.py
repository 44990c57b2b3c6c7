"""VGG-19, evaluated down to the deepest layer that is asked for."""

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
    """A network that extracts features: `VGG19`, or the cheaper `ReducedVGG`."""

    def __call__(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the rectified features of these layers by name."""
        ...

    def cost(self, layers: Collection[str]) -> float:
        """Return the cost, in passes, of forward and backward to the deepest of these layers."""
        ...


class VGG19(nn.Module):
    """The convolutional part of VGG-19, frozen.

    The weights are buffers, so no gradients with respect to them are computed. Pictures and
    features are channels_last, which is faster for these convolutions on GPUs and on CPUs (by a
    third where it was measured).

    Pools round an odd side up to (side + 1) / 2, as Caffe and TensorFlow's SAME do and as these
    weights were trained; torch's default drops the last row.

    Args:
        weights: of the convolutions.
        dtype: of the convolutions. bfloat16 halves their memory and, on GPUs, their time; the
            subtraction of the mean and the returned features stay in the picture's dtype.
        padding: of every convolution's input.
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
            layers: names such as ``"relu4_2"``; no layer beyond the deepest of them is computed.

        Returns:
            By name: (1, channels, height / 2^b, width / 2^b) after b pools, channels_last, in the
            picture's dtype.

        Raises:
            KeyError: a layer is unknown, or there is none.
        """
        deepest = deepest_of(layers)
        features = {}
        x = (picture - self.get_buffer("mean")).to(
            self.get_buffer("relu1_1_kernel").dtype, memory_format=torch.channels_last
        )
        for layer in LAYERS:
            if layer.endswith("_1") and layer != "relu1_1":
                x = F.max_pool2d(x, 2, ceil_mode=True)  # (1, c, h, w) → (1, c, ⌈h/2⌉, ⌈w/2⌉)
            kernel, bias = self.get_buffer(f"{layer}_kernel"), self.get_buffer(f"{layer}_bias")
            x = convolve(x, kernel, bias, padding=self._padding, rectified=True)
            if layer in layers:
                features[layer] = x.to(picture.dtype)
            if layer == deepest:
                break
        return features

    def cost(self, layers: Collection[str]) -> float:
        """Return the cost, in passes, of forward and backward to the deepest of these layers.

        One pass is the arithmetic of the convolutions, forward and backward, to relu5_2, the
        deepest layer of the cookbook's loss; a forward alone costs half.

        Raises:
            KeyError: a layer is unknown, or there is none.
        """
        return exact_cost(layers)
