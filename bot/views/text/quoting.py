"""Members' own words, made harmless before they are repeated.

`quoted` is for words that were typed, `escaped` for names within a sentence, and `plain` for
places where Discord renders no markup: alt texts, labels and footers.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["escaped", "plain", "quoted"]

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Unicode categories of characters that are not shown or that reorder others: controls, zero-width
and bidirectional characters, surrogates, unassigned and private ones, line separators."""

_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of other categories that are shown as nothing."""

_JOINER: Final = "\u200d"
"""The zero-width joiner, which makes one emoji of several."""

_MARKUP: Final = re.compile(r"[\\*_~|`\[\]<>#]|:(?=//)|(?<=\w)/(?=\w)|^[-+]")
"""Characters that format, link or mention. A slash ends the name of a host, as in an invitation,
which Discord shows without ``https:`` too."""

_LIST_NUMBER: Final = re.compile(r"^(\d+)\.(?= )")
_EVERYONE: Final = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
MOST_MARKS: Final = 2
"""Combining marks that one letter keeps; more of them would cover the lines above and below."""


def plain(text: str, *, longest: int | None = None) -> str:
    """Remove what is invisible or reorders the text, and put it on one line.

    Args:
        text: a member's words.
        longest: number of characters kept; None for all.
    """
    kept: list[str] = []
    marks = 0
    for index, letter in enumerate(text):
        category = unicodedata.category(letter)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if letter.isspace():
            kept.append(" ")
        elif category in _INVISIBLE or letter in _BLANK or marks > MOST_MARKS:
            if letter == _JOINER and kept and _joins(kept[-1], text[index + 1 : index + 2]):
                kept.append(letter)
        else:
            kept.append(letter)
    line = " ".join("".join(kept).split())
    return line if longest is None or len(line) <= longest else line[: longest - 1] + "…"


def escaped(text: str, *, longest: int | None = None, most: int | None = None) -> str:
    """A member's words within a sentence: no formatting, link or mention of theirs works.

    Args:
        text: a member's words.
        longest: number of characters kept, before they are escaped; None for all.
        most: number of characters of the escaped text at most, 2 or more; None for any number.
    """
    kept = plain(text, longest=longest)
    line = _escape(kept)
    while most is not None and len(line) > most:
        excess = len(line) - most
        kept = plain(kept, longest=len(kept) - (excess + 1) // 2)  # escapes double it at most
        line = _escape(kept)
    return line


def quoted(text: str, *, longest: int = 60) -> str:
    """A member's own words as inline code: no mention, no formatting, no line break survives."""
    return f"`{plain(text.replace('`', chr(39)), longest=longest) or '?'}`"


def _escape(line: str) -> str:
    line = _LIST_NUMBER.sub(r"\1\\.", _MARKUP.sub(r"\\\g<0>", line))
    return _EVERYONE.sub("@\u200b", line)


def _joins(before: str, after: str) -> bool:
    """Whether a joiner between two characters joins emoji."""
    symbols = {"So", "Sk", "Mn"}  # also a skin tone or a variation selector
    return bool(after) and {unicodedata.category(each) for each in (before, after)} <= symbols
