"""The layers of VGG-19 and of the reduced network: shapes and arithmetic. Free of torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from stylenet.recipe import LAYERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = [
    "REDUCED_CHANNELS",
    "REDUCED_FILTERS",
    "REDUCED_LAYERS",
    "deepest_of",
    "down_to",
    "exact_cost",
    "is_narrowed",
    "layer_shape",
    "macs_per_pixel",
    "pools_before",
    "reduced_channels_in",
    "reduced_cost",
    "reduced_kernel_shapes",
    "require_reduced",
]

_BLOCK_CHANNELS = (64, 128, 256, 512, 512)
_FULL_DEPTH = "relu5_2"
"""The deepest layer of the cookbook's loss; one pass is the arithmetic down to it."""

REDUCED_FILTERS = 32
"""Filters of the first layer that the reduced network keeps, of 64."""

REDUCED_CHANNELS: Mapping[str, tuple[int, int]] = {
    "relu1_2": (REDUCED_FILTERS, 24),
    "relu2_1": (40, 52),
    "relu2_2": (72, 72),
    "relu3_1": (80, 96),
    "relu3_2": (112, 88),
    "relu3_3": (112, 72),
    "relu3_4": (112, 72),
    "relu4_1": (128, 120),
    "relu4_2": (160, 128),
}
"""Channels into and out of the reduced network's 3 × 3 convolution, by layer."""

REDUCED_LAYERS: tuple[str, ...] = tuple(REDUCED_CHANNELS)
"""Layers whose features the reduced network gives. It computes relu1_1 only in part."""


def deepest_of(layers: Collection[str]) -> str:
    """Return the deepest of these layers.

    Raises:
        KeyError: a layer is unknown, or there is none.
    """
    for layer in layers:
        if layer not in LAYERS:
            raise KeyError(layer)
    for layer in reversed(LAYERS):
        if layer in layers:
            return layer
    raise KeyError(tuple(layers))


def down_to(layers: Collection[str], deepest: str | None) -> frozenset[str]:
    """Return the layers no deeper than `deepest`, or all of them where it is None."""
    depth = LAYERS.index(deepest or LAYERS[-1])
    return frozenset(name for name in layers if LAYERS.index(name) <= depth)


def layer_shape(layer: str) -> tuple[int, int, float]:
    """Return a layer's input channels, output channels, and positions per pixel of the picture.

    Raises:
        KeyError: the layer is unknown.
    """
    if layer not in LAYERS:
        raise KeyError(layer)
    block = int(layer[4])
    channels = _BLOCK_CHANNELS[block - 1]
    channels_in = channels
    if layer.endswith("_1"):
        channels_in = _BLOCK_CHANNELS[block - 2] if block > 1 else 3
    return channels_in, channels, 0.25 ** (block - 1)


def pools_before(layer: str) -> int:
    """Return how many pools precede a layer; each halves the resolution of its features."""
    return int(layer[4]) - 1


def macs_per_pixel(layer: str) -> float:
    """Return the multiplications per pixel of one forward pass of VGG-19 down to a layer.

    Raises:
        ValueError: the layer is unknown.
    """
    total = 0.0
    for name in LAYERS[: LAYERS.index(layer) + 1]:
        channels_in, channels, positions = layer_shape(name)
        total += 9 * channels_in * channels * positions
    return total


def exact_cost(layers: Collection[str]) -> float:
    """Return the cost of one evaluation of VGG-19 at these layers, in passes.

    One pass is the arithmetic of the convolutions down to relu5_2, forward and backward; a
    forward evaluation alone costs half.

    Raises:
        KeyError: a layer is unknown, or there is none.
    """
    return macs_per_pixel(deepest_of(layers)) / macs_per_pixel(_FULL_DEPTH)


def reduced_cost(layers: Collection[str]) -> float:
    """Return the cost of one evaluation of the reduced network at these layers, in passes.

    Raises:
        KeyError: a layer is not one of `REDUCED_LAYERS`, or there is none.
    """
    deepest = require_reduced(layers)
    total = 0.0
    for layer in LAYERS[: LAYERS.index(deepest) + 1]:
        positions = layer_shape(layer)[2]
        total += positions * sum(map(math.prod, reduced_kernel_shapes(layer).values()))
    return total / macs_per_pixel(_FULL_DEPTH)


def require_reduced(layers: Collection[str]) -> str:
    """Return the deepest of these layers of the reduced network.

    Raises:
        KeyError: a layer is not one of `REDUCED_LAYERS`, or there is none.
    """
    for layer in layers:
        if layer not in REDUCED_LAYERS:
            raise KeyError(layer)
    return deepest_of(layers)


def reduced_channels_in(layer: str) -> int:
    """Return the channels that enter a layer of the reduced network."""
    return REDUCED_FILTERS if layer == "relu1_2" else layer_shape(layer)[0]


def is_narrowed(layer: str) -> bool:
    """Return whether a 1 × 1 convolution reduces the channels before the layer's 3 × 3 one."""
    return REDUCED_CHANNELS[layer][0] < reduced_channels_in(layer)


def reduced_kernel_shapes(layer: str) -> dict[str, tuple[int, int, int, int]]:
    """Return the kernel shapes (out, in, height, width) of a layer's convolutions, by name."""
    if layer not in REDUCED_CHANNELS:
        return {f"{layer}_kernel": (REDUCED_FILTERS, 3, 3, 3)}
    entering, leaving = REDUCED_CHANNELS[layer]
    shapes = {
        f"{layer}_kernel": (leaving, entering, 3, 3),
        f"{layer}_widen": (layer_shape(layer)[1], leaving, 1, 1),
    }
    if is_narrowed(layer):
        shapes[f"{layer}_narrow"] = (entering, reduced_channels_in(layer), 1, 1)
    return shapes
