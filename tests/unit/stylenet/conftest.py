"""Fixtures: the real weights, and generated pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from stylenet.features.vgg import VGG19
from stylenet.features.weights import bundled_weights

SHARED_IMAGES = Path(__file__).parents[3] / "../shared/images"


@pytest.fixture(scope="session")
def weights():
    return bundled_weights()


@pytest.fixture(scope="session")
def network(weights):
    return VGG19(weights)


@pytest.fixture(scope="session")
def exact_network(weights):
    return VGG19(weights).double()


def scene(width: int, height: int) -> Image.Image:
    """A photograph-like picture: smooth shading, edges and a little texture."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    shade = np.stack([200 - 120 * y, 150 + 60 * np.sin(5 * x), 90 + 120 * y], axis=-1)
    shade[(x - 0.4) ** 2 + (y - 0.3) ** 2 < 0.04] = (240, 200, 60)
    shade[(y > 0.45) & (np.abs(x - 0.7) < 0.12)] = (60, 40, 90)
    noise = np.random.default_rng(1).normal(0, 6, shade.shape)
    return Image.fromarray(np.clip(shade + noise, 0, 255).astype(np.uint8))


def strokes(width: int, height: int) -> Image.Image:
    """A painting-like picture: bands of strong colour along a curved flow."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    phase = 25 * (x + 0.4 * np.sin(6 * y)) + 8 * y
    bands = np.stack([np.sin(phase), np.sin(phase + 2), np.cos(1.7 * phase)], axis=-1)
    picture = Image.fromarray((128 + 110 * bands).astype(np.uint8))
    return picture.filter(ImageFilter.GaussianBlur(0.5))


@pytest.fixture(scope="session")
def content():
    return scene(64, 48)


@pytest.fixture(scope="session")
def style():
    return strokes(80, 72)


def as_tensor(image: Image.Image, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    values = np.asarray(image.convert("RGB"), dtype=np.float64)
    return torch.from_numpy(values).permute(2, 0, 1)[None].to(dtype)


@pytest.fixture(scope="session")
def to_tensor():
    return as_tensor


@pytest.fixture(scope="session")
def make_scene():
    return scene


@pytest.fixture(scope="session")
def make_strokes():
    return strokes


@pytest.fixture(scope="session")
def shared_images():
    if not SHARED_IMAGES.is_dir():
        pytest.skip("the folder shared/images is not beside this checkout")
    return SHARED_IMAGES
