"""The picker: every preset's thumbnail on one sheet, to be chosen by reaction or by menu."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import discord

from bot.presets import library
from bot.views import wording
from bot.views.buttons import PresetMenu

if TYPE_CHECKING:
    from bot.presets.library import Preset

__all__ = ["picker_embed", "picker_view", "preset_for_emoji", "presets_sheet", "settled_text"]

SHEET_NAME: Final = "styles.webp"
MOST_OPTIONS: Final = 25  # of a menu
COLOUR: Final = discord.Colour(0x8E6BD8)
STYLES_A_LINE: Final = 3  # as many as fit into an embed without wrapping


def picker_embed(*, filename: str, unknown: str | None, may_react: bool) -> discord.Embed:
    """The picker's text.

    Args:
        filename: of the picture that waits for its style.
        unknown: what the member wrote as a style's name, where there is none of that name.
        may_react: whether the bot can offer reactions here.
    """
    how = "React with a style's emoji, or use the menu." if may_react else "Use the menu below."
    lines = [f"How shall I paint {wording.quoted(filename)}? {how}"]
    if unknown is not None:
        near = library.nearest(unknown)
        hint = f"I know no style called {wording.quoted(unknown)}"
        if near is not None:
            hint += f"; did you mean **{near}**?"
        lines.insert(0, hint if near is not None else f"{hint}, but these:")
    lines += ["", *_legend()]
    embed = discord.Embed(title="Choose a style", description="\n".join(lines), colour=COLOUR)
    return embed.set_image(url=f"attachment://{SHEET_NAME}")


def picker_view() -> discord.ui.View:
    """The menu of every preset."""
    view = discord.ui.View(timeout=None)
    options = [
        discord.SelectOption(label=preset.title, value=preset.name, emoji=preset.emoji)
        for preset in library.PRESETS[:MOST_OPTIONS]
    ]
    view.add_item(PresetMenu(options))
    return view


def presets_sheet(sheet: bytes) -> discord.File:
    """The contact sheet as a file, with its alt text."""
    names = ", ".join(f"{preset.emoji} {preset.title}" for preset in library.PRESETS)
    return discord.File(
        io.BytesIO(sheet),
        filename=SHEET_NAME,
        description=f"A sheet of sample pictures, one for each style: {names}"[:1024],
    )


def _legend() -> list[str]:
    """Which emoji stands for which style, beneath each other: the sheet cannot hold emoji."""
    named = [f"{preset.emoji} {preset.title}" for preset in library.PRESETS]
    rows = range(0, len(named), STYLES_A_LINE)
    return [" · ".join(named[row : row + STYLES_A_LINE]) for row in rows]


def preset_for_emoji(emoji: str) -> Preset | None:
    """The preset a reaction stands for; variation selectors make no difference."""
    plain = emoji.replace("\ufe0f", "")
    for preset in library.PRESETS:
        if preset.emoji.replace("\ufe0f", "") == plain:
            return preset
    return None


def settled_text(preset: Preset, *, filename: str) -> str:
    """What a picker says once its choice is made."""
    return f"{preset.emoji} **{preset.title}** it is, for {wording.quoted(filename)}."
