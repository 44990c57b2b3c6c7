"""A reduced VGG-19 for drafts: similar features for about a quarter of the arithmetic."""

from __future__ import annotations

import io
import logging
import math
import os
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation
from torch import Tensor, nn

from stylenet.architecture import (
    REDUCED_CHANNELS,
    REDUCED_FILTERS,
    REDUCED_LAYERS,
    is_narrowed,
    layer_shape,
    reduced_cost,
    reduced_kernel_shapes,
    require_reduced,
)
from stylenet.features.convolution import convolve
from stylenet.features.training_images import dead_leaves
from stylenet.recipe import Padding

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from stylenet.features.weights import Weights

__all__ = [
    "ReducedVGG",
    "fit",
    "load_reduced",
]

_LAYERS = ("relu1_1", *REDUCED_LAYERS)
_PICTURES = 8
_HEIGHT, _WIDTH = 160, 208
_SAMPLES = 30_000
_POSITIONS = 60_000
_WIDEST_PATCH = 1152
"""Largest size of a 3 × 3 patch of features for which the whole kernel is fitted; see `fit`."""
_RIDGE = 1e-3
_FAINTEST = 1e-6
"""Smallest eigenvalue of a covariance, as a fraction of the mean eigenvalue."""
_CACHE_VERSION = 3

logger = logging.getLogger(__name__)


