"""A reduced-rank VGG-19 for drafts: nearly the same features for a quarter of the arithmetic."""

from __future__ import annotations

import io
import logging
import os
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor, nn

from stylenet.leaves import dead_leaves
from stylenet.recipe import LAYERS
from stylenet.vgg import deepest_of, full_cost, layer_shape

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from stylenet.weights import Weights

__all__ = ["DEEPEST", "RANKS", "ReducedVGG", "fit", "load_reduced", "reduced_cost"]

DEEPEST = "relu4_2"
"""The deepest layer the reduced network has."""

RANKS: Mapping[str, int] = {
    "relu1_2": 16,
    "relu2_1": 40,
    "relu2_2": 56,
    "relu3_1": 96,
    "relu3_2": 88,
    "relu3_3": 72,
    "relu3_4": 72,
    "relu4_1": 120,
    "relu4_2": 128,
}
"""Channels between the two factors of a convolution. The first convolution stays whole."""

_LAYERS = LAYERS[: LAYERS.index(DEEPEST) + 1]
_PICTURES = 6
_HEIGHT, _WIDTH = 160, 208
_RIDGE = 1e-4
_CACHE_VERSION = 1

_log = logging.getLogger(__name__)


class ReducedVGG(nn.Module):
    """VGG-19 to relu4_2 whose convolutions go through fewer channels.

    Each convolution but the first is a 3 × 3 one to r channels and a 1 × 1 one back. A drop-in for
    `stylenet.vgg.VGG19` as far as it reaches; its features differ from the exact ones by some
    per cent, so targets must be measured with the same network.

    Args:
        factors: what `fit` returned.
    """

    def __init__(self, factors: Mapping[str, Tensor]) -> None:
        super().__init__()
        for name, values in factors.items():
            if values.ndim == 4:
                values = values.contiguous(memory_format=torch.channels_last)  # noqa: PLW2901
            self.register_buffer(name, values, persistent=False)

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the features of these layers; see `VGG19.forward`.

        Raises:
            KeyError: a layer is unknown, or deeper than `DEEPEST`.
        """
        deepest = deepest_of(layers)
        if deepest not in _LAYERS:
            raise KeyError(deepest)
        features = {}
        x = (picture - self.get_buffer("mean")).contiguous(memory_format=torch.channels_last)
        for layer in _LAYERS:
            if layer.endswith("_1") and layer != "relu1_1":
                x = F.max_pool2d(x, 2, ceil_mode=True)
            bias = self.get_buffer(f"{layer}_bias")
            x = F.conv2d(x, self.get_buffer(f"{layer}_first"), padding=1)
            if layer in RANKS:
                x = F.conv2d(x, self.get_buffer(f"{layer}_second"), bias)
            else:
                x = x + bias.view(1, -1, 1, 1)
            x = F.relu_(x)
            if layer in layers:
                features[layer] = x
            if layer == deepest:
                break
        return features

    def cost(self, layers: Collection[str]) -> float:
        """Return what forward and backward to these layers cost, in passes; see `VGG19.cost`."""
        return reduced_cost(layers)


def reduced_cost(layers: Collection[str]) -> float:
    """Return what forward and backward to these layers cost on the reduced network, in passes.

    Raises:
        KeyError: a layer is unknown, or deeper than `DEEPEST`.
    """
    deepest = deepest_of(layers)
    if deepest not in _LAYERS:
        raise KeyError(deepest)
    total = 0.0
    for layer in _LAYERS[: _LAYERS.index(deepest) + 1]:
        channels_in, channels, share = layer_shape(layer)
        through = RANKS.get(layer)
        if through is None:
            total += 9 * channels_in * channels * share
        else:
            total += (9 * channels_in + channels) * through * share
    return total / full_cost()


def load_reduced(weights: Weights, *, folder: Path | None = None) -> ReducedVGG:
    """Return the reduced network of these weights, from the cache or fitted now.

    Args:
        weights: of the exact network.
        folder: where fits are kept; None for the user's cache folder. A folder that cannot be
            written costs the fit again next time, and nothing else.
    """
    folder = folder or platformdirs.user_cache_path("stylenet", appauthor=False)
    path = folder / f"reduced-{_CACHE_VERSION}-{weights.fingerprint()}.npz"
    factors = _read_cache(path, weights)
    if factors is None:
        factors = fit(weights)
        _write_cache(path, factors)
    return ReducedVGG(factors | {"mean": torch.tensor(weights.mean).view(1, 3, 1, 1)})


@torch.no_grad()
def fit(weights: Weights) -> dict[str, Tensor]:
    """Fit the factors, layer by layer, on pictures of dead leaves. Takes seconds.

    Let e be a layer's exact responses and a what its kernel makes of the reduced network's own
    features so far, both centred. The best linear map from a to e is M = S_ea (S_aa + ε)⁻¹, and of
    all maps of rank r the best is U Uᵀ M with U the leading eigenvectors of M S_aa Mᵀ. So the
    first factor is the kernel followed by Uᵀ M and the second is U: every layer also mends, as
    far as it can, what the layers before it lost.

    Returns:
        ``relu4_1_first`` (r, in, 3, 3), ``relu4_1_second`` (out, r, 1, 1) and ``relu4_1_bias``
        (out,) for each layer; the first layer has no second factor.
    """
    mean = torch.tensor(weights.mean).view(1, 3, 1, 1)
    pictures = np.stack([dead_leaves(_HEIGHT, _WIDTH, seed=seed) for seed in range(_PICTURES)])
    exact = torch.from_numpy(pictures.astype(np.float32)).permute(0, 3, 1, 2) - mean
    exact = exact.contiguous(memory_format=torch.channels_last)
    own = exact
    factors: dict[str, Tensor] = {}
    for layer in _LAYERS:
        kernel, bias = weights.kernels[layer], weights.biases[layer]
        if layer.endswith("_1") and layer != "relu1_1":
            exact, own = F.max_pool2d(exact, 2), F.max_pool2d(own, 2)
        exact = F.conv2d(exact, kernel, padding=1)
        if layer in RANKS:
            response = F.conv2d(own, kernel, padding=1)
            inner, outer, offset = _regress(exact, response, RANKS[layer])
            first = torch.einsum("rc,cikl->rikl", inner, kernel)
            second, bias = outer[:, :, None, None], offset + bias
            factors[f"{layer}_second"] = second
            own = F.conv2d(F.conv2d(own, first, padding=1), second, bias)
        else:
            first = kernel
            own = exact + bias.view(1, -1, 1, 1)
        factors[f"{layer}_first"], factors[f"{layer}_bias"] = first, bias
        own = F.relu(own)
        exact = F.relu_(exact + weights.biases[layer].view(1, -1, 1, 1))
    return factors


def _regress(exact: Tensor, response: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Regress `exact` on `response`, both (n, channels, h, w), through `rank` channels.

    Returns:
        inner (rank, channels), outer (channels, rank) and offset (channels,) in float32.
    """
    e = exact.permute(0, 2, 3, 1).reshape(-1, exact.shape[1])
    a = response.permute(0, 2, 3, 1).reshape(-1, response.shape[1])
    e_mean, a_mean = e.mean(0), a.mean(0)
    e, a = e - e_mean, a - a_mean
    s_aa, s_ea = (a.T @ a).double() / len(a), (e.T @ a).double() / len(a)
    ridge = _RIDGE * s_aa.diagonal().mean() * torch.eye(len(s_aa), dtype=torch.float64)
    best = torch.linalg.solve(s_aa + ridge, s_ea.T).T
    _, vectors = torch.linalg.eigh(best @ s_aa @ best.T)
    outer = vectors[:, -rank:]
    inner = outer.T @ best
    offset = e_mean.double() - outer @ (inner @ a_mean.double())
    return inner.float(), outer.float(), offset.float()


