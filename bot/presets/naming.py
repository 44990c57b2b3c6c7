"""Validate names and emoji of guilds' presets."""

from __future__ import annotations

import unicodedata
from typing import Final

from bot.errors import PresetProblem, PresetRefused
from bot.presets.library import PRESETS, get, normalize_name

__all__ = ["SPARE_EMOJI", "check_emoji", "is_emoji", "parse_name", "same_emoji", "split_emoji"]

MIN_LENGTH, MAX_LENGTH = 2, 32

SPARE_EMOJI: Final = (
    *(chr(0x1F1E6 + letter) for letter in range(26)),
    *(f"{digit}\ufe0f\u20e3" for digit in range(10)),
)
"""Letters, then digits, for presets that were added without an emoji."""

_MARKS: Final = frozenset("\ufe0e\ufe0f\u200d\u20e3") | {chr(0x1F3FB + tone) for tone in range(5)}
_JOINER: Final = "\u200d"
_FILLERS: Final = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters, as far as Unicode knows, that are shown as nothing."""

MOST_MARKS: Final = 2
"""Combining marks of one letter; more of them would cover the lines above and below."""

LONGEST_EMOJI: Final = 16
"""In characters; one emoji may be joined of several, each with marks."""

_SEPARATORS: Final = frozenset(" -'’")
_RESERVED: Final = frozenset(
    {"a", "all", "an", "as", "in", "into", "like", "none", "of", "please", "pls", "random"}
    | {"style", "styled", "stylise", "stylize", "swap", "the", "this", "to", "with"}
    | {"keepcolors", "keepcolours", "preset", "surprise", "surpriseme"}
)
"""Words with another meaning in requests, as `normalize_name` returns them."""


def parse_name(text: str) -> tuple[str, str]:
    """Return a preset's name and title: ``("blue-harbour", "Blue Harbour")``.

    Raises:
        PresetRefused: it is not a valid name, or a built-in preset has it.
    """
    title = " ".join(text.replace("_", " ").split())
    letters = [letter for letter in title if letter not in _SEPARATORS]
    if (
        not MIN_LENGTH <= len(title) <= MAX_LENGTH
        or not all(map(_is_name_character, letters))
        or _has_stacked_marks(title)
        or not any(map(str.isalpha, letters))
        or normalize_name(title) in _RESERVED
    ):
        raise PresetRefused(PresetProblem.BAD_NAME, word=text)
    if get(title) is not None:
        raise PresetRefused(PresetProblem.BUILT_IN, word=title)
    name = "-".join(title.lower().replace("'", "").replace("’", "").split())
    return name[:MAX_LENGTH], title[0].upper() + title[1:]


def split_emoji(text: str) -> tuple[str, str | None]:
    """Split a name from an emoji before or after it; None if there is no emoji."""
    words = text.split()
    for index in (-1, 0):
        if len(words) > 1 and _looks_like_emoji(words[index]):
            emoji = words.pop(index)
            return " ".join(words), emoji
    return text, None


def check_emoji(text: str) -> str:
    """Return the emoji if it is one standard emoji that no built-in preset has.

    Custom emoji are refused: deleting one would break every message that contains it.

    Raises:
        PresetRefused: it is not such an emoji.
    """
    emoji = text.strip()
    if not is_emoji(emoji):
        raise PresetRefused(PresetProblem.BAD_EMOJI, word=text)
    if any(same_emoji(emoji, preset.emoji) for preset in PRESETS):
        raise PresetRefused(PresetProblem.EMOJI_TAKEN, word=emoji)
    return emoji


def same_emoji(one: str, other: str) -> bool:
    """Return whether two emoji are the same apart from variation selectors."""
    return one.replace("\ufe0f", "") == other.replace("\ufe0f", "")


def is_emoji(text: str) -> bool:
    """Return whether the text is one standard emoji: a symbol, flag, keycap or joined symbols."""
    if len(text) > LONGEST_EMOJI:
        return False
    if text[:1] in set("0123456789#*"):
        return text[1:] in {"\u20e3", "\ufe0f\u20e3"}
    parts = text.split(_JOINER)
    if len(parts) > 1:
        return all(map(_is_one_symbol, parts))
    letters = [letter for letter in text if 0x1F1E6 <= ord(letter) <= 0x1F1FF]
    if letters:
        return len(letters) == len(text) <= 2
    return _is_one_symbol(text)


def _is_one_symbol(text: str) -> bool:
    symbols = [character for character in text if character not in _MARKS]
    if len(symbols) != 1 or text[0] != symbols[0]:
        return False
    return ord(symbols[0]) > 0x2000 and unicodedata.category(symbols[0]) in {"So", "Sm", "Po"}


def _looks_like_emoji(word: str) -> bool:
    """Return whether a word looks like an emoji, standard or custom."""
    if word.startswith(("<:", "<a:")):
        return True
    return not any(letter.isalnum() and letter not in "0123456789" for letter in word) and any(
        unicodedata.category(letter) == "So" or letter in _MARKS for letter in word
    )


def _is_name_character(letter: str) -> bool:
    is_letter = letter.isalnum() and letter not in _FILLERS
    return is_letter or unicodedata.combining(letter) > 0


def _has_stacked_marks(title: str) -> bool:
    """Return whether a letter has too many combining marks, or marks have no letter."""
    marks = MOST_MARKS  # none are left for the beginning
    for letter in title:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks > MOST_MARKS:
            return True
    return False
