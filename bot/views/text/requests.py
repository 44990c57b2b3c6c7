"""Requests that are not jobs yet: suggestions, forms, pickers and swapped pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.jobs.job_inputs import InputSource
from bot.views.components.routes import Suggestion
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["numbers_for_styles", "some_accepted"]

OFFER_USED: Final = "You already used this one; look further down."
SWAP_TOO_LATE: Final = (
    "This painting has already ended; ask again with the word `swap` for the other way round."
)

SECTION: Final = "Repaint a picture in the style of another."
STYLIZE_HELP: Final = (
    "Repaint the first picture in the style of the second, or of several.\n\n"
    "Attach them, or reply to a message that has them. With one picture, name a style, blend "
    "several (`starlight + neon`, `2 starlight : 1 neon`), say `surprise me`, or choose one of "
    "those I show. `me` stands for your avatar; a member or a custom emoji works too."
)
SLASH_DESCRIPTION: Final = "Repaint a picture in the style of another"
MENU_ENTRY: Final = "Stylize"
SURPRISE: Final = "Surprise me"
AVATAR_NAME: Final = "{name}'s avatar"

PICKER_POSTED: Final = "Now choose a style in the message I posted in this channel."
PICKER_USED: Final = "A style was already chosen here; post the picture again to try another."
PICKER_TITLE: Final = "Choose a style"
PICKER_QUESTION: Final = "Pick a style for {filename}. {how}"
PICKER_REACT: Final = "React with a style's emoji, or use the menu."
PICKER_MENU_ONLY: Final = "Use the menu below; I am not allowed to add reactions here."
PICKER_UNKNOWN: Final = "There is no style called {name}."
PICKER_NEAR: Final = "There is no style called {name}; did you mean **{near}**?"
PICKER_PAGE: Final = "Page {page} of {pages}"
PICKER_BACK: Final = "Back"
PICKER_MORE: Final = "More styles"
PICKER_SHEET_ALT: Final = "A sheet of sample pictures, one for each style: {names}"
PICKER_SETTLED: Final = "{emoji} **{title}** it is, for {filename}."

START: Final = "Paint a picture"
YES: Final = "Yes, {what}"
LABELS: Final[Mapping[Suggestion, str]] = {
    Suggestion.CORRECT: "Yes",
    Suggestion.WITHOUT: "Paint without it",
    Suggestion.UPLOAD: "Add a picture",
    Suggestion.FIRST_FRAME: "Use its first frame",
    Suggestion.AVATAR: "Use my avatar",
    Suggestion.PRESET: "Choose one of your styles",
    Suggestion.LEAVE_OUT: "Leave it out",
    Suggestion.TWO: "Take the first two",
    Suggestion.BLEND: "Blend the first five",
    Suggestion.RETRY: "Try again",
    Suggestion.STYLIZE: "Yes, paint it",
    Suggestion.HELP: "How it works",
}
"""Labels of the buttons below a refusal."""
SWAP: Final = "Swap"
SWAP_NEXT: Final = "Repaint the next one instead"

FORM_TITLE: Final = "Your pictures"
FORM_CONTENTS: Final = "The picture to repaint, or several"
FORM_STYLE_OR_NONE: Final = "A picture whose style you like, or none"
FORM_MASK: Final = "The mask: white where to paint"

# How a request was understood.
REPAINTING: Final = "Repainting {content} in the style of {styles}."
REPAINTING_WITH_MASK: Final = "Repainting {content} in the style of {styles} where {mask} is white."
GUESSED: Final = "I guessed which is which; press **Swap** if it is the other way round."
GUESSED_OF_SEVERAL: Final = "I guessed which one to repaint; the button takes the next one instead."
UNNAMED: Final = "a picture"
AND: Final = "{others} and {last}"
SHARE: Final = "{style} ({percent}%)"
PLACES: Final[Mapping[InputSource, str]] = {
    InputSource.ATTACHED: "attached",
    InputSource.REPLIED_TO: "replied to",
    InputSource.FORWARDED: "forwarded",
    InputSource.STICKER: "sticker",
    InputSource.EMBEDDED: "from the preview",
    InputSource.LINKED: "linked",
    InputSource.AVATAR: "",
    InputSource.EMOJI: "emoji",
    InputSource.FIRST_FRAME: "its first frame",
    InputSource.RECENT: "from your last message",
    InputSource.PRESET: "",
    InputSource.EARLIER: "",
}
"""Added to a picture's name; empty if the name says enough."""


def some_accepted(accepted: Sequence[str], left: Sequence[str]) -> str:
    """Which of several pictures are painted, and which are not.

    Args:
        accepted: names of the pictures that are painted.
        left: names of the others.
    """
    return f"I am painting {_named(accepted)}, but not {_named(left)}."


def _named(filenames: Sequence[str]) -> str:
    *others, last = map(quoted, filenames)
    return AND.format(others=", ".join(others), last=last) if others else last


def numbers_for_styles(count: int) -> str:
    """What `weights` must be for so many styles."""
    if count == 1:
        return "a number for each style, and there is only one"
    return f"{count} numbers, one for each style, such as `{':'.join(['2', *['1'] * (count - 1)])}`"
