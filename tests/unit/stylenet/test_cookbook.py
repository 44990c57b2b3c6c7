"""The cookbook's recipe is walked as written: torch's own Adam, on pixels, from the same noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from stylenet import Painting, Progress, paint
from stylenet.features.weights import MEAN_RGB
from stylenet.recipe import Recipe

STEPS = 12


def _features(weights, picture):
    """Every activation by name, written without the library's network."""
    x = picture - torch.tensor(MEAN_RGB, dtype=picture.dtype).view(1, 3, 1, 1)
    found = {}
    for block, count in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 2)):
        if block > 1:
            x = F.max_pool2d(x, 2)
        for number in range(1, count + 1):
            name = f"relu{block}_{number}"
            x = F.relu(F.conv2d(x, weights.kernels[name], weights.biases[name], padding=1))
            found[name] = x
    return found


def _gram(features):
    rows = features[0].flatten(1)
    return rows @ rows.T / features.numel()


def _loss(weights, picture, content, style):
    found = _features(weights, picture)
    loss = sum(
        5 * 0.5 * ((found[name] - content[name]) ** 2).mean() for name in ("relu4_2", "relu5_2")
    )
    for name in ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"):
        loss = loss + 500 / 5 * ((_gram(found[name]) - _gram(style[name])) ** 2).mean()
    down = picture[:, :, 1:] - picture[:, :, :-1]
    right = picture[:, :, :, 1:] - picture[:, :, :, :-1]
    return loss + 100 * 2 * (0.5 * (down**2).mean() + 0.5 * (right**2).mean())


def _tensor(image):
    return torch.from_numpy(np.asarray(image, dtype=np.float32).copy()).permute(2, 0, 1)[None]


@pytest.mark.slow
def test_it_equals_a_run_of_torchs_adam(weights, make_scene, make_strokes):
    content, style = make_scene(64, 48), make_strokes(64, 48)
    recipe = Recipe.named("cookbook").evolve(passes=STEPS + 1, seed=3)
    events = list(paint(content, [style], recipe))
    walked = [event.losses.total for event in events if isinstance(event, Progress)]
    assert isinstance(events[-1], Painting)
    assert len(walked) == STEPS

    with torch.no_grad():
        content_features = _features(weights, _tensor(content))
        style_features = _features(weights, _tensor(style))
    noise = np.random.default_rng(3).standard_normal((48, 64, 3))
    start = torch.from_numpy((np.array(MEAN_RGB) + 0.256 * noise).astype(np.float32))
    picture = start.permute(2, 0, 1)[None].contiguous().requires_grad_()
    adam = torch.optim.Adam([picture], lr=10, betas=(0.9, 0.999))
    expected = []
    for step in range(STEPS + 1):
        adam.zero_grad()
        loss = _loss(weights, picture, content_features, style_features)
        loss.backward()
        if step:
            expected.append(loss.item())
        adam.step()

    # Rounding differs a little, and Adam's first steps, of ±10 by sign alone, let it grow.
    assert walked == pytest.approx(expected, rel=0.03)
