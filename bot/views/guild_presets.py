"""Messages about a guild's own styles."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.presets.editor import default_alt_text
from bot.views.components import routes
from bot.views.components.items import Button, RoutedView, button, start_button
from bot.views.components.routes import PresetAction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.guild_models import GuildPreset
    from bot.presets.catalog import CatalogPreset

__all__ = [
    "added_embed",
    "added_view",
    "asked_to_remove",
    "list_embed",
    "removal_view",
    "sheet_file",
    "show_embed",
    "show_view",
]

COLOUR: Final = discord.Colour(0x8E6BD8)
SHEET_NAME: Final = "styles.webp"
PICTURE_NAME: Final = "style.webp"

NONE_YET: Final = (
    "This server has no styles of its own yet. Its managers add one with `{prefix}style add`, a "
    "name, and the picture attached."
)
HOW_TO_USE: Final = "To use it: `{prefix}stylize {name}` with a picture."
BUILT_IN_TOO: Final = "{prefix}presets shows these and the built-in ones"


def added_embed(preset: GuildPreset, *, prefix: str) -> discord.Embed:
    """A style was added."""
    embed = discord.Embed(
        title=f"{preset.emoji} {preset.title} is now a style of this server",
        description=HOW_TO_USE.format(prefix=prefix, name=preset.name)
        + "\nEveryone here can choose it from now on.",
        colour=COLOUR,
    )
    return embed.set_image(url=f"attachment://{PICTURE_NAME}")


def picture_file(picture: bytes, alt_text: str) -> discord.File:
    """A style's picture, with its alt text."""
    return discord.File(io.BytesIO(picture), filename=PICTURE_NAME, description=alt_text[:1024])


def list_embed(own: Sequence[CatalogPreset], *, prefix: str) -> discord.Embed:
    """The guild's own styles, one to a line."""
    lines = [f"{each.emoji} **{each.title}** `{each.name}`" for each in own]
    embed = discord.Embed(
        title="This server's own styles",
        description="\n".join(lines) or NONE_YET.format(prefix=prefix),
        colour=COLOUR,
    )
    if own:
        embed.set_image(url=f"attachment://{SHEET_NAME}")
    return embed.set_footer(text=BUILT_IN_TOO.format(prefix=prefix))


def sheet_file(sheet: bytes, presets: Sequence[CatalogPreset]) -> discord.File:
    """A contact sheet of styles as a file, with its alt text."""
    names = ", ".join(f"{each.emoji} {each.title}" for each in presets)
    return discord.File(
        io.BytesIO(sheet),
        filename=SHEET_NAME,
        description=f"A sheet of sample pictures, one for each style: {names}"[:1024],
    )


def show_embed(preset: CatalogPreset, kept: GuildPreset | None, *, prefix: str) -> discord.Embed:
    """One style: its picture, and where it comes from.

    Args:
        preset: the style.
        kept: the same as the guild added it; None for a built-in one.
        prefix: of text commands.
    """
    lines = [HOW_TO_USE.format(prefix=prefix, name=preset.name)]
    if preset.alt_text != default_alt_text(preset.title):
        lines = [preset.alt_text, "", *lines]
    if kept is not None:
        when = discord.utils.format_dt(kept.created_at, "D")
        lines.append(f"-# Added by <@{kept.added_by}> on {when}")
    embed = discord.Embed(
        title=f"{preset.emoji} {preset.title}", description="\n".join(lines), colour=COLOUR
    )
    return embed.set_image(url=f"attachment://{PICTURE_NAME}")


def added_view(preset: GuildPreset) -> discord.ui.View:
    """What can be done with a style that was just added.

    Its emoji is on a button, so that Discord has judged it before it is on every picker.
    """
    return show_view(preset.name, emoji=preset.emoji, removable=True)


def show_view(name: str, *, emoji: str, removable: bool) -> discord.ui.View:
    """What can be done with a style that is shown; only a guild's own is removable."""
    view = RoutedView(start_button(name, label="Paint with it", emoji=emoji))
    if removable:
        view.add_item(_button(name, PresetAction.ASK, "Remove", emoji="🗑️"))
    return view


def asked_to_remove(preset: GuildPreset) -> str:
    """The question before a style is removed."""
    return (
        f"Remove {preset.emoji} **{preset.title}** from this server? Paintings made with it stay; "
        "its picture is deleted."
    )


def removal_view(name: str) -> discord.ui.View:
    """The answers to that question."""
    danger = discord.ButtonStyle.danger
    return RoutedView(
        _button(name, PresetAction.REMOVE, "Remove it", style=danger),
        _button(name, PresetAction.KEEP, "Keep it"),
    )


def _button(name: str, action: PresetAction, label: str, **options: Any) -> Button:  # noqa: ANN401
    custom_id = routes.GUILD_PRESET.custom_id(name=name, action=action)
    return button(custom_id, label, **options)
