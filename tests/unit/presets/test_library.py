"""The built-in presets and their pictures."""

from __future__ import annotations

import io
import unicodedata

import pytest
from PIL import Image

from bot.presets import library
from bot.presets.contact_sheet import CAPTION, COLUMNS, GAP, TILE, contact_sheet
from bot.presets.library import PRESETS
from stylenet.images import inspect
from stylenet.recipe import Recipe


def test_names_and_emojis_are_distinct():
    assert len({preset.name for preset in PRESETS}) == len(PRESETS)
    assert len({preset.emoji for preset in PRESETS}) == len(PRESETS)
    assert 10 <= len(PRESETS) <= 20  # a message holds twenty different reactions


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_is_complete(preset):
    assert preset.name == preset.name.lower()
    assert preset.title.strip()
    # A single code point, because Discord returns reactions exactly as they were sent.
    assert len(preset.emoji) == 1
    assert unicodedata.category(preset.emoji) == "So"
    assert 20 <= len(preset.alt_text) <= 120
    assert preset.alt_text.endswith(".")
    Recipe.named("default").evolve(**preset.recipe_changes)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_presets_pictures_are_valid(preset):
    picture = inspect(preset.picture_bytes(), min_side=256)
    assert (picture.width, picture.height) == (640, 480)
    assert len(preset.picture_bytes()) <= 130 * 1024
    thumbnail = inspect(preset.thumbnail_bytes(), min_side=96)
    assert (thumbnail.width, thumbnail.height) == (216, 144)
    assert len(preset.thumbnail_bytes()) <= 24 * 1024


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("mosaic", "mosaic"),
        ("Stained glass", "stained-glass"),
        ("stained_glass", "stained-glass"),
        ("FLOATING WORLD", "waves"),
    ],
)
def test_get_by_name_and_title(word, name):
    assert library.get(word).name == name


def test_get_of_an_unknown_name():
    assert library.get("oil") is None
    assert library.get("") is None


def test_contact_sheet_shows_every_thumbnail():
    presets = PRESETS[: 3 * COLUMNS]
    data = contact_sheet([(preset.title, preset.thumbnail_bytes()) for preset in presets])
    sheet = Image.open(io.BytesIO(data))
    assert sheet.mode == "RGBA"
    assert len(data) < 600 * 1024
    height = TILE[1] + CAPTION
    assert sheet.size == (
        COLUMNS * TILE[0] + (COLUMNS - 1) * GAP,
        3 * height + 2 * GAP,
    )
    assert sheet.getpixel((0, 0))[3] < 60  # rounded corners, transparent gaps
    assert sheet.getpixel((222, 80))[3] == 0
    first = Image.open(io.BytesIO(PRESETS[0].thumbnail_bytes())).convert("RGB")
    shown = sheet.convert("RGB").getpixel((108, 72))
    assert max(abs(a - b) for a, b in zip(shown, first.getpixel((108, 72)), strict=True)) < 40


@pytest.mark.parametrize(("samples", "columns"), [(3, 3), (6, 3), (7, 4), (15, 5)])
def test_contact_sheet_rows_are_balanced(samples, columns):
    sheet = Image.open(io.BytesIO(contact_sheet([("One", None)] * samples)))
    assert sheet.width == columns * TILE[0] + (columns - 1) * GAP