class ReducedVGG(nn.Module):
    """VGG-19 down to relu4_2 with factored convolutions.

    The first convolution has fewer filters. Each of the others is a 1 × 1 convolution to fewer
    channels, a 3 × 3 convolution to fewer again, and a 1 × 1 convolution back. It replaces `VGG19`
    at the layers it has. Its features differ from the exact ones by some per cent, so targets must
    be measured with the same network.

    Args:
        factors: what `fit` returns.
        mean: subtracted from pictures, (1, 3, 1, 1) in 0..255.
        dtype: of the convolutions; see `VGG19`.
        padding: of every convolution's input; see `VGG19`.
    """

    def __init__(
        self,
        factors: Mapping[str, Tensor],
        mean: Tensor,
        dtype: torch.dtype = torch.float32,
        *,
        padding: Padding = Padding.ZEROS,
    ) -> None:
        super().__init__()
        self._padding = padding
        self.register_buffer("mean", mean, persistent=False)
        for name, values in factors.items():
            order = torch.channels_last if values.ndim == 4 else torch.preserve_format
            self.register_buffer(name, values.to(dtype, memory_format=order), persistent=False)

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Return the features of these layers; see `VGG19.forward`.

        Raises:
            KeyError: a layer is not one of `REDUCED_LAYERS`.
        """
        deepest = require_reduced(layers)
        features = {}
        x = (picture - self.get_buffer("mean")).to(
            self.get_buffer("relu1_1_kernel").dtype, memory_format=torch.channels_last
        )
        for layer in _LAYERS:
            if layer.endswith("_1") and layer != "relu1_1":
                x = F.max_pool2d(x, 2, ceil_mode=True)
            x = self._convolve(layer, x)
            if layer in layers:
                features[layer] = x.to(picture.dtype)
            if layer == deepest:
                break
        return features

    def _convolve(self, layer: str, x: Tensor) -> Tensor:
        kernel, bias = self.get_buffer(f"{layer}_kernel"), self.get_buffer(f"{layer}_bias")
        if layer not in REDUCED_CHANNELS:
            return convolve(x, kernel, bias, padding=self._padding, rectified=True)
        if is_narrowed(layer):
            x = convolve(x, self.get_buffer(f"{layer}_narrow"))
        x = convolve(x, kernel, padding=self._padding)
        return convolve(x, self.get_buffer(f"{layer}_widen"), bias, rectified=True)

    def cost(self, layers: Collection[str]) -> float:
        """Return the cost of these layers, in passes; see `VGG19.cost`."""
        return reduced_cost(layers)


def load_reduced(
    weights: Weights,
    *,
    dtype: torch.dtype = torch.float32,
    padding: Padding = Padding.ZEROS,
    folder: Path | None = None,
) -> ReducedVGG:
    """Load the reduced network of these weights from the cache, or fit it now.

    Args:
        weights: of the exact network.
        dtype: of the convolutions; see `VGG19`.
        padding: of every convolution's input; see `VGG19`. The fit does not depend on it.
        folder: of the cached fits; None for the user's cache folder. If it is not writable, the
            network is fitted again next time.
    """
    folder = folder or platformdirs.user_cache_path("stylenet", appauthor=False)
    path = folder / f"reduced-{_CACHE_VERSION}-{weights.fingerprint()}.npz"
    factors = _read_cache(path)
    if factors is None:
        factors = fit(weights)
        _write_cache(path, factors)
    mean = torch.tensor(weights.mean).view(1, 3, 1, 1)
    return ReducedVGG(factors, mean, dtype, padding=padding)


@torch.no_grad()
def fit(weights: Weights) -> dict[str, Tensor]:
    """Fit the factors layer by layer on dead leaves pictures. Takes some seconds.

    Let e be the exact network's responses of a layer, and y the reduced network's features that
    enter the layer, with covariance S.

    1. Reduce the input channels. Keep the projection W y from which the kernel's responses can be
       predicted best: W = Vᵀ S^−½ and back S^½ V, where V are the leading eigenvectors of
       S^½ A S^½ and A = Σ KᵀK over the kernel's taps.
    2. Reduce the output channels. Let x be the 3 × 3 patches of W y, and K the kernel that acts on
       them. The least-squares predictor of e is M = K + D, where D is the regression of the
       residual e − K x on x. The best predictor of rank r is U Uᵀ M, where U are the leading
       eigenvectors of the predictions' covariance (reduced-rank regression).

    The layer becomes W, Uᵀ M and U. The regression also corrects errors of earlier layers. If
    patches are too large to regress on, x is the kernel's output instead, and M = I + D.
    ``docs/method.md`` derives it.

    Returns:
        For each layer, e.g. relu4_1: ``relu4_1_narrow`` (entering, in, 1, 1) if it is narrowed,
        ``relu4_1_kernel`` (leaving, entering, 3, 3), ``relu4_1_widen`` (out, leaving, 1, 1) and
        ``relu4_1_bias`` (out,). relu1_1 has only a kernel and a bias.
    """
    random = torch.Generator().manual_seed(0)
    mean = torch.tensor(weights.mean).view(1, 3, 1, 1)
    pictures = np.stack([dead_leaves(_HEIGHT, _WIDTH, seed=seed) for seed in range(_PICTURES)])
    # (n, height, width, 3) → (n, 3, height, width)
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
        if layer in REDUCED_CHANNELS:
            met = kernel if kept is None else kernel[:, kept]
            kept = None
            if is_narrowed(layer):
                narrow, met = _narrow(own, met, REDUCED_CHANNELS[layer][0])
                factors[f"{layer}_narrow"] = narrow
                own = F.conv2d(own, narrow)
            first, widen, offset = _factor(exact, own, met, REDUCED_CHANNELS[layer][1], random)
            factors[f"{layer}_kernel"], factors[f"{layer}_widen"] = first, widen
            factors[f"{layer}_bias"] = offset + bias
            own = F.conv2d(F.conv2d(own, first, padding=1), widen, offset + bias)
            exact = F.relu_(exact + bias.view(1, -1, 1, 1))
        else:
            exact = F.relu_(exact + bias.view(1, -1, 1, 1))
            kept = _choose_filters(exact, weights.kernels["relu1_2"])
            factors[f"{layer}_kernel"], factors[f"{layer}_bias"] = kernel[kept], bias[kept]
            own = exact[:, kept]
        own = F.relu(own)
    return factors


def _narrow(own: Tensor, kernel: Tensor, entering: int) -> tuple[Tensor, Tensor]:
    """Project `own` (n, in, h, w) to fewer channels, with the least error in a kernel's output.

    Args:
        own: features of the reduced network.
        kernel: (out, in, 3, 3).
        entering: channels to keep.

    Returns:
        The projection (entering, in, 1, 1), and the kernel (out, entering, 3, 3) behind it.
    """
    values, vectors = torch.linalg.eigh(_covariance(own))
    values = values.clamp(min=_FAINTEST * values.mean())
    root = vectors @ torch.diag(values.sqrt()) @ vectors.T
    inverse_root = vectors @ torch.diag(values.rsqrt()) @ vectors.T
    _, leading = torch.linalg.eigh(root @ _output_weight(kernel) @ root)
    leading = leading[:, -entering:]
    back = root @ leading  # (in, entering)
    met = torch.einsum("oikl,ie->oekl", kernel.double(), back).float().contiguous()
    return (leading.T @ inverse_root).float()[:, :, None, None].contiguous(), met


def _covariance(features: Tensor) -> Tensor:
    """Return the channels' covariance in float64, from a sample of the positions.

    (n, channels, h, w) → (channels, channels)
    """
    rows = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    rows = rows[:: max(1, len(rows) // _POSITIONS)].double()
    rows = rows - rows.mean(0)
    return rows.T @ rows / len(rows)


def _output_weight(kernel: Tensor) -> Tensor:
    """Return Σ KᵀK over a kernel's taps, (in, in): how input errors weigh in the output."""
    return torch.einsum("oikl,ojkl->ij", kernel.double(), kernel.double())


