"""Time of a step relative to its bare convolutions, and its peak memory, by size.

    python benchmarks/passes.py --sizes 192x144 384x288 --device cpu

The floor is the sum of the bare convolutions down to the deepest minimised layer, forward and
backward to their input, each timed alone on features of its shape. A step is a whole L-BFGS step:
the evaluation with cosines, Gram matrices, rectification, pooling and total variation, and the
optimizer. ``overhead`` is step ÷ floor. The reduced network's step is shown relative to the exact
one, beside the ratio of their arithmetic. Peak memory is measured in a separate process, less what
it holds before the first evaluation; below about 0.1 megapixels it shows the loading of the
weights instead. Each time is the minimum of several runs. On a busy machine the times are not
reliable; an overhead below 1 is a sign of that.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from typing import TYPE_CHECKING

from stylenet.threads import wait_passively

wait_passively()

import psutil
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own abbreviation

from stylenet.architecture import REDUCED_LAYERS, down_to, layer_shape
from stylenet.engine import devices
from stylenet.engine.objective import Objective
from stylenet.features.reduced import ReducedVGG, load_reduced
from stylenet.features.vgg import VGG19
from stylenet.features.weights import bundled_weights
from stylenet.losses.targets import measure_targets
from stylenet.optim.fourier import FourierBasis
from stylenet.optim.lbfgs import LBFGS
from stylenet.optim.optimizer_state import Point
from stylenet.precision import Precision
from stylenet.recipe import LAYERS, Recipe

if TYPE_CHECKING:
    from collections.abc import Callable


RECIPE = Recipe.named("cookbook-fast")
_KIBIBYTES = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss, in bytes


def main() -> int:
    parser = argparse.ArgumentParser(description="Time a step and its bare convolutions.")
    parser.add_argument("--sizes", nargs="+", default=["192x144", "384x288"], metavar="WxH")
    parser.add_argument("--repeats", type=int, default=5, help="runs of which the minimum is shown")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    device = str(devices.resolve(options.device))
    print(f"On {devices.describe(torch.device(device))}:\n")
    print("| size | floor s | step s | overhead | reduced ÷ step | (arithmetic) | MiB per MP |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    context = multiprocessing.get_context("spawn")
    for text in options.sizes:
        width, height = (int(side) for side in text.split("x"))
        with context.Pool(1) as pool:
            peak = pool.apply(peak_bytes, (width, height, device))
        with context.Pool(1) as pool:
            floor, step, reduced, arithmetic = pool.apply(
                timings, (width, height, device, options.repeats)
            )
        per_megapixel = peak / (width * height) * 1e6 / (1 << 20)
        print(
            f"| {text} | {floor:.3f} | {step:.3f} | {step / floor:.2f} | {reduced / step:.2f} "
            f"| {arithmetic:.2f} | {per_megapixel:.0f} |",
            flush=True,
        )
    return 0


def timings(width: int, height: int, name: str, repeats: int) -> tuple[float, float, float, float]:
    """Return seconds of floor, exact step and reduced step, and the ratio of their passes."""
    weights, device = bundled_weights(), torch.device(name)
    network = VGG19(weights).to(device)
    reduced = load_reduced(weights, dtype=devices.draft_dtype(device, Precision.AUTO)).to(device)
    floor = sum(least(repeats, recorded(run)) for run in convolutions(network, width, height))
    exact_step, exact = stepper(network, width, height, down_to(RECIPE.layers, RECIPE.deepest))
    reduced_step, draft = stepper(reduced, width, height, RECIPE.layers & frozenset(REDUCED_LAYERS))
    return floor, least(repeats, exact_step), least(repeats, reduced_step), draft / exact


def peak_bytes(width: int, height: int, name: str) -> int:
    """Return the peak bytes of a few steps, in a process that has done nothing else."""
    device = torch.device(name)
    network = VGG19(bundled_weights()).to(device)
    before: int = psutil.Process().memory_info().rss
    step, _ = stepper(network, width, height, down_to(RECIPE.layers, RECIPE.deepest))
    for _ in range(3):
        step()
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIBIBYTES
    return peak - before


def convolutions(network: VGG19, width: int, height: int) -> list[Callable[[], object]]:
    """Return a function per convolution that runs it forward and backward to its input."""
    runs: list[Callable[[], object]] = []
    for layer in LAYERS[: LAYERS.index(RECIPE.deepest or LAYERS[-1]) + 1]:
        channels, _, share = layer_shape(layer)
        side = share**0.5
        rows, columns = -int(-height * side // 1), -int(-width * side // 1)
        x = torch.rand(1, channels, rows, columns, device=network.get_buffer("mean").device)
        x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
        kernel, bias = network.get_buffer(f"{layer}_kernel"), network.get_buffer(f"{layer}_bias")

        def run(
            x: torch.Tensor = x, kernel: torch.Tensor = kernel, bias: torch.Tensor = bias
        ) -> object:
            out = F.conv2d(x, kernel, bias, padding=1)
            return torch.autograd.grad(out, x, torch.ones_like(out))

        runs.append(run)
    return runs


def stepper(
    network: VGG19 | ReducedVGG, width: int, height: int, layers: frozenset[str]
) -> tuple[Callable[[], None], float]:
    """Return a function that takes one L-BFGS step, and the step's cost in passes."""
    generator = torch.Generator().manual_seed(0)
    device = network.get_buffer("mean").device
    content, style, start = (
        (torch.rand(1, 3, height, width, generator=generator) * 255).to(device) for _ in range(3)
    )
    targets = measure_targets(network, content, [style], RECIPE, layers=layers)
    objective = Objective(network, targets, RECIPE, damping=0.1)
    spectrum = FourierBasis(height, width, RECIPE.spectrum, device=device)
    method = LBFGS(history=RECIPE.history, hessian_scale=1.5, first_step=4)

    def evaluate(parameters: torch.Tensor) -> Point:
        found = objective.evaluate(spectrum.to_picture(parameters))
        gradient = spectrum.pull_back(found.gradient)
        return Point(parameters=parameters, loss=found.loss, gradient=gradient)

    point = evaluate(spectrum.to_parameters(start))

    def step() -> None:
        nonlocal point
        point = method.step(point, evaluate) or point

    return step, network.cost(layers)


def recorded(run: Callable[[], object]) -> Callable[[], object]:
    """Record the run as a CUDA graph, as a step is, so that only kernels are timed."""
    if not torch.cuda.is_available():
        return run
    run()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph.replay


def least(repeats: int, run: Callable[[], object]) -> float:
    """Return the minimum seconds of several runs; the first, which allocates, is not counted."""
    run()
    seconds = []
    for _ in range(repeats):
        synchronize()
        began = time.perf_counter()
        run()
        synchronize()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def synchronize() -> None:
    """Wait until the GPU, if there is one, is idle."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
