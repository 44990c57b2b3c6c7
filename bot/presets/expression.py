"""Read the presets in a text: one, several that are blended, with shares, or a random one.

Examples are ``stained glass``, ``starlight + neon``, ``2 starlight : 1 neon``, ``🌌🌃`` and
``surprise me``.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.presets.catalog import find, nearest
from bot.presets.library import normalize_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.presets.catalog import CatalogPreset

__all__ = [
    "RANDOM",
    "PresetBlend",
    "is_random",
    "named_presets",
    "nearest_expression",
    "nearest_preset",
    "read_presets",
]

RANDOM: Final = "random"
"""The name of whichever preset is drawn by lot."""

_RANDOM_NAMES: Final = frozenset(
    {"random", "arandom", "arandomstyle", "randomstyle", "randompreset", "surprise", "surpriseme"}
    | {"anystyle", "any", "anything", "whatever", "dealerschoice", "feelinglucky", "imfeelinglucky"}
)
_RANDOM_EMOJI: Final = "🎲"
_SEPARATORS: Final = frozenset("+&,;:/|×=")
_ASSIGNING: Final = frozenset(":=")
_JOINING_WORDS: Final = frozenset({"and", "with", "plus", "x"})
_TOKEN: Final = re.compile(
    r"(?P<weight>\d+(?:[.,]\d+)?)\s?(?P<unit>[%x×](?!\w))?(?![\w.,]*\w)|[+&,;:/|×=]|[^\s+&,;:/|×=]+"
)
_RATIO: Final = re.compile(r"\s(\d+(?:[.,]\d+)?\s?%?(?:\s?[:/]\s?\d+(?:[.,]\d+)?\s?%?)+)\s*$")
MOST_WORDS: Final = 6
"""Words of the longest name of a preset."""


_Share = tuple["CatalogPreset", float | None]
"""A preset with its share; None if none was given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PresetBlend:
    """The presets that a text names.

    Attributes:
        presets: in the order named, each once.
        weights: the share of each; empty if none was given.
    """

    presets: tuple[CatalogPreset, ...]
    weights: tuple[float, ...] = ()


def is_random(name: str) -> bool:
    """Return whether a name stands for a preset drawn by lot."""
    return normalize_name(name) in _RANDOM_NAMES or name.strip() == _RANDOM_EMOJI


def read_presets(
    text: str, presets: Sequence[CatalogPreset], *, draw: random.Random | None = None
) -> PresetBlend | None:
    """Return the presets that a text names; None if it contains anything else.

    Args:
        text: normalized, see `bot.exts.stylize.written_text`.
        presets: the available ones; one with a name for random presets goes first.
        draw: draws the random presets.
    """
    one = find(text, presets)
    if one is not None:
        return PresetBlend(presets=(one,))
    ratio = _RATIO.search(text)
    if ratio is not None:
        weights = tuple(map(_number, re.split("[:/]", ratio[1])))
        named = read_presets(text[: ratio.start()], presets, draw=draw)
        if named is None or named.weights or len(named.presets) != len(weights):
            return None
        return _blend(list(zip(named.presets, weights, strict=True)))
    draw = draw or random.Random()  # noqa: S311 - variety, not secrecy
    shares = _read_shares(_tokens(text, presets), presets, draw)
    return None if shares is None else _blend(shares)


def named_presets(text: str, presets: Sequence[CatalogPreset]) -> list[CatalogPreset]:
    """Return the presets whose names occur as words within a text."""
    tokens = _tokens(text, presets)
    found = (_longest_name(tokens[at:], presets)[0] for at in range(len(tokens)))
    return list({each.name: each for each in found if each is not None}.values())


