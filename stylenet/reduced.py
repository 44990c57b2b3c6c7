"""A reduced VGG-19 for drafts: nearly the same features for a quarter of the arithmetic."""

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
from stylenet.vgg import deepest_of, full_cost, layer_shape

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from stylenet.weights import Weights

__all__ = ["FILTERS", "RANKS", "REACHED", "ReducedVGG", "fit", "load_reduced", "reduced_cost"]

FILTERS = 32
"""How many of the first layer's 64 filters are kept: the others are nearly mixtures of them."""

RANKS: Mapping[str, int] = {
    "relu1_2": 24,
    "relu2_1": 52,
    "relu2_2": 72,
    "relu3_1": 96,
    "relu3_2": 88,
    "relu3_3": 72,
    "relu3_4": 72,
    "relu4_1": 120,
    "relu4_2": 128,
}
"""Channels between the two factors of a convolution."""

REACHED: tuple[str, ...] = tuple(RANKS)
"""The layers whose features the reduced network gives. Of the first, it has but `FILTERS`."""

_LAYERS = ("relu1_1", *REACHED)
_PICTURES = 8
_HEIGHT, _WIDTH = 160, 208
_SAMPLES = 30_000
_WIDEST_PATCH = 1152
"""Numbers in a patch of 3 × 3 features up to which a kernel is fitted whole; see `fit`."""
_RIDGE = 1e-3
_CACHE_VERSION = 2

_log = logging.getLogger(__name__)


