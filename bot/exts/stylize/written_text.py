"""Normalize what keyboards of all kinds make of the same text, and read the numbers in it.

Phones turn two hyphens into a dash and straight quotes into curly ones, and keyboards of other
scripts have digits, colons and spaces of their own.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WRITTEN_NUMBER", "normalize_text", "numbers_in"]

WRITTEN_NUMBER: Final = r"[-+]?#?(?:\d(?:[\d.,'_]*\d)?|[.,]\d+)"
"""Regular expression of a number without spaces, in a normalized text."""

_LINK: Final = re.compile(r"(https?://\S+)", re.IGNORECASE)
_GROUPED_BY_SPACES: Final = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_GROUPED: Final = re.compile(r"\d{1,3}(?:[.,']\d{2,3})*[.,']\d{3}")
_SPACES: Final = re.compile(r"[^\S\n]")

_REPLACEMENTS: Final = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−⸺⸻﹘﹣", "-"),
        **dict.fromkeys("“”„‟«»〝〞", '"'),
        **dict.fromkeys("’‘‛′", "'"),
        **dict.fromkeys("∶꞉﹕︰", ":"),
        **dict.fromkeys("、﹐،٬", ","),
        **dict.fromkeys("٫", "."),
        **dict.fromkeys("﹦", "="),
        **dict.fromkeys("؛﹔", ";"),
        **dict.fromkeys("٪﹪", "%"),
        # Zero-width spaces, directional marks and the byte order mark.
        **dict.fromkeys("\u200b\u200e\u200f\u2060\u2066\u2067\u2068\u2069\ufeff", None),
    }
)
_FULL_WIDTH_OFFSET: Final = 0xFEE0


def normalize_text(text: str) -> str:
    """Replace digits, dashes, quotes, colons and spaces of all kinds by those of ASCII.

    Full-width letters become those of ASCII too; other letters, emoji and links stay as they are.
    """
    parts = _LINK.split(text)
    parts[::2] = [_normalize(part) for part in parts[::2]]
    return "".join(parts)


def numbers_in(text: str) -> Iterator[float]:
    """Yield what a written number may mean, the most likely first; nothing if it is none.

    The decimal separator is a point or a comma; thousands are grouped by spaces, points, commas,
    apostrophes or underscores. ``1,024`` means 1.024, and otherwise 1024. A ``#`` in front and a
    ``k`` after it (for thousands) are understood, and so are fractions such as ``1/2``.

    Args:
        text: normalized, without surrounding spaces.
    """
    written = _GROUPED_BY_SPACES.sub("", text).replace("_", "").lstrip("+").replace("#", "", 1)
    factor = 1.0
    if written[-1:] in {"k", "K"}:
        written, factor = written[:-1], 1000.0
    above, slash, below = written.partition("/")
    if slash:
        if above.isdecimal() and below.isdecimal() and int(below) and len(written) <= 12:
            yield factor * int(above) / int(below)
        return
    for plain in _without_groups(written):
        if re.fullmatch(r"-?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})", plain):
            yield factor * float(plain)


def _without_groups(written: str) -> Iterator[str]:
    """Yield the number with a decimal point, in each way that its separators can be read."""
    sign, digits = ("-", written[1:]) if written.startswith("-") else ("", written)
    last = max(digits.rfind("."), digits.rfind(","))
    if last >= 0:
        whole, decimals = digits[:last], digits[last + 1 :]
        if not set(whole) & {".", ",", "'"} or (
            digits[last] not in whole and _GROUPED.fullmatch(whole)
        ):
            yield f"{sign}{re.sub('[.,]', '', whole).replace(chr(39), '')}.{decimals}"
    if _GROUPED.fullmatch(digits):
        yield sign + re.sub("[.,']", "", digits)
    elif last < 0:
        yield sign + digits


def _normalize(text: str) -> str:
    characters = []
    for character in text.translate(_REPLACEMENTS):
        if 0xFF01 <= ord(character) <= 0xFF5E:
            character = chr(ord(character) - _FULL_WIDTH_OFFSET)  # noqa: PLW2901
        if not character.isascii() and character.isdecimal():
            character = str(unicodedata.decimal(character))  # noqa: PLW2901
        elif "⁄" in unicodedata.normalize("NFKC", character):  # a fraction such as ½
            character = unicodedata.normalize("NFKC", character).replace("⁄", "/")  # noqa: PLW2901
        characters.append(character)
    return _SPACES.sub(" ", "".join(characters))
