from __future__ import annotations

import subprocess
import sys

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


@pytest.mark.parametrize(
    "code",
    [
        "import stylenet, stylenet.recipe, stylenet.images, stylenet.errors, stylenet.events",
        "from stylenet import Recipe, StylenetError, Snapshot",
        "from stylenet.cli import main",
    ],
)
def test_torch_is_not_imported_before_it_is_needed(code):
    check = f"{code}; import sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)


def test_every_error_is_a_stylenet_error():
    from stylenet import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.StylenetError)
