"""How to ask for a painting, the help page, and the sections of the command list."""

from __future__ import annotations

from typing import Final

__all__ = ["how_to_ask", "no_such_command"]

HOW_TO_ASK: Final = (
    "Attach two pictures to `{prefix}stylize`: first the one to repaint, then the one whose "
    "style you like. With one picture, I show you styles to choose from."
)
WAYS_TO_ASK: Final = (
    "`{prefix}stylize` or `/stylize` with two pictures",
    "`{prefix}stylize mosaic` with one picture and a style's name",
    "mention me instead of typing `{prefix}stylize`, or send me pictures in a direct message",
    "reply `{prefix}stylize` to a message with pictures",
    "right-click a message (long-press on a phone) → Apps → Stylize",
    "`{prefix}stylize me mosaic` paints your avatar; a member or a custom emoji works too",
    "`{prefix}stylize mosaic` with three or more pictures paints each of them",
    "add the word `each` to paint every picture but the last, which is the style",
    "with three to five pictures, the first gets a blend of the others' styles: `weights=2:1`",
    "add the word `mask`: your last picture shows in white where to paint",
)
NEAR_COMMAND: Final = "Did you mean `{name}`?"
NO_SUCH_COMMAND: Final = "I have no command {name}; `{prefix}help` shows what I can do."
ACTIVITY: Final = "{prefix}stylize with two pictures"

SECTION: Final = "How it works."
GUIDE_HELP: Final = "Show how to ask for a painting, or explain one command."
GUIDE_COMMAND: Final = "A command to explain; empty for the overview"
PRESETS_HELP: Final = "Show all styles: this server's own and the built-in ones."

TITLE: Final = "Paint a picture in the style of another"
WAYS_TITLE: Final = "Other ways to ask"
YOURS_TITLE: Final = "Yours"
YOURS: Final = (
    "`{prefix}gallery` shows your paintings",
    "`{prefix}queue` shows what is under way, `{prefix}cancel` stops it",
    "`{prefix}again` paints a new variation of your last one",
    "`{prefix}privacy` shows what I hold about you, to download or delete",
)
FOOTER: Final = "{prefix}help stylize has all the options, {prefix}presets all the styles"
SAME_COMMAND: Final = "-# The same: {names}"
OPTIONS_TITLE: Final = "Options"

PRESETS_TITLE: Final = "Styles"
OWN_PRESETS: Final = "**This server's own**"
BUILT_IN_PRESETS: Final = "**Built in**"
NAME_A_STYLE: Final = "To use one: {prefix}stylize, its name and a picture"


def how_to_ask(prefix: str) -> str:
    """List the ways to ask for a painting."""
    lines = [HOW_TO_ASK, *(f"- {way}" for way in WAYS_TO_ASK)]
    return "\n".join(lines).format(prefix=prefix)


def no_such_command(name: str, *, near: str | None, prefix: str) -> str:
    """Answer for a command that does not exist.

    Args:
        name: what was asked for, quoted.
        near: the command that was probably meant.
        prefix: of text commands.
    """
    text = NO_SUCH_COMMAND.format(name=name, prefix=prefix)
    return f"{text} Did you mean `{prefix}help {near}`?" if near else text
