"""Words about the options of `stylize`: help texts, accepted values, and what was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHOSEN", "EXPECTED", "HELP", "expected_text", "help_text", "label"]

HELP: Final[Mapping[str, str]] = {
    "content": "the picture to repaint",
    "style": "the picture whose style you like",
    "preset": "a style by name, or several: starlight + neon",
    "avatar": "a member's avatar, for the picture that is missing",
    "emoji": "a custom emoji, for the picture that is missing",
    "style2": "another style picture to blend in",
    "style3": "one more style picture to blend in",
    "content2": "another picture to repaint in the same style",
    "content3": "one more picture to repaint",
    "content4": "one more picture to repaint",
    "mask": "where to paint: white yes, black no",
    "size": "longest side of the painting, in pixels",
    "strength": "how strongly the style shows; default {default:g}",
    "strokes": "how large the style's strokes are; default {default:g}",
    "weights": "how much of each style, where there are several: 2:1",
    "keep_colours": "keep the picture's own colours",
    "transparent": "keep the picture's transparency",
    "notify": "send me a direct message when it is done",
    "passes": "how long to paint; more is finer and slower",
    "seed": "random seed. Change it for a new variation",
    "recipe": "quality",
}
"""What each parameter of `stylize` does."""

EXPECTED: Final[Mapping[str, str]] = {
    "pixels": "{lowest}–{highest} pixels",
    "whole_number": "a whole number from {lowest} to {highest}",
    "digits": "a whole number of up to nine digits",
    "number": "a number from {lowest:g} to {highest:g}",
    "yes_or_no": "yes or no",
    "choice": "one of {choices}",
    "weights": "a number for each style, such as 2:1",
}
"""What an option accepts; completes "`size` must be …"."""

SIZE: Final = "{size} px"
FULL_SIZE: Final = "full size"
RECIPE: Final = "recipe {name}"
STRENGTH: Final = "style ×{factor:.2g}"
BLENDED: Final = "blended {shares}"
CHOSEN: Final[Mapping[str, str]] = {
    "style_scale": "strokes ×{:.2g}",
    "keep_colors": "own colours kept",
    "keep_transparency": "transparency kept",
    "passes": "{:g} passes",
    "seed": "seed {}",
}
"""What cards and results say of a recipe's field that was changed, by field, in this order."""


def help_text(key: str, **facts: Any) -> str:  # noqa: ANN401 - as various as the options' values
    """Return the help text of this key with the facts filled in."""
    return HELP[key].format(**facts)


def expected_text(key: str, **facts: Any) -> str:  # noqa: ANN401 - see above
    """Return the text of what is accepted, of this key, with the facts filled in."""
    return EXPECTED[key].format(**facts)


def label(key: str, **facts: Any) -> str:  # noqa: ANN401 - see above
    """Return the help text with a capital letter, for slash commands and forms."""
    text = help_text(key, **facts)
    return text[:1].upper() + text[1:]
