"""The picker's message: its text, its emojis and its pages."""

from __future__ import annotations

import pytest

from bot.presets import library
from bot.views.picker import legend, page_of, picker_embed, picker_view, preset_for_emoji


def test_every_style_is_named_beside_its_emoji():
    text = picker_embed(library.PRESETS, filename="cat.png", may_react=True).description
    assert text is not None
    for preset in library.PRESETS:
        named = f"{preset.emoji} {preset.title}"
        assert named.replace(" ", "\u00a0") in text  # never broken in two by a narrow screen


def test_the_legend_is_broken_between_styles_wherever_a_screen_ends():
    text = legend(library.PRESETS)
    assert "\n" not in text
    assert [part.rstrip("·").strip() for part in text.split(" ")] == [
        f"{preset.emoji}\u00a0{preset.title}".replace(" ", "\u00a0") for preset in library.PRESETS
    ]
    assert not text.endswith("·")


def test_every_emoji_leads_back_to_its_style():
    assert [preset_for_emoji(preset.emoji, library.PRESETS) for preset in library.PRESETS] == list(
        library.PRESETS
    )


def test_variation_selectors_make_no_difference():
    preset = library.PRESETS[0]
    assert preset_for_emoji(preset.emoji + "\ufe0f", library.PRESETS) is preset


def test_an_unknown_emoji_is_no_preset():
    assert preset_for_emoji("🧦", library.PRESETS) is None


def test_a_misspelt_style_is_answered_with_the_nearest():
    text = picker_embed(
        library.PRESETS,
        filename="cat.png",
        unknown="mosiac",
        near=library.get("mosaic"),
        may_react=True,
    ).description
    assert text is not None
    assert "did you mean **Mosaic**" in text


def test_without_reactions_only_the_menu_is_offered():
    text = picker_embed(library.PRESETS, filename="cat.png", may_react=False).description
    assert text is not None
    assert "React" not in text
    assert "menu below" in text


def _ids(view):
    return [child["custom_id"] for row in view.to_components() for child in row["components"]]


def test_the_nearest_style_has_a_button():
    view = picker_view(library.PRESETS, near=library.get("mosaic"))
    assert _ids(view) == ["picker:choose", "picker:take:mosaic"]


@pytest.mark.parametrize(
    ("count", "page", "where"),
    [
        (15, 0, (slice(0, 15), 0, 1)),
        (20, 7, (slice(0, 20), 0, 1)),
        (21, 0, (slice(0, 15), 0, 2)),
        (21, 1, (slice(15, 30), 1, 2)),
        (31, 9, (slice(30, 45), 2, 3)),
        (31, -1, (slice(0, 15), 0, 3)),
    ],
)
def test_pages_hold_what_a_message_can_hold(count, page, where):
    assert page_of(count, page) == where


def test_pages_are_turned_back_and_on():
    for page, ids in ((0, [-1, 1]), (1, [0, 2])):
        view = picker_view(library.PRESETS, page=page, pages=3)
        assert _ids(view) == ["picker:choose", *(f"picker:page:{number}" for number in ids)]
        buttons = view.to_components()[1]["components"]
        assert [button.get("disabled", False) for button in buttons] == [page == 0, False]
