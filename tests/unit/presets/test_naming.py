"""Names and emoji of guild presets."""

from __future__ import annotations

import pytest

from bot.errors import PresetProblem, PresetRefused
from bot.presets.catalog import find
from bot.presets.library import PRESETS
from bot.presets.naming import (
    SPARE_EMOJI,
    check_emoji,
    is_emoji,
    parse_name,
    same_emoji,
    split_emoji,
)


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        ("Blue Harbour", "blue-harbour", "Blue Harbour"),
        ("  blue   harbour ", "blue-harbour", "Blue harbour"),
        ("snow_and-ice", "snow-and-ice", "Snow and-ice"),
        ("Hokusai's 36", "hokusais-36", "Hokusai's 36"),
        ("Сирень", "сирень", "Сирень"),
        ("浮世", "浮世", "浮世"),
        ("ve\u0301lo", "ve\u0301lo", "Ve\u0301lo"),
        ("ả\u0323b", "ả\u0323b", "Ả\u0323b"),
    ],
)
def test_valid_names(text, name, title):
    assert parse_name(text) == (name, title)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "12", "---", "a" * 33, "<@123456>", "**bold**", "a\u202eb", "style"),
        *("Keep Colours", "\u3164\u3164", "x\u115f\u1160", "\uffa0y", "ab\u0335\u0335\u0335"),
        *("\u0301ab", "a \u0301\u0301\u0301b"),
    ],
)
def test_invalid_names(text):
    with pytest.raises(PresetRefused) as refusal:
        parse_name(text)
    assert refusal.value.problem is PresetProblem.BAD_NAME


@pytest.mark.parametrize("text", ["Mosaic", "stained glass", "STAINED_GLASS"])
def test_built_in_names_are_taken(text):
    with pytest.raises(PresetRefused) as refusal:
        parse_name(text)
    assert refusal.value.problem is PresetProblem.BUILT_IN


@pytest.mark.parametrize("emoji", ["🐳", "❤️", "👩‍🎨", "🏳️‍🌈", "🇯🇵", "🇦", "1️⃣", "👍🏽", "‼️"])
def test_valid_emoji(emoji):
    assert is_emoji(emoji)
    assert check_emoji(f" {emoji} ") == emoji


@pytest.mark.parametrize(
    "text",
    ["", "a", "1", "🐳🐳", "<:own:1>", "x🐳", "🐳x", "🇯🇵🇯🇵", "\u200d", "é", "★" + "\ufe0f" * 16],
)
def test_invalid_emoji(text):
    assert not is_emoji(text)
    with pytest.raises(PresetRefused) as refusal:
        check_emoji(text)
    assert refusal.value.problem is PresetProblem.BAD_EMOJI


def test_emoji_of_built_in_styles_are_taken():
    for preset in PRESETS:
        assert is_emoji(preset.emoji)
        with pytest.raises(PresetRefused) as refusal:
            check_emoji(preset.emoji)
        assert refusal.value.problem is PresetProblem.EMOJI_TAKEN
    assert same_emoji("❤️", "❤")


def test_spare_emoji_are_distinct():
    assert len(set(SPARE_EMOJI)) == len(SPARE_EMOJI) == 36
    assert all(map(is_emoji, SPARE_EMOJI))


@pytest.mark.parametrize(
    ("text", "name", "emoji"),
    [
        ("Blue Harbour 🐳", "Blue Harbour", "🐳"),
        ("🐳 Blue Harbour", "Blue Harbour", "🐳"),
        ("Blue Harbour", "Blue Harbour", None),
        ("Blue <:own:123>", "Blue", "<:own:123>"),
        ("🐳", "🐳", None),
        ("Route 66", "Route 66", None),
    ],
)
def test_split_emoji(text, name, emoji):
    assert split_emoji(text) == (name, emoji)


def test_find_with_an_empty_name():
    assert find("", []) is None
