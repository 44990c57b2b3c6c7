"""On a CUDA device: graphs, precision, memory, and the same picture as the CPU's."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

from stylenet import Checkpoint, Painting, Progress, paint, stylize
from stylenet.architecture import REDUCED_LAYERS
from stylenet.engine.cuda_graph import CudaGraph
from stylenet.features.reduced import load_reduced
from stylenet.features.vgg import VGG19
from stylenet.losses.loss import Loss
from stylenet.losses.targets import measure_targets
from stylenet.recipe import Padding, Recipe

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

CUDA = torch.device("cuda")
RECIPE = Recipe.named("cookbook-fast")


def loss_on(device, network, pair, layers, dtype=torch.float32):
    content, style = (picture.to(device, dtype) for picture in pair)
    targets = measure_targets(network, content, [style], RECIPE, layers=layers)
    return Loss(network, targets, RECIPE, damping=0.1)


@pytest.fixture(scope="module")
def pair(content, style, to_tensor):
    return [to_tensor(image, torch.float64) for image in (content, style.resize(content.size))]


@pytest.fixture(scope="module")
def picture(pair):
    return (pair[0] + pair[1]) / 2


@pytest.mark.parametrize("padding", Padding)
def test_a_graph_gives_the_functions_results(weights, pair, picture, padding):
    network = VGG19(weights, padding=padding).to(CUDA)
    differentiate = loss_on(CUDA, network, pair, RECIPE.layers).differentiate
    recorded = CudaGraph(differentiate)
    pictures = [(picture + shift).to(CUDA, torch.float32) for shift in (0, 5, -9, 20)]
    found = [recorded(each) for each in pictures]  # all of them, before any is compared
    for each, (terms, gradient) in zip(pictures, found, strict=True):
        plain_terms, plain_gradient = differentiate(each)
        torch.testing.assert_close(terms, plain_terms, rtol=1e-4, atol=0)
        largest = float(plain_gradient.abs().max())
        torch.testing.assert_close(gradient, plain_gradient, rtol=0, atol=1e-3 * largest)


@pytest.mark.parametrize(
    ("kind", "dtype", "loss", "cosine"),
    [
        ("exact", torch.float32, 2e-3, 0.9998),  # the convolutions are TF32
        ("reduced", torch.float32, 2e-3, 0.9998),
        ("reduced", torch.bfloat16, 0.02, 0.99),
    ],
)
def test_it_agrees_with_float64_on_the_cpu(weights, pair, picture, kind, dtype, loss, cosine):
    layers = RECIPE.layers if kind == "exact" else REDUCED_LAYERS

    def network(dtype):
        return VGG19(weights, dtype) if kind == "exact" else load_reduced(weights, dtype=dtype)

    exact = loss_on("cpu", network(torch.float64).double(), pair, layers, torch.float64)
    terms, gradient = exact.differentiate(picture)
    found = loss_on(CUDA, network(dtype).to(CUDA), pair, layers)
    found_terms, found_gradient = found.differentiate(picture.to(CUDA, torch.float32))
    assert float(found_terms[0]) == pytest.approx(float(terms[0]), rel=loss)
    ours, theirs = found_gradient.cpu().double().flatten(), gradient.flatten()
    assert torch.nn.functional.cosine_similarity(ours, theirs, dim=0) > cosine
    assert ours.norm() == pytest.approx(float(theirs.norm()), rel=5 * loss)


@pytest.mark.parametrize("name", ["cookbook-fast", "default"])
def test_it_paints_what_the_cpu_paints(make_scene, make_strokes, name):
    content, style = make_scene(192, 144), make_strokes(192, 144)
    recipe = Recipe.named(name)
    on_gpu = stylize(content, style, recipe, device="cuda")
    on_cpu = stylize(content, style, recipe, device="cpu")
    assert on_gpu.device.startswith("cuda")
    assert on_gpu.losses.total == pytest.approx(on_cpu.losses.total, rel=0.1)
    # Rounding moves strokes, but not the mean colours of cells of 12 × 12 pixels.
    cells = [p.pixels.reshape(12, 12, 16, 12, 3).mean((1, 3)) for p in (on_gpu, on_cpu)]
    assert np.abs(cells[0] - cells[1]).mean() < 10


def test_a_painting_in_tiles_is_that_of_the_whole(make_scene, make_strokes):
    recipe = RECIPE.evolve(passes=3, draft=0.34)
    content, style = make_scene(448, 336), make_strokes(448, 336)
    whole = stylize(content, style, recipe, device="cuda")
    tiled = stylize(content, style, recipe, device="cuda", memory_limit=600 << 20)
    assert tiled.losses.total == pytest.approx(whole.losses.total, rel=0.02)


def test_a_resumed_painting_ends_where_the_other_does(content, style):
    recipe = RECIPE.evolve(passes=6)
    whole = stylize(content, style, recipe, device="cuda")
    asked = iter([False] * 9 + [True] * 9)
    events = list(paint(content, [style], recipe, device="cuda", should_stop=lambda: next(asked)))
    assert isinstance(events[-1], Checkpoint)
    rest = list(paint(content, [style], recipe, device="cuda", resume=events[-1].state))
    assert isinstance(rest[-1], Painting)
    assert isinstance(rest[0], Progress)
    assert rest[0].step == 10
    assert rest[-1].losses.total == pytest.approx(whole.losses.total, rel=0.05)


def test_a_painting_leaves_no_memory_behind(content, style):
    """Graphs have memory pools of their own, freed with the painting; networks are kept."""
    recipe = RECIPE.evolve(passes=4, draft=0.25)
    gc.collect()
    gc.disable()
    try:
        held = []
        for _ in range(3):
            stylize(content, style, recipe, device="cuda")
            held.append(torch.cuda.memory_allocated())
    finally:
        gc.enable()
    assert held[2] <= held[1] <= held[0]
