"""The types of options: how a value is written, checked and described.

Every type finds its value at the start of a text, so that options need no separator between name
and value, and may be followed by anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Final

from bot.exts.stylize.written_text import WRITTEN_NUMBER, numbers_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BlendWeights", "Choice", "Number", "OptionType", "WholeNumber", "YesNo", "find_value"]

MAX_WEIGHT: Final = 1000.0

_END: Final = r"(?=[\s,;.!?)]|$)"
_UNITS: Final = r"(?:\s?(?:px|pixels?|x|×|times|passes|%))?"
_NUMBER: Final = re.compile(
    rf"[x×]?{WRITTEN_NUMBER}(?: \d{{3}}(?!\d))*(?:/\d+|k)?{_UNITS}{_END}", re.IGNORECASE
)
_SHORT_NUMBER: Final = re.compile(rf"[x×]?{WRITTEN_NUMBER}(?:/\d+|k)?{_UNITS}{_END}", re.IGNORECASE)
_WORD: Final = re.compile(r"\"[^\"]*\"|[^\s,;]+?(?=[,;.!?)]*(?:\s|$)|[,;])")
_ONE_WEIGHT: Final = r"\d+(?:[.,]\d+)?\s?%?"
_WEIGHTS: Final = re.compile(
    rf"\"[^\"]*\"|{_ONE_WEIGHT}(?:\s?[:/+|]\s?{_ONE_WEIGHT}){{1,15}}{_END}"
    rf"|{_ONE_WEIGHT}(?:(?:\s?[,;]\s?|\s){_ONE_WEIGHT}){{1,15}}{_END}"
    rf"|{_ONE_WEIGHT}{_END}"
)
_YES: Final = frozenset({"yes", "y", "true", "on", "1", "yep", "yeah"})
_NO: Final = frozenset({"no", "n", "false", "off", "0", "nope"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Range:
    """What whole and other numbers share: the range, and how they are written."""

    lowest: float
    highest: float

    def candidates(self, text: str) -> Iterator[str]:
        """Yield what may be the value at the start of a text, the longest first."""
        return _matches(text, _NUMBER, _SHORT_NUMBER)

    def facts(self) -> Mapping[str, Any]:
        """Values for the text of what is accepted."""
        return {"lowest": self.lowest, "highest": self.highest}


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeNumber(_Range):
    """An integer within a range; units such as ``px`` may follow it."""

    expected_key: ClassVar[str] = "whole_number"
    lowest: int
    highest: int

    def parse(self, text: str) -> int:
        """Parse a value.

        Raises:
            ValueError: it is not an integer within the range.
        """
        for value in sorted(_numbers(text), reverse=True):  # 1.024 is rather 1024 than 1
            if value.is_integer() and self.lowest <= value <= self.highest:
                return int(value)
        raise ValueError(text)

    def nearest(self, text: str) -> int | None:
        """Return the nearest valid value, or None if the text does not start with a number."""
        value = _first_number(text)
        return None if value is None else round(min(self.highest, max(self.lowest, value)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Number(_Range):
    """A number within a range; ``2x``, ``×2`` and ``200%`` are the same as ``2``."""

    expected_key: ClassVar[str] = "number"

    def parse(self, text: str) -> float:
        """Parse a value.

        Raises:
            ValueError: it is not a number within the range.
        """
        for value in _numbers(text):
            if self.lowest <= value <= self.highest:
                return value
        raise ValueError(text)

    def nearest(self, text: str) -> float | None:
        """Return the nearest valid value, or None if the text does not start with a number."""
        value = _first_number(text)
        return None if value is None else min(self.highest, max(self.lowest, value))


@dataclass(frozen=True, kw_only=True, slots=True)
class YesNo:
    """Yes or no, in one of several spellings."""

    expected_key: ClassVar[str] = "yes_or_no"

    def candidates(self, text: str) -> Iterator[str]:
        """Yield what may be the value at the start of a text."""
        return _matches(text, _WORD)

    def parse(self, text: str) -> bool:
        """Parse a value.

        Raises:
            ValueError: it is neither yes nor no.
        """
        if text not in _YES | _NO:
            raise ValueError(text)
        return text in _YES

    def nearest(self, _: str) -> None:
        """Return None: there is no nearest value."""

    def facts(self) -> Mapping[str, Any]:
        """Values for the text of what is accepted."""
        return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of several names."""

    expected_key: ClassVar[str] = "choice"
    choices: tuple[str, ...]

    def candidates(self, text: str) -> Iterator[str]:
        """Yield what may be the value at the start of a text."""
        return _matches(text, _WORD)

    def parse(self, text: str) -> str:
        """Parse a value.

        Raises:
            ValueError: it is none of the names.
        """
        if text not in self.choices:
            raise ValueError(text)
        return text

    def nearest(self, text: str) -> str | None:
        """Return the most similar name, or None if none is similar."""
        return next(iter(get_close_matches(text, self.choices, n=1)), None)

    def facts(self) -> Mapping[str, Any]:
        """Values for the text of what is accepted."""
        return {"choices": ", ".join(self.choices)}


@dataclass(frozen=True, kw_only=True, slots=True)
class BlendWeights:
    """One non-negative weight per style, such as ``2:1``, ``2, 1`` or ``70%/30%``; not all zero."""

    expected_key: ClassVar[str] = "weights"
    highest: float = MAX_WEIGHT

    def candidates(self, text: str) -> Iterator[str]:
        """Yield what may be the value at the start of a text, the longest first."""
        return _matches(text, _WEIGHTS, _WORD)

    def parse(self, text: str) -> tuple[float, ...]:
        """Parse a value.

        Raises:
            ValueError: a weight is no number or out of range, or all are zero.
        """
        parts = re.split(r"[:/+|]", text) if re.search(r"[:/+|]", text) else re.split(
            r"[,;\s]+", re.sub(r"\s+%", "%", text.strip())
        )  # fmt: skip
        weights = tuple(_one_weight(part) for part in parts)
        if not all(0 <= weight <= self.highest for weight in weights) or not sum(weights) > 0:
            raise ValueError(text)
        return weights

    def nearest(self, _: str) -> None:
        """Return None: there is no nearest value."""

    def facts(self) -> Mapping[str, Any]:
        """Values for the text of what is accepted."""
        return {}


OptionType = WholeNumber | Number | YesNo | Choice | BlendWeights
"""How an option's value is written, checked and described."""


def find_value(option_type: OptionType, text: str) -> tuple[Any, int]:
    """Parse the value at the start of a text, and return it with its length as written.

    Raises:
        ValueError: the text does not start with a value.
    """
    for candidate in option_type.candidates(text):
        try:
            return option_type.parse(candidate.strip('"').lower()), len(candidate)
        except ValueError:
            continue
    raise ValueError(text)


def _matches(text: str, *patterns: re.Pattern[str]) -> Iterator[str]:
    for pattern in patterns:
        match = pattern.match(text)
        if match is not None:
            yield match[0]


def _numbers(text: str) -> Iterator[float]:
    """Yield what a number with a unit may mean; a percentage is a hundredth of its number."""
    written = text.strip().lower()
    is_percentage = written.endswith("%")
    written = re.sub(rf"{_UNITS}$", "", written).lstrip("x×").strip()
    for value in numbers_in(written):
        yield value / 100 if is_percentage else value


def _first_number(text: str) -> float | None:
    found = _NUMBER.match(text)
    return None if found is None else next(_numbers(found[0]), None)


def _one_weight(text: str) -> float:
    value = next(numbers_in(text.strip().removesuffix("%").strip()), None)
    if value is None:
        raise ValueError(text)
    return value
