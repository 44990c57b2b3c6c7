"""A guild's settings and its own styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import PresetProblem
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.errors import PresetRefused

__all__ = ["refused"]

SETTINGS_SECTION: Final = "What a server's managers decide."
SETTINGS_HELP: Final = (
    "Choose where I paint, who adds styles, and the prefix of my commands.\n\n"
    "A prefix of your own can be written after the command."
)
SETTINGS_TITLE: Final = "Server settings"
SETTINGS: Final = "Pick from the menus; each choice takes effect at once."
CHANNELS_TITLE: Final = "Where I paint"
EVERY_CHANNEL: Final = "In every channel I can post in"
CHANNELS_MENU: Final = "Paint in these channels only"
ALLOW_EVERY_CHANNEL: Final = "Allow every channel"
MANAGERS_TITLE: Final = "Who adds and removes styles"
MANAGERS: Final = "Members who can manage this server or its emojis"
MANAGERS_AND_ROLE: Final = "Members who can manage this server or its emojis, and {role}"
ROLE_MENU: Final = "A role that may add and remove styles"
MANAGERS_ONLY: Final = "Managers only"
PREFIX_TITLE: Final = "Prefix of my commands"
PREFIX: Final = "{prefix}; mentioning me always works too"
PREFIX_MENU: Final = "Another prefix"
PREFIX_OPTION: Final = "{prefix}stylize"
PREFIX_PARAMETER: Final = "A new prefix for text commands, such as s!"
DEFAULT_PREFIX: Final = "Default prefix"
BAD_PREFIX: Final = "A prefix is up to {longest} characters without spaces and ends in a symbol."

SECTION: Final = "A server's own styles."
STYLE_HELP: Final = "List this server's own styles; with pictures, the same as `stylize`."
ADD_HELP: Final = (
    "Add a style from the attached picture, or from the message you reply to.\n\n"
    "An emoji before or after the name stands for it in pickers."
)
ADD_NAME: Final = "What members will type"
ADD_PICTURE: Final = "The picture whose style it is"
ADD_EMOJI: Final = "A standard emoji for the pickers; empty for the next free letter"
LIST_HELP: Final = "Show this server's own styles."
SHOW_HELP: Final = "Show one style: its picture, who added it, how to use it."
REMOVE_HELP: Final = "Remove one of this server's own styles, after asking you."
STYLE_NAME: Final = "The style's name"

ADDED: Final = "{emoji} {title} is now a style of this server"
FOR_EVERYONE: Final = "Everyone here can choose it from now on."
LIST_TITLE: Final = "This server's own styles"
NONE_YET: Final = (
    "This server has no styles of its own yet. Managers can add one: `{prefix}style add`, a name "
    "and a picture."
)
HOW_TO_USE: Final = "To use it: `{prefix}stylize {name}` with a picture."
BUILT_IN_TOO: Final = "{prefix}presets shows these and the built-in ones"
ADDED_BY: Final = "-# Added by {member} on {date}"
PAINT_WITH_IT: Final = "Paint with it"
REMOVE: Final = "Remove"
REMOVE_QUESTION: Final = (
    "Remove {emoji} **{title}** from this server? Paintings made with it stay; its picture is "
    "deleted."
)
REMOVE_IT: Final = "Remove it"
KEEP_IT: Final = "Keep it"
REMOVED: Final = "Removed: {emoji} **{title}**."
KEPT: Final = "Kept."


def refused(error: PresetRefused) -> str:
    """Why a preset could not be added, found or removed, and what to do."""
    return _REFUSED[error.problem](error)


def _unknown(error: PresetRefused) -> str:
    hint = (
        f"did you mean {quoted(error.suggestion)}?"
        if error.suggestion
        else "`style list` shows them all."
    )
    return f"This server has no style called {quoted(error.word or '')}; {hint}"


_REFUSED: Final[Mapping[PresetProblem, Callable[[PresetRefused], str]]] = {
    PresetProblem.BAD_NAME: lambda e: (
        f"{quoted(e.word or '')} cannot be a style's name. Use 2 to 32 letters, digits, spaces "
        "or dashes, with at least one letter."
    ),
    PresetProblem.RESERVED_NAME: lambda e: (
        f"{quoted(e.word or '')} has another meaning in a request; choose another name."
    ),
    PresetProblem.NAME_TAKEN: lambda e: (
        f"{quoted(e.word or '')} is taken. Choose another name, or remove that style first."
    ),
    PresetProblem.BUILT_IN: lambda e: (
        f"{quoted(e.word or '')} is a built-in style. Choose another name."
    ),
    PresetProblem.BAD_EMOJI: lambda e: (
        f"{quoted(e.word or '')} is not a standard emoji; pick one from the keyboard, or leave "
        "it out to get a letter."
    ),
    PresetProblem.EMOJI_TAKEN: lambda e: (
        f"{e.word} is already used by another style; pick another emoji, or leave it out "
        "to get a letter."
    ),
    PresetProblem.TOO_MANY: lambda e: (
        f"This server already has {e.limit} styles, the most allowed; remove one first."
        if e.limit
        else "Servers cannot add their own styles here."
    ),
    PresetProblem.UNKNOWN: _unknown,
    PresetProblem.NO_PICTURE: lambda _: (
        "Attach the picture whose style I should learn, or reply to a message that has it."
    ),
}