def _factor(
    exact: Tensor, own: Tensor, kernel: Tensor, rank: int, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Factor a kernel so that its output on `own` predicts `exact` best.

    Args:
        exact: responses of the exact network, (n, out, h, w).
        own: features of the reduced network, (n, in, h, w).
        kernel: (out, in, 3, 3).
        rank: channels between the factors.
        random: chooses the sampled positions.

    Returns:
        The first factor (rank, in, 3, 3), the second (out, rank, 1, 1) and an offset (out,).
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
    return first.contiguous(), outer[:, :, None, None].contiguous(), offset


def _regress(e: Tensor, x: Tensor, prior: Tensor, rank: int) -> tuple[Tensor, Tensor, Tensor]:
    """Regress the rows of e (n, out) on those of x (n, in) by reduced rank.

    Ridge regression that shrinks towards `prior` (out, in) instead of 0.

    Returns:
        The factors (rank, in) and (out, rank) and an offset (out,), in float32.
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
    """Choose the filters of the first layer greedily, to predict the others best.

    The error is measured in the next layer's output, through its kernel (out, in, 3, 3).

    Returns:
        The indices of the chosen filters, sorted: (REDUCED_FILTERS,).
    """
    left = _covariance(features)  # what the filters chosen so far do not predict: (in, in)
    weight = _output_weight(kernel)
    ridge = _FAINTEST * left.diagonal().mean()
    chosen: list[int] = []
    for _ in range(REDUCED_FILTERS):
        gains = (left * (weight @ left)).sum(0) / (left.diagonal() + ridge)
        gains[chosen] = -math.inf
        best = int(gains.argmax())
        chosen.append(best)
        left = left - torch.outer(left[:, best], left[best]) / (left[best, best] + ridge)
    return torch.tensor(sorted(chosen))


def _read_cache(path: Path) -> dict[str, Tensor] | None:
    """Read a cached fit; None if there is none or it is not valid."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            stored = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("cached reduced network %s is damaged, fitting it again: %s", path, error)
        return None
    expected = {name: tuple(shape) for name, shape in _shapes().items()}
    shapes = {name: values.shape for name, values in stored.items()}
    sound = all(v.dtype == np.float32 and np.isfinite(v).all() for v in stored.values())
    if shapes != expected or not sound:
        logger.warning("cached reduced network %s is not valid, fitting it again", path)
        return None
    return {name: torch.from_numpy(values) for name, values in stored.items()}


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in _LAYERS:
        shapes |= reduced_kernel_shapes(layer)
        shapes[f"{layer}_bias"] = (
            REDUCED_FILTERS if layer == "relu1_1" else layer_shape(layer)[1],
        )
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
        logger.warning("cannot cache the reduced network in %s: %s", path.parent, error)
