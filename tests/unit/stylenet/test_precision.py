"""Every precision of the convolutions against float64, with real weights and pictures."""

from __future__ import annotations

import pytest
import torch

from stylenet import stylize
from stylenet.architecture import REDUCED_LAYERS
from stylenet.engine import devices
from stylenet.engine.objective import Objective
from stylenet.features.reduced import load_reduced
from stylenet.features.vgg import VGG19
from stylenet.losses.targets import measure_targets
from stylenet.precision import Precision
from stylenet.recipe import Recipe

RECIPE = Recipe.named("cookbook-fast")


def evaluate(network, pair, picture, dtype, layers):
    content, style = (to(dtype) for to in pair)
    targets = measure_targets(network, content, [style], RECIPE, layers=layers)
    objective = Objective(network, targets, RECIPE, damping=0.1)
    return objective.evaluate(picture.to(dtype))


@pytest.mark.parametrize(
    ("dtype", "loss", "cosine"), [(torch.float32, 1e-5, 0.999_999), (torch.bfloat16, 0.02, 0.99)]
)
@pytest.mark.parametrize("kind", ["exact", "reduced"])
def test_it_agrees_with_float64(weights, content, style, to_tensor, kind, dtype, loss, cosine):
    """Of the loss at the start of a painting, and of its gradient's direction and length."""

    def make(dtype):
        return VGG19(weights, dtype) if kind == "exact" else load_reduced(weights, dtype=dtype)

    layers = RECIPE.layers if kind == "exact" else REDUCED_LAYERS
    same_size = style.resize(content.size)
    pair = [lambda dtype, image=image: to_tensor(image, dtype) for image in (content, same_size)]
    picture = (to_tensor(content, torch.float64) + to_tensor(same_size, torch.float64)) / 2
    expected = evaluate(make(torch.float64).double(), pair, picture, torch.float64, layers)
    found = evaluate(make(dtype), pair, picture, torch.float32, layers)
    assert found.gradient.dtype == torch.float32
    assert found.loss == pytest.approx(expected.loss, rel=loss)
    ours, theirs = found.gradient.double().flatten(), expected.gradient.flatten()
    assert torch.nn.functional.cosine_similarity(ours, theirs, dim=0) > cosine
    assert ours.norm() == pytest.approx(float(theirs.norm()), rel=5 * loss)


def test_a_mixed_painting_ends_where_one_in_float32_does(content, style):
    """After as many passes as it takes until steps change little: earlier, rounding decides."""
    recipe = RECIPE.evolve(passes=24)
    mixed = stylize(content, style, recipe, device="cpu", precision="mixed")
    plain = stylize(content, style, recipe, device="cpu", precision="float32")
    assert mixed.losses.total == pytest.approx(plain.losses.total, rel=0.1)
    assert (mixed.pixels != plain.pixels).any()


def test_auto_is_float32_on_cpus():
    cpu = torch.device("cpu")
    assert devices.draft_dtype(cpu, Precision.AUTO) == torch.float32
    assert devices.draft_dtype(cpu, Precision.FLOAT32) == torch.float32
    assert devices.draft_dtype(cpu, Precision.MIXED) == torch.bfloat16


def test_an_unknown_precision_is_refused(content, style):
    with pytest.raises(ValueError, match="half"):
        stylize(content, style, RECIPE, precision="half")
