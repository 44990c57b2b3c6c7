from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import stylenet


def test_the_exported_names():
    assert stylenet.__all__ == [
        "RECIPES",
        "Checkpoint",
        "CheckpointError",
        "DeviceMemoryError",
        "DivergedError",
        "EmptyMaskError",
        "ImageError",
        "ImageSizeError",
        "Losses",
        "Painting",
        "PaintingEvent",
        "Progress",
        "Recipe",
        "RecipeError",
        "Snapshot",
        "StylenetError",
        "UnreadableImageError",
        "UnsupportedImageError",
        "WeightsError",
        "paint",
        "stylize",
    ]
    for name in stylenet.__all__:
        assert getattr(stylenet, name) is not None


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="nonsense"):
        stylenet.nonsense  # noqa: B018 - the access is the test


def test_all_modules_but_the_api_are_free_of_torch():
    """Of the modules at the top and `images`; the other packages need torch."""
    modules = {
        f"stylenet.{path.stem}"
        for path in Path(stylenet.__file__).parent.glob("*.py")
        if path.stem not in {"__init__", "__main__", "api"}
    } | {"stylenet.images"}
    assert "stylenet.budget" in modules
    code = (
        f"import sys, {', '.join(sorted(modules))}\n"
        "from stylenet import Recipe, Snapshot\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("api", ["paint", "stylize"]),
        (
            "architecture",
            [
                "REDUCED_CHANNELS",
                "REDUCED_FILTERS",
                "REDUCED_LAYERS",
                "deepest_of",
                "down_to",
                "exact_cost",
                "is_narrowed",
                "layer_shape",
                "macs_per_pixel",
                "pools_before",
                "reduced_channels_in",
                "reduced_cost",
                "reduced_kernel_shapes",
                "require_reduced",
            ],
        ),
        ("arrays", ["Pixels", "Values"]),
        ("budget", ["NetworkKind", "Schedule", "Stage", "drafted_layers"]),
        ("cli", ["main"]),
        ("engine.checkpoints", ["BudgetUsed", "PaintingState", "pack", "unpack"]),
        ("engine.cuda_graph", ["CudaGraph"]),
        ("engine.devices", ["describe", "draft_dtype", "resolve"]),
        ("engine.loop", ["run"]),
        (
            "engine.memory",
            [
                "MemoryPlan",
                "available_memory",
                "memory_needed",
                "out_of_memory_guard",
                "plan_memory",
            ],
        ),
        ("engine.objective", ["Evaluation", "Objective"]),
        ("engine.plan", ["ComputeConfig", "PaintingPlan", "plan_painting"]),
        ("engine.scale", ["ScalePosition", "ScaleProblem", "ScaleRun"]),
        ("optim.adam", ["Adam"]),
        ("optim.color_basis", ["ColorBasis"]),
        ("optim.fourier", ["FourierBasis"]),
        ("optim.lbfgs", ["LBFGS", "CurvaturePairs", "round_to_half"]),
        ("optim.masking", ["MaskedPicture", "Parametrization"]),
        ("optim.optimizer_state", ["OptimizerState", "P", "Point"]),
        ("precision", ["Precision"]),
        ("scales", ["Scale", "scales_of"]),
        ("threads", ["PASSIVE_WAITING", "wait_passively"]),
    ],
)
def test_the_exported_names_of_modules(module, names):
    imported = importlib.import_module(f"stylenet.{module}")
    assert imported.__all__ == names
    for name in names:
        assert getattr(imported, name) is not None


def test_every_error_is_a_stylenet_error():
    from stylenet import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.StylenetError)
