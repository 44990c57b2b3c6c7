"""Names of presets within a text: blends, shares, emoji and random ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.exts.stylize.parser import parse_text
from bot.presets.catalog import PresetCatalog
from bot.presets.expression import nearest_expression, read_presets

PRESETS = PresetCatalog(None, None)._built_in


@pytest.mark.parametrize(
    ("text", "names", "weights"),
    [
        ("starlight neon", "starlight neon", ()),
        ("starlight+neon", "starlight neon", ()),
        ("Starlight and stained glass", "starlight stained-glass", ()),
        ("starlight, neon & mosaic", "starlight neon mosaic", ()),
        ("in the style of starlight x neon please", "starlight neon", ()),
        ("2 starlight : 1 neon", "starlight neon", (2, 1)),
        ("starlight: 2, neon: 1", "starlight neon", (2, 1)),
        ("stained glass=2 neon=1", "stained-glass neon", (2, 1)),
        ("70% starlight 30% neon", "starlight neon", (70, 30)),
        ("1,5 starlight + neon", "starlight neon", (1.5, 1)),
        ("starlight neon 2:1", "starlight neon", (2, 1)),
        ("starlight starlight neon", "starlight neon", (2, 1)),
        ("🌌", "starlight", ()),
        ("🌌🌃", "starlight neon", ()),
        ("2 🌌 1 🌃", "starlight neon", (2, 1)),
        ("Colour discs", "discs", ()),
        ("color discs", "discs", ()),
        ("watercolor", "watercolour", ()),
        ("Floating world", "waves", ()),
    ],
)
def test_presets_are_named_alone_or_blended(text, names, weights):
    blend = read_presets(parse_text(text, presets=PRESETS).words, PRESETS)
    assert [preset.name for preset in blend.presets] == names.split()
    assert blend.weights == weights


@pytest.mark.parametrize("text", ["random", "Surprise me", "surprise me!", "any style", "🎲"])
def test_a_random_preset_is_drawn(text):
    words = parse_text(text, presets=PRESETS).words
    assert not parse_text(text, presets=PRESETS).references
    drawn = {
        read_presets(words, PRESETS, draw=random.Random(seed)).presets[0].name for seed in range(99)
    }
    assert len(drawn) > 5


def test_a_random_preset_is_none_of_those_named_before():
    for seed in range(50):
        blend = read_presets("neon + random", PRESETS, draw=random.Random(seed))
        assert len(blend.presets) == 2


@pytest.mark.parametrize(
    "text", ["", "my dog", "starlight for grandma", "mosaic 512", "2", "0 neon"]
)
def test_other_words_name_no_preset(text):
    assert read_presets(text, PRESETS) is None


def test_misspelt_names_in_a_blend_are_corrected():
    assert nearest_expression("starlihgt + neon", PRESETS) == "starlight + neon"
    assert nearest_expression("starlight and my grandmother", PRESETS) is None


@given(
    names=st.lists(
        st.sampled_from([name for each in PRESETS for name in (each.name, each.title, each.emoji)]),
        min_size=1,
        max_size=4,
    ),
    separator=st.sampled_from([" ", "+", " + ", ", ", " and ", " & ", "/"]),
)
def test_every_name_title_and_emoji_can_be_blended(names, separator):
    text = separator.join(names)
    blend = read_presets(parse_text(text, presets=PRESETS).words, PRESETS)
    wanted = {each.name for each in PRESETS if {each.name, each.title, each.emoji} & set(names)}
    assert {preset.name for preset in blend.presets} == wanted
