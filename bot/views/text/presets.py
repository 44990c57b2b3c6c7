"""What members read about a guild's own styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import PresetProblem
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.errors import PresetRefused

__all__ = ["refused"]


def refused(error: PresetRefused) -> str:
    """Why a style could not be added, found or removed, and what to do."""
    return _REFUSED[error.problem](error)


def _unknown(error: PresetRefused) -> str:
    hint = (
        f"did you mean {quoted(error.suggestion)}?"
        if error.suggestion
        else "`style list` shows those there are."
    )
    return f"This server has no style of its own called {quoted(error.word or '')}; {hint}"


_REFUSED: Final[Mapping[PresetProblem, Callable[[PresetRefused], str]]] = {
    PresetProblem.BAD_NAME: lambda e: (
        f"{quoted(e.word or '')} cannot be a style's name; take 2 to 32 letters, digits, spaces "
        "or dashes, with a letter among them."
    ),
    PresetProblem.NAME_TAKEN: lambda e: (
        f"This server has a style called {quoted(e.word or '')} already; take another name, or "
        "remove that one first."
    ),
    PresetProblem.BUILT_IN: lambda e: (
        f"{quoted(e.word or '')} is one of the built-in styles; take another name."
    ),
    PresetProblem.BAD_EMOJI: lambda e: (
        f"{quoted(e.word or '')} is not one standard emoji; pick one from the keyboard, or leave "
        "it out and I take a letter."
    ),
    PresetProblem.EMOJI_TAKEN: lambda e: (
        f"{e.word} stands for another style already; pick another emoji, or leave it out and I "
        "take a letter."
    ),
    PresetProblem.TOO_MANY: lambda e: (
        f"This server has {e.limit} styles of its own, which is as many as it may have; remove "
        "one first."
        if e.limit
        else "Servers may not add styles of their own here."
    ),
    PresetProblem.UNKNOWN: _unknown,
    PresetProblem.NO_PICTURE: lambda _: (
        "Attach the picture whose style I should learn, or reply to a message that has it."
    ),
    PresetProblem.NOT_A_MANAGER: lambda _: (
        "Only members who can manage this server or its emojis add and remove styles; ask one of "
        "them."
    ),
    PresetProblem.NO_GUILD: lambda _: (
        "Only servers have styles of their own; ask me in one instead of here."
    ),
}
