"""The record that a painting's file carries."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from stylenet import images
from stylenet.errors import RecipeError, UnreadableImageError
from stylenet.images.painting_record import PaintingRecord, picture_hash, read_record
from stylenet.recipe import Recipe

RECORD = PaintingRecord(
    recipe=Recipe.named("fine").evolve(seed=7, blend=(1, 2)),
    content="c0ffee",
    styles=("abc", "def"),
    masks=("123", None),
    start=None,
    weights="89ab",
    device="cpu",
    precision="auto",
    version="1 < 2 & é",
)


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.mark.parametrize("image_format", ["png", "webp", "jpeg"])
def test_a_record_is_read_back(pixels, image_format):
    data = images.encode(pixels, image_format, record=RECORD)
    assert read_record(data) == RECORD
    plain = images.encode(pixels, image_format)
    assert read_record(plain) is None
    np.testing.assert_array_equal(images.decode(data), images.decode(plain))


def test_a_file_names_nothing_but_the_records_fields(pixels):
    text = RECORD.to_json()
    assert set(json.loads(text)) == {field.name for field in dataclasses.fields(PaintingRecord)}
    with Image.open(io.BytesIO(images.encode(pixels, "png", record=RECORD))) as picture:
        assert picture.info == {"stylenet": text}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(json.loads(RECORD.to_json()) | {"content": 5}),
        json.dumps(json.loads(RECORD.to_json()) | {"styles": "abc"}),
        json.dumps(json.loads(RECORD.to_json()) | {"masks": [[]]}),
        json.dumps(json.loads(RECORD.to_json()) | {"recipe": {"passes": 0}}),
        json.dumps(json.loads(RECORD.to_json()) | {"recipe": {"later": 1}}),
        json.dumps(json.loads(RECORD.to_json()) | {"later": 1}),
    ],
)
def test_a_record_that_is_not_valid_is_refused(text):
    with pytest.raises(RecipeError):
        PaintingRecord.from_json(text)


@pytest.mark.parametrize("data", [b"", b"text", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_has_no_record(data):
    with pytest.raises(UnreadableImageError):
        read_record(data)


def test_the_hash_is_of_what_a_picture_shows(pixels):
    picture = Image.fromarray(pixels)
    as_webp = io.BytesIO()
    picture.save(as_webp, "WEBP", lossless=True)
    assert picture_hash(images.decode(as_webp.getvalue())) == picture_hash(picture)
    changed = pixels.copy()
    changed[0, 0, 0] ^= 1
    assert picture_hash(Image.fromarray(changed)) != picture_hash(picture)
    assert picture_hash(Image.fromarray(pixels.reshape(30, 20, 3))) != picture_hash(picture)