class ReducedVGG(nn.Module):
    """VGG-19 to relu4_2 whose convolutions go through fewer channels.

    The first convolution has fewer filters; each other is a 3 × 3 one to r channels and a 1 × 1
    one back. A drop-in for `stylenet.vgg.VGG19` at the layers it reaches; its features differ
    from the exact ones by some per cent, so targets must be measured with the same network.

    Args:
        factors: what `fit` returned, by layer.
        mean: of the training pictures, (1, 3, 1, 1).
        dtype: of the convolutions; see `VGG19`.
    """

    def __init__(
        self, factors: Mapping[str, Tensor], mean: Tensor, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean, persistent=False)
        for name, values in factors.items():
            order = torch.channels_last if values.ndim == 4 else torch.preserve_format
            self.register_buffer(name, values.to(dtype, memory_format=order), persistent=False)

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the features of these layers; see `VGG19.forward`.

        Raises:
            KeyError: a layer is not one of `REACHED`.
        """
        deepest = _deepest_of(layers)
        features = {}
        x = (picture - self.get_buffer("mean")).to(
            self.get_buffer("relu1_1_first").dtype, memory_format=torch.channels_last
        )
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
                features[layer] = x.to(picture.dtype)
            if layer == deepest:
                break
        return features

    def cost(self, layers: Collection[str]) -> float:
        """Return what forward and backward to these layers cost, in passes; see `VGG19.cost`."""
        return reduced_cost(layers)


def reduced_cost(layers: Collection[str]) -> float:
    """Return what forward and backward to these layers cost on the reduced network, in passes.

    Raises:
        KeyError: a layer is not one of `REACHED`.
    """
    deepest = _deepest_of(layers)
    total = 0.0
    for layer in _LAYERS[: _LAYERS.index(deepest) + 1]:
        channels_in, channels, share = _layer_shape(layer)
        through = RANKS.get(layer)
        if through is None:
            total += 9 * channels_in * channels * share
        else:
            total += (9 * channels_in + channels) * through * share
    return total / full_cost()


def _deepest_of(layers: Collection[str]) -> str:
    for layer in layers:
        if layer not in REACHED:
            raise KeyError(layer)
    return deepest_of(layers)


def _layer_shape(layer: str) -> tuple[int, int, float]:
    """As `stylenet.vgg.layer_shape`, of the reduced network."""
    channels_in, channels, share = layer_shape(layer)
    if layer == "relu1_1":
        channels = FILTERS
    if layer == "relu1_2":
        channels_in = FILTERS
    return channels_in, channels, share


def load_reduced(
    weights: Weights, *, dtype: torch.dtype = torch.float32, folder: Path | None = None
) -> ReducedVGG:
    """Return the reduced network of these weights, from the cache or fitted now.

    Args:
        weights: of the exact network.
        dtype: of the convolutions; see `VGG19`.
        folder: where fits are kept; None for the user's cache folder. A folder that cannot be
            written costs the fit again next time, and nothing else.
    """
    folder = folder or platformdirs.user_cache_path("stylenet", appauthor=False)
    path = folder / f"reduced-{_CACHE_VERSION}-{weights.fingerprint()}.npz"
    factors = _read_cache(path)
    if factors is None:
        factors = fit(weights)
        _write_cache(path, factors)
    return ReducedVGG(factors, torch.tensor(weights.mean).view(1, 3, 1, 1), dtype)


@torch.no_grad()
def fit(weights: Weights) -> dict[str, Tensor]:
    """Fit the factors, layer by layer, on pictures of dead leaves. Takes seconds.

    Let e be a layer's exact responses and x the patches of 3 × 3 that its kernel K meets in the
    reduced network's own features so far. The kernel that predicts e best is M = K + D, where
    D regresses what K x leaves of e on x; of all kernels of rank r the best is U Uᵀ M with U
    the leading eigenvectors of the predictions' covariance. So the first factor is Uᵀ M, the
    second U, and every layer also mends, as far as it can, what those before it lost. Where
    patches are too wide for that, x is what K makes of them, and M = I + D.

    Returns:
        ``relu4_1_first`` (r, in, 3, 3), ``relu4_1_second`` (out, r, 1, 1) and ``relu4_1_bias``
        (out,) for each layer; the first layer has no second factor.
    """
    random = torch.Generator().manual_seed(0)
    mean = torch.tensor(weights.mean).view(1, 3, 1, 1)
    pictures = np.stack([dead_leaves(_HEIGHT, _WIDTH, seed=seed) for seed in range(_PICTURES)])
    exact = torch.from_numpy(pictures.astype(np.float32)).permute(0, 3, 1, 2) - mean
    exact = exact.contiguous(memory_format=torch.channels_last)
    own = exact
    factors: dict[str, Tensor] = {}
    kept: Tensor | None = None
    for layer in _LAYERS:
        kernel, bias = weights.kernels[layer], weights.biases[layer]
        if layer.endswith("_1") and layer != "relu1_1":
            exact, own = F.max_pool2d(exact, 2), F.max_pool2d(own, 2)
        exact = F.conv2d(exact, kernel, padding=1)
        if layer in RANKS:
            prior = kernel if kept is None else kernel[:, kept]
            kept = None
            first, second, offset = _factor(exact, own, prior, RANKS[layer], random)
            factors[f"{layer}_second"], bias = second, offset + bias
            own = F.conv2d(F.conv2d(own, first, padding=1), second, bias)
            exact = F.relu_(exact + weights.biases[layer].view(1, -1, 1, 1))
        else:
            exact = F.relu_(exact + bias.view(1, -1, 1, 1))
            kept = _choose_filters(exact, weights.kernels["relu1_2"])
            first, bias, own = kernel[kept], bias[kept], exact[:, kept]
        factors[f"{layer}_first"], factors[f"{layer}_bias"] = first.contiguous(), bias
        own = F.relu(own)
    return factors


def _factor(
    exact: Tensor, own: Tensor, kernel: Tensor, rank: int, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Factor a kernel so that on `own` (n, in, h, w) it predicts `exact` (n, out, h, w) best.

    Returns:
        first (rank, in, 3, 3), second (out, rank, 1, 1) and offset (out,).
    """
    wide = kernel[0].numel() > _WIDEST_PATCH
    e_rows, x_rows = [], []
    for i in range(len(own)):
        count = exact[i, 0].numel()
        at = torch.randperm(count, generator=random)[: min(_SAMPLES // len(own), count)]
        if wide:
            x = F.conv2d(own[i : i + 1], kernel, padding=1)[0].flatten(1)
        else:
            x = F.unfold(own[i : i + 1].contiguous(), 3, padding=1)[0]
        x_rows.append(x[:, at].T)
        e_rows.append(exact[i].flatten(1)[:, at].T)
    prior = torch.eye(len(kernel)) if wide else kernel.flatten(1)
    inner, outer, offset = _regress(torch.cat(e_rows), torch.cat(x_rows), prior, rank)
    if wide:
        first = torch.einsum("rc,cikl->rikl", inner, kernel)
    else:
        first = inner.view(rank, *kernel.shape[1:])
    return first, outer[:, :, None, None], offset


def _regress(e: Tensor, x: Tensor, prior: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Predict the rows of e (n, out) from those of x (n, in), near `prior` (out, in), by rank.

    Returns:
        inner (rank, in), outer (out, rank) and offset (out,) in float32.
    """
    e_mean, x_mean = e.mean(0), x.mean(0)
    e, x = e - e_mean, x - x_mean
    s_xx, s_ex = (x.T @ x).double() / len(x), (e.T @ x).double() / len(x)
    near = prior.double()
    ridge = _RIDGE * s_xx.diagonal().mean() * torch.eye(len(s_xx), dtype=torch.float64)
    best = near + torch.linalg.solve(s_xx + ridge, (s_ex - near @ s_xx).T).T
    _, vectors = torch.linalg.eigh(best @ s_xx @ best.T)
    outer = vectors[:, -rank:]
    inner = outer.T @ best
    offset = e_mean.double() - outer @ (inner @ x_mean.double())
    return inner.float(), outer.float(), offset.float()


def _choose_filters(features: Tensor, kernel: Tensor) -> Tensor:
    """Choose the first layer's filters, one by one, from which the rest can be predicted.

    What counts is the error that reaches the next layer, through its kernel (out, in, 3, 3).
    """
    rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])[::7].double()
    rows = rows - rows.mean(0)
    covariance = rows.T @ rows / len(rows)
    reach = torch.einsum("oikl,ojkl->ij", kernel.double(), kernel.double())
    ridge = 1e-6 * covariance.diagonal().mean()
    chosen: list[int] = []
    for _ in range(FILTERS):
        errors = {}
        for candidate in set(range(len(covariance))) - set(chosen):
            kept = [*chosen, candidate]
            own = covariance[kept][:, kept] + ridge * torch.eye(len(kept), dtype=torch.float64)
            predicted = covariance[:, kept] @ torch.linalg.solve(own, covariance[kept])
            errors[candidate] = float(((covariance - predicted) * reach).sum())
        chosen.append(min(errors, key=errors.__getitem__))
    return torch.tensor(sorted(chosen))


def _read_cache(path: Path) -> dict[str, Tensor] | None:
    """Read a fit; None where there is none, or where it is not what `fit` returns."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("the reduced network in %s is damaged and fitted again: %s", path, error)
        return None
    expected = {name: tuple(shape) for name, shape in _shapes().items()}
    shapes = {name: values.shape for name, values in stored.items()}
    sound = all(v.dtype == np.float32 and np.isfinite(v).all() for v in stored.values())
    if shapes != expected or not sound:
        _log.warning("the reduced network in %s is not one and is fitted again", path)
        return None
    return {name: torch.from_numpy(values) for name, values in stored.items()}


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in _LAYERS:
        channels_in, channels, _ = _layer_shape(layer)
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