def _read_cache(path: Path, weights: Weights) -> dict[str, Tensor] | None:
    """Read a fit; None where there is none, or where it is not what `fit` returns."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("the reduced network in %s is damaged and fitted again: %s", path, error)
        return None
    expected = {name: tuple(shape) for name, shape in _shapes(weights).items()}
    shapes = {name: values.shape for name, values in stored.items()}
    sound = all(v.dtype == np.float32 and np.isfinite(v).all() for v in stored.values())
    if shapes != expected or not sound:
        _log.warning("the reduced network in %s is not one and is fitted again", path)
        return None
    return {name: torch.from_numpy(values) for name, values in stored.items()}


def _shapes(weights: Weights) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in _LAYERS:
        channels, channels_in = weights.kernels[layer].shape[:2]
        through = RANKS.get(layer)
        shapes[f"{layer}_first"] = (through or channels, channels_in, 3, 3)
        shapes[f"{layer}_bias"] = (channels,)
        if through is not None:
            shapes[f"{layer}_second"] = (channels, through, 1, 1)
    return shapes


def _write_cache(path: Path, factors: Mapping[str, Tensor]) -> None:
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **{name: v.numpy() for name, v in factors.items()})
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(out.getvalue())
        partial.replace(path)
    except OSError as error:
        _log.warning("the reduced network cannot be kept in %s: %s", path.parent, error)
