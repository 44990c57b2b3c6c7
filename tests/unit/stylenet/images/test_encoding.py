from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from stylenet import images

from .conftest import decoded


def test_written_values_are_rounded_and_clipped():
    values = np.array([-3.0, 0.4, 0.6, 99.5001, 254.6, 300.0])
    np.testing.assert_array_equal(images.to_pixels(values), [0, 0, 1, 100, 255, 255])


def test_sizing():
    image = Image.new("RGB", (300, 200))
    assert images.fit_longest_side(image, 150).size == (150, 100)
    assert images.fit_longest_side(image, 600).size == (600, 400)
    assert images.fit_longest_side(image, None) is image
    assert images.fit_longest_side(image, 300) is image
    assert images.fit_area(image, 150 * 100).size == (150, 100)
    assert images.fit_longest_side(Image.new("RGB", (1000, 2)), 64).size == (64, 1)


def test_encodings_are_close_to_the_original(make_scene):
    picture = make_scene(96, 64)
    exact = np.asarray(picture)
    np.testing.assert_array_equal(decoded(images.encode(picture, "png")), exact)
    np.testing.assert_array_equal(decoded(images.encode(exact, "png")), exact)
    error = {
        name: np.abs(decoded(images.encode(picture, name, quality=95)).astype(int) - exact).mean()
        for name in ("webp", "jpeg")
    }
    assert error["jpeg"] < 4
    assert error["webp"] < 6
    with Image.open(io.BytesIO(images.encode(picture, "jpeg"))) as file:
        assert all(component[1:3] == (1, 1) for component in file.layer)  # 4:4:4


def test_transparency_is_kept_by_the_formats_that_have_it(pixels):
    alpha = np.full((20, 30, 1), 90, dtype=np.uint8)
    picture = np.concatenate([pixels, alpha], axis=2)
    for kind in ("png", "webp"):
        with Image.open(io.BytesIO(images.encode(picture, kind))) as file:
            assert file.convert("RGBA").getpixel((3, 3))[3] == 90
    assert images.encode(picture, "jpeg")
    for limit, kind in ((len(images.encode(picture, "png")), "png"), (900, "webp"), (500, "webp")):
        data, extension = images.encode_to_fit(picture, limit)
        assert extension == kind
        assert images.decode(data, keep_alpha=True).mode == "RGBA"


def test_encode_to_fit_lowers_quality_step_by_step(pixels):
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    size = len(images.encode(noise, "png"))
    assert images.encode_to_fit(noise, size)[1] == "png"
    previous = size
    for limit, kinds in (
        (size - 1, {"webp", "jpg"}),
        (size // 4, {"webp"}),
        (300, {"webp", "jpg"}),
    ):
        data, extension = images.encode_to_fit(noise, limit)
        assert extension in kinds
        assert len(data) <= limit
        assert len(data) < previous
        previous = len(data)
    assert images.decode(data).width < 128
    with pytest.raises(ValueError, match="no picture fits"):
        images.encode_to_fit(noise, 10)


def test_encode_to_fit_is_lossless_if_possible():
    """A few flat colours in noise: lossless WebP is far smaller than PNG."""
    random = np.random.default_rng(0)
    pixels = random.choice(np.array([[0, 0, 0], [250, 10, 10]], dtype=np.uint8), (96, 96))
    size = len(images.encode(pixels, "png"))
    data, extension = images.encode_to_fit(pixels, size - 1)
    assert extension == "webp"
    assert np.array_equal(np.asarray(images.decode(data)), pixels)
