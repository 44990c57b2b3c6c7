"""Hard pictures: no checks, no burnt patches, no fringes along the borders, whatever the pair."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

import stylenet
from stylenet.recipe import Recipe

FAST = Recipe.named("fast")


def pixel_art() -> Image.Image:
    """Cells of 4 pixels in four colours, as sprites have."""
    palette = np.array([[20, 16, 40], [200, 60, 50], [240, 200, 90], [60, 110, 180]])
    cells = np.random.default_rng(0).integers(0, 4, (16, 16))
    return Image.fromarray(palette[cells].astype(np.uint8).repeat(4, 0).repeat(4, 1))


def line_drawing() -> Image.Image:
    image = Image.new("RGB", (64, 64), "white")
    draw = ImageDraw.Draw(image)
    for i in range(9):
        draw.arc((3 * i, 2 * i, 60 - i, 63 - 3 * i), 20 * i, 200 + 15 * i, fill="black")
        draw.line((7 * i, 0, 63 - 4 * i, 63), fill="black")
    return image


def sky() -> Image.Image:
    """Nine tenths of smooth sky over a dark strip."""
    y = np.linspace(0, 1, 48)[:, None, None]
    values = np.broadcast_to(np.array([90, 140, 210]) + 70 * y, (48, 64, 3)).copy()
    values[43:] = (40, 50, 30)
    return Image.fromarray(values.astype(np.uint8))


def grey(image: Image.Image) -> Image.Image:
    return image.convert("L").convert("RGB")


@pytest.fixture(scope="session")
def pictures(content, style):
    return {
        "scene": content,
        "strokes": style,
        "flat": Image.new("RGB", (64, 64), (180, 60, 40)),
        "grey": grey(style),
        "pixels": pixel_art(),
        "lines": line_drawing(),
        "sky": sky(),
        "banner": content.resize((160, 20)),
        "tower": content.resize((18, 120)),
    }


def values(image):
    return np.asarray(image, dtype=float)


def checks(picture):
    """Mean strength of the finest checkerboard: what neighbours have of +1 −1 / −1 +1."""
    return np.abs(picture[:-1, :-1] - picture[1:, :-1] - picture[:-1, 1:] + picture[1:, 1:]).mean()


def burnt(picture):
    """The share of pixels that are clipped in every channel."""
    return ((picture <= 0) | (picture >= 255)).all(axis=-1).mean()


def fringes(picture):
    """How much brightness changes along the outermost pixels, beside the picture as a whole."""
    light = picture.mean(axis=-1)
    edges = [light[0], light[-1], light[:, 0], light[:, -1]]
    along = np.mean([np.abs(np.diff(edge)).mean() for edge in edges])
    inside = (np.abs(np.diff(light, axis=0)).mean() + np.abs(np.diff(light, axis=1)).mean()) / 2
    return along / max(inside, 1.0)


@pytest.mark.parametrize(
    ("of", "like"),
    [
        ("scene", "flat"),
        ("scene", "grey"),
        ("scene", "pixels"),
        ("scene", "lines"),
        ("strokes", "scene"),
        ("sky", "strokes"),
        ("flat", "strokes"),
        ("banner", "strokes"),
        ("tower", "lines"),
    ],
)
def test_hard_pairs(pictures, of, like):
    content, style = pictures[of], pictures[like]
    painting = stylenet.stylize(content, style, FAST, device="cpu")
    pixels = painting.pixels.astype(float)
    assert pixels.shape == (content.height, content.width, 3)
    assert np.isfinite(painting.losses.total)
    given = [values(content), values(style.resize(content.size))]
    assert checks(pixels) <= 1.5 * max(checks(picture) for picture in given) + 10
    assert burnt(pixels) <= max(burnt(picture) for picture in given) + 0.1
    assert fringes(pixels) < 2.5
    if like in {"grey", "lines"}:  # there are no new colours
        assert np.abs(pixels - pixels.mean(axis=-1, keepdims=True)).mean() < 1
