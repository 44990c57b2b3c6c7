"""Features, every term of the loss and their gradients, against NumPy in float64.

The reference shares no code with stylenet: it convolves by patches, pools by maxima and goes
backward by hand.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from stylenet.engine.objective import Objective
from stylenet.losses.targets import measure_targets
from stylenet.recipe import LAYERS, Recipe

MEAN = np.array([123.68, 116.779, 103.939], dtype=np.float32).astype(np.float64)
COOKBOOK = Recipe.named("cookbook")


class ReferenceVGG:
    """VGG-19 over (height, width, 3) float64 pictures, forward and backward."""

    def __init__(self, weights):
        # (out, in, 3, 3) → (3, 3, in, out)
        self.kernels = {
            n: w.double().numpy().transpose(2, 3, 1, 0) for n, w in weights.kernels.items()
        }
        self.biases = {n: b.double().numpy() for n, b in weights.biases.items()}

    def forward(self, picture, deepest):
        x = picture - MEAN
        self.trace = []
        features = {}
        for name in LAYERS:
            if name.endswith("_1") and name != "relu1_1":
                pooled = self._pool(x)
                self.trace.append(("pool", x, pooled))
                x = pooled
            out = self._convolve(x, self.kernels[name]) + self.biases[name]
            x = np.maximum(out, 0)
            self.trace.append((name, out, None))
            features[name] = x
            if name == deepest:
                return features
        raise AssertionError(deepest)

    def backward(self, grads):
        grad = 0.0
        for kind, before, after in reversed(self.trace):
            if kind == "pool":
                grad = self._unpool(before, after, grad)
            else:
                grad = (grad + grads.get(kind, 0.0)) * (before > 0)
                flipped = self.kernels[kind][::-1, ::-1].transpose(0, 1, 3, 2)
                grad = self._convolve(grad, flipped)
        return grad

    @staticmethod
    def _convolve(x, kernel):
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        windows = sliding_window_view(padded, (3, 3), axis=(0, 1))  # (h, w, in, 3, 3)
        return np.tensordot(windows, kernel, axes=([3, 4, 2], [0, 1, 2]))

    @staticmethod
    def _pool(x):
        height, width, channels = x.shape
        padded = np.full((height + height % 2, width + width % 2, channels), -np.inf)
        padded[:height, :width] = x
        blocks = padded.reshape(len(padded) // 2, 2, -1, 2, channels)
        return blocks.max(axis=(1, 3))

    @staticmethod
    def _unpool(before, after, grad):
        out = np.zeros_like(before)
        for i in range(after.shape[0]):
            for j in range(after.shape[1]):
                block = before[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                flat = block.reshape(-1, block.shape[-1])
                for channel, winner in enumerate(flat.argmax(axis=0)):
                    row, column = divmod(int(winner), block.shape[1])
                    out[2 * i + row, 2 * j + column, channel] += grad[i, j, channel]
        return out


def reference_gram(features):
    rows = features.reshape(-1, features.shape[-1])
    return rows.T @ rows / features.size


def reference_losses(vgg, picture, content, style):
    """The cookbook's three terms and their gradients with respect to the picture."""
    wanted = {
        n: f for n, f in vgg.forward(content, "relu5_2").items() if n in {"relu4_2", "relu5_2"}
    }
    style_layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
    style_features = vgg.forward(style, "relu5_2")
    grams = {name: reference_gram(style_features[name]) for name in style_layers}

    features = vgg.forward(picture, "relu5_2")
    content_term = style_term = 0.0
    content_grads, style_grads = {}, {}
    for name, target in wanted.items():
        difference = features[name] - target
        content_term += 5.0 * 0.5 * (difference**2).sum() / difference.size
        content_grads[name] = 5.0 * 0.5 * 2 * difference / difference.size
    for name, target in grams.items():
        f = features[name]
        residual = reference_gram(f) - target
        style_term += 500.0 * 0.2 * (residual**2).sum() / residual.size
        by_gram = 500.0 * 0.2 * 2 * residual / residual.size
        style_grads[name] = (f.reshape(-1, f.shape[-1]) @ (by_gram + by_gram.T) / f.size).reshape(
            f.shape
        )
    content_grad = vgg.backward(content_grads)
    style_grad = vgg.backward(style_grads)

    dy, dx = np.diff(picture, axis=0), np.diff(picture, axis=1)
    variation = 100.0 * 2 * (0.5 * (dy**2).sum() / dy.size + 0.5 * (dx**2).sum() / dx.size)
    variation_grad = np.zeros_like(picture)
    for axis, d in ((0, dy), (1, dx)):
        pull = 100.0 * 2 * d / d.size
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        variation_grad[tuple(ahead)] += pull
        variation_grad[tuple(behind)] -= pull
    return (content_term, content_grad), (style_term, style_grad), (variation, variation_grad)


