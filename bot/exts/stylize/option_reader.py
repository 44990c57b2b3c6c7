"""Read the options in a text, in every form in which people write them.

Understood are ``size=512``, ``size: 512``, ``size 512``, ``--size 512``, ``--size=512``,
``512px`` and ``512 size``. What looks like an option and is none is an error, so that nothing is
dropped or taken for a style.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from bot.errors import RequestProblem, RequestRefused
from bot.exts.stylize.option_types import (
    BlendWeights,
    Choice,
    Number,
    WholeNumber,
    YesNo,
    find_value,
)
from bot.exts.stylize.options import OPTIONS, find_option, nearest_option
from bot.exts.stylize.written_text import WRITTEN_NUMBER
from bot.presets.catalog import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.stylize.options import Option
    from bot.presets.catalog import CatalogPreset

__all__ = ["OptionReader", "leftover_option"]

_HEAD: Final = re.compile(
    r"(?<![^\s,;(])(?P<dashes>-{0,3})(?P<name>[^\W\d_][\w-]*)"
    r"(?P<separator>\s*[=:]+>?\s*|\s+|(?=[,;.!?)]|$))"
)
_TOKEN: Final = re.compile(r"\"[^\"]*\"|[^\s,;]+")
_NUMBER: Final = re.compile(rf"{WRITTEN_NUMBER}(?=[\s,;.!?)]|$)")
_NUMBER_BEFORE: Final = re.compile(rf"(?:^|(?<=\s)){WRITTEN_NUMBER}\s*$")
_PIXELS: Final = re.compile(r"(?i)(?<!\S)(\d[\d.,' ]*)\s?(?:px|pixels?)(?=[\s,;.!?)]|$)")
_RATIO: Final = re.compile(r"\d+(?:[.,]\d+)?\s?%?(?:\s?[:/]\s?\d+(?:[.,]\d+)?\s?%?)+")
_LEFTOVER_NUMBER: Final = re.compile(
    rf"(?:(?<!\S)(?P<name>[^\W\d_][\w-]*)\s+)?(?<!\S)(?P<number>{WRITTEN_NUMBER})(?=[\s,;.!?]|$)"
)
_PRESET_OPTIONS: Final = frozenset({"preset", "style", "styles", "presets"})
_MOST_PRECEDING_WORDS: Final = 4
_SPELLING_SIMILARITY: Final = 0.8
"""Least similarity of a misspelt option that is followed by a number without a separator."""


class OptionReader:
    """Collects the options of a text.

    Args:
        presets: those available, whose names are no options, as in ``2 starlight : 1 neon``.

    Attributes:
        options: converted values by option name.
        preset: the value of the option `preset`; empty if it was not given.
        error: the first problem with an option, or None.
        correction: name and value that the option with the problem probably meant, or None.
    """

    def __init__(self, presets: Sequence[CatalogPreset] = ()) -> None:
        self.options: dict[str, Any] = {}
        self.preset = ""
        self.error: RequestRefused | None = None
        self.correction: tuple[str, Any] | None = None
        self._presets = presets

    def read(self, text: str) -> str:
        """Read the options of a normalized text, and return the rest of the text."""
        text = re.sub(r"(?i)\bstyle[- ]scale\b", "style_scale", text)
        rest: list[str] = []
        position = 0
        while (head := _HEAD.search(text, position)) is not None:
            rest.append(text[position : head.start()])
            end = self._read_at(head, rest)
            rest.append(head[0] if end is None else " ")
            position = head.end() if end is None else end
        rest.append(text[position:])
        left = _PIXELS.sub(self._read_pixels, "".join(rest))
        if _RATIO.fullmatch(left.strip()) and "weights" not in self.options:
            self.set(OPTIONS["weights"], left.strip())
            return ""
        return "" if self._refuse_incomplete(left) else left

    def set(self, option: Option, text: str) -> None:
        """Set an option to the value of a text, which must be nothing but the value."""
        try:
            self.options[option.name] = option.type.parse(text.strip().lower())
        except ValueError:
            self._refuse_value(option, text)

    def _read_at(self, head: re.Match[str], rest: list[str]) -> int | None:
        """Read an option whose name is at `head`.

        Args:
            head: what may be the name of an option.
            rest: the text before it that is no option.

        Returns:
            Where the option ends; None if there is none.
        """
        option = find_option(head["name"])
        if option is None:
            return self._read_unknown(head)
        if isinstance(option.type, YesNo) and not head["separator"].strip():
            return self._read_flag(option, head)
        return self._read_value(option, head, rest)

    def _read_flag(self, option: Option, head: re.Match[str]) -> int | None:
        if not head["dashes"]:
            return None
        self.options[option.name], length = True, 0
        with suppress(ValueError):
            self.options[option.name], length = find_value(option.type, head.string[head.end() :])
        return head.end() + length

    def _read_value(self, option: Option, head: re.Match[str], rest: list[str]) -> int | None:
        text, end = head.string, head.end()
        is_marked = bool(head["dashes"] or head["separator"].strip())
        try:
            value, length = find_value(option.type, text[end:])
        except ValueError:
            return self._read_invalid(option, head, rest, is_marked=is_marked)
        if isinstance(option.type, BlendWeights) and len(value) == 1 and not is_marked:
            return None  # words such as "blend 2 of them"
        self.options[option.name] = value
        return end + length

    def _read_invalid(
        self, option: Option, head: re.Match[str], rest: list[str], *, is_marked: bool
    ) -> int | None:
        """Read an option that no valid value follows; a number may come before it."""
        text, end = head.string, head.end()
        is_numeric = isinstance(option.type, WholeNumber | Number)
        has_number = is_numeric and _NUMBER.match(text, end) is not None
        before = _NUMBER_BEFORE.search(rest[-1]) if is_numeric and not has_number else None
        if before is not None and not head["separator"].strip():
            rest[-1] = rest[-1][: before.start()]
            self.set(option, before[0])
            return end
        if not is_marked and not has_number:
            return None
        token = _TOKEN.match(text, end)
        self._refuse_value(option, "" if token is None else token[0].strip('"'))
        return end if token is None else token.end()

    def _read_unknown(self, head: re.Match[str]) -> int | None:
        name, is_explicit = head["name"], bool(head["separator"].strip())
        is_marked = is_explicit or bool(head["dashes"])
        if name.lower() in _PRESET_OPTIONS and is_marked:
            token = _TOKEN.match(head.string, head.end())
            if not is_explicit or token is None:
                return head.end()  # the words that follow are the name
            self.preset = token[0].strip('"')
            return token.end()
        if self._is_preset(head):
            return None
        near = nearest_option(name, least_similarity=_SPELLING_SIMILARITY)
        is_misspelt = near is not None and not isinstance(near.type, YesNo)
        has_number = _NUMBER.match(head.string, head.end()) is not None
        if is_marked or (is_misspelt and has_number):
            return self._refuse_name(head, has_value=is_explicit or has_number)
        return None

    def _read_pixels(self, match: re.Match[str]) -> str:
        self.set(OPTIONS["size"], match[1])
        return " "

    def _refuse_name(self, head: re.Match[str], *, has_value: bool) -> int:
        name = head["name"]
        token = _TOKEN.match(head.string, head.end()) if has_value else None
        near = nearest_option(name)
        value = "" if token is None else token[0].strip('"')
        if self.error is None:
            self.error = RequestRefused(
                RequestProblem.UNKNOWN_OPTION,
                detail=name,
                suggestion=near.name if near is not None else None,
            )
            self.correction = None if near is None else _with_value(near, value)
        return head.end() if token is None else token.end()

    def _refuse_value(self, option: Option, text: str) -> None:
        if self.error is not None:
            return
        self.error = RequestRefused(
            RequestProblem.BAD_OPTION_VALUE,
            detail=f"{option.name}={text}",
            suggestion=option.expected,
        )
        nearest = option.type.nearest(text.lower())
        self.correction = None if nearest is None else (option.name, nearest)

    def _refuse_incomplete(self, left: str) -> bool:
        """Refuse a text that is nothing but an option without a value, such as ``size huge``."""
        words = left.split()
        option = find_option(words[0]) if 1 <= len(words) <= 2 else None
        if option is None or not isinstance(option.type, WholeNumber | Number | Choice):
            return False
        self._refuse_value(option, " ".join(words[1:]))
        return True

    def _is_preset(self, head: re.Match[str]) -> bool:
        """Return whether a name, perhaps with words before it, is a preset's."""
        before = head.string[: head.start()].split()[-_MOST_PRECEDING_WORDS:]
        names = (" ".join([*before[at:], head["name"]]) for at in range(len(before) + 1))
        return not head["dashes"] and any(find(name, self._presets) is not None for name in names)


