"""What members read while they ask: about offers, forms and swapping."""

from __future__ import annotations

from typing import Final

from bot.views.text import sentences

__all__ = ["how_to_ask", "numbers_for_styles"]

OFFER_GONE: Final = "This answer has expired; ask me again."
OFFER_NOT_YOURS: Final = "Only the member who asked can use this; ask me yourself to join in."
OFFER_USED: Final = "You already used this one; look further down."
SWAP_NOT_YOURS: Final = "Only the member who asked for this painting can swap its pictures."
SWAP_TOO_LATE: Final = (
    "This painting has ended already; ask again with the word `swap` for the other way round."
)

FORM_TITLE: Final = "Your pictures"
FORM_STYLE_OR_NONE: Final = "A picture whose style you like, or none"
FORM_MASK: Final = "The mask: white where to paint"


def how_to_ask(prefix: str) -> str:
    """The one-sentence manual, and the ways to ask beneath it."""
    lines = [sentences.HOW_TO_ASK, *(f"- {way}" for way in sentences.WAYS_TO_ASK)]
    return "\n".join(lines).format(prefix=prefix)


def numbers_for_styles(count: int) -> str:
    """What `weights` takes for so many styles."""
    if count == 1:
        return "a number for each style, and there is only one"
    return f"{count} numbers, one for each style, such as `{':'.join(['2', *['1'] * (count - 1)])}`"