@pytest.fixture(scope="module")
def reference(weights):
    return ReferenceVGG(weights)


@pytest.fixture(scope="module", params=["made", "shared"])
def pictures(request, make_scene, make_strokes):
    """A content and a style picture of odd size, and a picture under way."""
    if request.param == "shared":
        folder = request.getfixturevalue("shared_images")
        one = Image.open(folder / "tubingen.jpg").resize((19, 14))
        other = Image.open(folder / "starry_night_google.jpg").resize((19, 14))
    else:
        one, other = make_scene(19, 14), make_strokes(19, 14)
    noise = np.random.default_rng(0).normal(0, 12, (14, 19, 3))
    content, style = (np.asarray(p.convert("RGB"), dtype=np.float64) for p in (one, other))
    return content, style, content + noise


def tensor(picture, dtype):
    return torch.from_numpy(picture).permute(2, 0, 1)[None].to(dtype)


def as_picture(values):
    return values[0].permute(1, 2, 0).double().numpy()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_features(reference, pictures, network, exact_network, dtype, tolerance):
    net = exact_network if dtype == torch.float64 else network
    expected = reference.forward(pictures[2], "relu5_4")
    features = net(tensor(pictures[2], dtype), LAYERS)
    assert list(features) == list(LAYERS)
    for name in LAYERS:
        ours = as_picture(features[name])
        assert ours.shape == expected[name].shape
        np.testing.assert_allclose(ours, expected[name], atol=tolerance * expected[name].max())


@pytest.mark.parametrize("term", ["content", "style", "total_variation", "all"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 2e-3)])
def test_losses_and_gradients(reference, pictures, network, exact_network, term, dtype, tolerance):
    net = exact_network if dtype == torch.float64 else network
    content, style, picture = pictures
    names = ("content", "style", "total_variation")
    expected = dict(zip(names, reference_losses(reference, picture, content, style), strict=True))
    off = {"content": "content_weight", "style": "style_weight", "total_variation": "tv_weight"}
    changes = {off[name]: 0 for name in names if term not in {name, "all"}}
    recipe = COOKBOOK.evolve(**changes)
    targets = measure_targets(net, tensor(content, dtype), [tensor(style, dtype)], recipe)
    evaluation = Objective(net, targets, recipe).evaluate(tensor(picture, dtype))

    wanted = names if term == "all" else (term,)
    for name in names:
        value = expected[name][0] if name in wanted else 0.0
        assert evaluation.losses[name] == pytest.approx(value, rel=tolerance)
    assert evaluation.loss == pytest.approx(sum(expected[n][0] for n in wanted), rel=tolerance)
    gradient = sum(expected[n][1] for n in wanted)
    scale = np.abs(gradient).max()
    np.testing.assert_allclose(as_picture(evaluation.gradient), gradient, atol=tolerance * scale)


def test_the_style_and_the_content_themselves_cost_nothing(network, pictures):
    content, style, _ = pictures
    recipe = COOKBOOK.evolve(tv_weight=0)
    given = [tensor(p, torch.float32) for p in (content, style)]
    objective = Objective(network, measure_targets(network, given[0], [given[1]], recipe), recipe)
    assert objective.measure(given[0])["content"] == pytest.approx(0, abs=1e-3)
    assert objective.measure(given[1])["style"] == pytest.approx(0, abs=1e-3)