def leftover_option(
    words: str, presets: Sequence[CatalogPreset], *, is_caption: bool
) -> tuple[RequestRefused, tuple[str, Any] | None, str] | None:
    """Return the problem with words that look like an option, or None if none do.

    Args:
        words: no option was recognised in them, and as a whole they name no preset.
        presets: those available.
        is_caption: whether the words may be a caption, which is refused only if it is nothing
            but a number.

    Returns:
        The problem, name and value of the option that was probably meant, and the other words.
    """
    if "=" in words and not is_caption:
        token = next(each for each in words.split() if "=" in each)
        refused = RequestRefused(RequestProblem.UNKNOWN_OPTION, detail=token)
        return refused, None, words.replace(token, "").strip()
    for number in _LEFTOVER_NUMBER.finditer(words):
        for start in (number.start("number"), number.start()):
            others = f"{words[:start]} {words[number.end() :]}".strip()
            if others and (is_caption or find(others, presets) is None):
                continue
            correction = _with_value(OPTIONS["size"], number["number"])
            refused = RequestRefused(
                RequestProblem.UNKNOWN_OPTION,
                detail=words[start : number.end()],
                suggestion=None if correction is None else f"size={correction[1]}",
            )
            has_name = start < number.start("number")
            if is_caption and has_name:
                continue
            return refused, None if has_name else correction, others
    return None


def _with_value(option: Option, text: str) -> tuple[str, Any] | None:
    """Return the option's name with this value, or None if it does not accept the value."""
    if not text and isinstance(option.type, YesNo):
        return option.name, True
    try:
        return option.name, option.type.parse(text.lower())
    except ValueError:
        return None