def _read_shares(
    tokens: Sequence[str], presets: Sequence[CatalogPreset], draw: random.Random
) -> list[_Share] | None:
    """Return each preset with its share, which comes before or after it; None if words are left."""
    shares: list[_Share] = []
    weight: float | None = None
    at = 0
    while at < len(tokens):
        token = tokens[at]
        found, length = _name_at(tokens[at:], presets, shares, draw)
        number = _weight(token)
        if token in _SEPARATORS or token.lower() in _JOINING_WORDS:
            at += 1
        elif found is not None:
            shares.append((found, weight))
            weight, at = None, at + length
        elif number is None or weight is not None:
            return None
        else:
            is_assigned = at > 0 and tokens[at - 1] in _ASSIGNING
            is_last = _longest_name(tokens[at + 1 :], presets)[0] is None
            if shares and shares[-1][1] is None and (is_assigned or is_last):
                shares[-1] = (shares[-1][0], number)
            else:
                weight = number
            at += 1
    return shares if weight is None and shares else None


def nearest_preset(words: str, presets: Sequence[CatalogPreset]) -> CatalogPreset | None:
    """Return the only preset that is named within the words, or else the most similar one."""
    named = named_presets(words, presets)
    return named[0] if len(named) == 1 else find(nearest(words, presets) or "", presets)


def nearest_expression(text: str, presets: Sequence[CatalogPreset]) -> str | None:
    """Return the text with the misspelt names corrected; None if it still names no presets."""
    if read_presets(text, presets) is not None:
        return text
    words = _tokens(text, presets)
    for at, word in enumerate(words):
        is_known = word in _SEPARATORS or word.lower() in _JOINING_WORDS or is_random(word)
        if not is_known and _weight(word) is None and not named_presets(word, presets):
            words[at] = nearest(word, presets) or word
    corrected = " ".join(words)
    return corrected if read_presets(corrected, presets) is not None else None


def _blend(shares: Sequence[_Share]) -> PresetBlend | None:
    """Return the blend; a preset without a share has share 1, one named twice both shares.

    A share of the only preset is an error: it is rather a size, as in ``mosaic 512``.
    """
    total: dict[str, float] = {}
    by_name = {preset.name: preset for preset, _ in shares}
    for preset, weight in shares:
        total[preset.name] = total.get(preset.name, 0) + (1 if weight is None else weight)
    is_equal = len(by_name) == len(shares) and all(weight is None for _, weight in shares)
    if not sum(total.values()) > 0 or (len(shares) == 1 and not is_equal):
        return None
    weights = () if is_equal or len(by_name) == 1 else tuple(total.values())
    return PresetBlend(presets=tuple(by_name.values()), weights=weights)


def _longest_name(
    tokens: Sequence[str], presets: Sequence[CatalogPreset]
) -> tuple[CatalogPreset | None, int]:
    """Return the preset whose name the tokens begin with, and how many tokens it has."""
    for length in range(min(MOST_WORDS, len(tokens)), 0, -1):
        words = tokens[:length]
        if not _SEPARATORS.isdisjoint(words):
            continue
        found = find(" ".join(words), presets)
        if found is not None:
            return found, length
    return None, 0


def _name_at(
    tokens: Sequence[str],
    presets: Sequence[CatalogPreset],
    taken: Sequence[_Share],
    draw: random.Random,
) -> tuple[CatalogPreset | None, int]:
    """Like `_longest_name`, with random presets, which are none of those taken."""
    found, length = _longest_name(tokens, presets)
    if found is not None:
        return found, length
    for length in (2, 1):
        if is_random(" ".join(tokens[:length])):
            names = {preset.name for preset, _ in taken}
            free = [each for each in presets if each.name not in names]
            return draw.choice(free or list(presets)), min(length, len(tokens))
    return None, 0


def _tokens(text: str, presets: Sequence[CatalogPreset]) -> list[str]:
    """Split a text into words, numbers, separators and the presets' emoji."""
    emoji = sorted({preset.emoji for preset in presets} | {_RANDOM_EMOJI}, key=len, reverse=True)
    for each in emoji:
        bare = each.replace("\ufe0f", "")
        text = re.sub(rf"{re.escape(bare)}\ufe0f?", f" {bare} ", text)
    return [match[0] for match in _TOKEN.finditer(text)]


def _weight(token: str) -> float | None:
    match = _TOKEN.fullmatch(token)
    return None if match is None or match["weight"] is None else _number(token)


def _number(text: str) -> float:
    return float(re.sub(r"[\s%x×]", "", text).replace(",", "."))
