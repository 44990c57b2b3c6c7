"""The picker's message: what it says, and that every style can be told by its emoji."""

from __future__ import annotations

from bot.presets import library
from bot.views.picker import picker_embed, preset_for_emoji


def test_every_style_is_named_beside_its_emoji():
    text = picker_embed(filename="cat.png", unknown=None, may_react=True).description
    assert text is not None
    for preset in library.PRESETS:
        assert f"{preset.emoji} {preset.title}" in text


def test_every_emoji_leads_back_to_its_style():
    assert [preset_for_emoji(preset.emoji) for preset in library.PRESETS] == list(library.PRESETS)


def test_variation_selectors_make_no_difference():
    preset = library.PRESETS[0]
    assert preset_for_emoji(preset.emoji + "\ufe0f") is preset


def test_another_emoji_stands_for_nothing():
    assert preset_for_emoji("🧦") is None


def test_a_misspelt_style_is_answered_with_the_nearest():
    text = picker_embed(filename="cat.png", unknown="mosiac", may_react=True).description
    assert text is not None
    assert "did you mean **mosaic**" in text


def test_without_reactions_only_the_menu_is_offered():
    text = picker_embed(filename="cat.png", unknown=None, may_react=False).description
    assert text is not None
    assert "React" not in text
    assert "menu below" in text
