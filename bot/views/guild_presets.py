"""Messages about a guild's own presets."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.presets.editor import default_alt_text
from bot.views.components import routes
from bot.views.components.items import Button, RoutedView, button, start_button
from bot.views.components.routes import PresetAction
from bot.views.picker import SHEET_NAME
from bot.views.text import guild as text
from bot.views.text.quoting import escaped, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.models import GuildPreset
    from bot.presets.catalog import CatalogPreset

__all__ = [
    "added_embed",
    "added_view",
    "list_embed",
    "picture_file",
    "removal_question",
    "removal_view",
    "show_embed",
    "show_view",
]

COLOUR: Final = discord.Colour(0x8E6BD8)
PICTURE_NAME: Final = "style.webp"


def added_embed(preset: GuildPreset, *, prefix: str) -> discord.Embed:
    """Confirm that a preset was added."""
    how_to_use = text.HOW_TO_USE.format(prefix=prefix, name=preset.name)
    embed = discord.Embed(
        title=text.ADDED.format(emoji=preset.emoji, title=escaped(preset.title)),
        description=f"{how_to_use}\n{text.FOR_EVERYONE}",
        colour=COLOUR,
    )
    return embed.set_image(url=f"attachment://{PICTURE_NAME}")


def picture_file(picture: bytes, alt_text: str) -> discord.File:
    """A preset's picture as a file with alt text."""
    return discord.File(
        io.BytesIO(picture), filename=PICTURE_NAME, description=plain(alt_text, longest=1024)
    )


def list_embed(own: Sequence[CatalogPreset], *, prefix: str) -> discord.Embed:
    """List the guild's own presets, one per line."""
    lines = [f"{each.emoji} **{escaped(each.title)}** {quoted(each.name)}" for each in own]
    embed = discord.Embed(
        title=text.LIST_TITLE,
        description="\n".join(lines) or text.NONE_YET.format(prefix=prefix),
        colour=COLOUR,
    )
    if own:
        embed.set_image(url=f"attachment://{SHEET_NAME}")
    return embed.set_footer(text=text.BUILT_IN_TOO.format(prefix=prefix))


def show_embed(preset: CatalogPreset, own: GuildPreset | None, *, prefix: str) -> discord.Embed:
    """Show one preset: its picture, and who added it.

    Args:
        preset: the preset.
        own: the guild's record of it; None for a built-in preset.
        prefix: of text commands.
    """
    lines = [text.HOW_TO_USE.format(prefix=prefix, name=preset.name)]
    if preset.alt_text != default_alt_text(preset.title):
        lines = [escaped(preset.alt_text), "", *lines]
    if own is not None:
        date = discord.utils.format_dt(own.created_at, "D")
        lines.append(text.ADDED_BY.format(member=f"<@{own.added_by}>", date=date))
    embed = discord.Embed(
        title=f"{preset.emoji} {escaped(preset.title)}", description="\n".join(lines), colour=COLOUR
    )
    return embed.set_image(url=f"attachment://{PICTURE_NAME}")


def added_view(preset: GuildPreset) -> discord.ui.View:
    """The buttons below a preset that was just added.

    One shows its emoji, so that Discord rejects an invalid one before every picker has it.
    """
    return show_view(preset.name, emoji=preset.emoji, removable=True)


def show_view(name: str, *, emoji: str, removable: bool) -> discord.ui.View:
    """The buttons below a preset; only a guild's own is removable."""
    view = RoutedView(start_button(name, label=text.PAINT_WITH_IT, emoji=emoji))
    if removable:
        view.add_item(_button(name, PresetAction.ASK, text.REMOVE, emoji="🗑️"))
    return view


def removal_question(preset: GuildPreset) -> str:
    """The question before a preset is removed."""
    return text.REMOVE_QUESTION.format(emoji=preset.emoji, title=escaped(preset.title))


def removal_view(name: str) -> discord.ui.View:
    """The answers to that question."""
    danger = discord.ButtonStyle.danger
    return RoutedView(
        _button(name, PresetAction.REMOVE, text.REMOVE_IT, style=danger),
        _button(name, PresetAction.KEEP, text.KEEP_IT),
    )


def _button(name: str, action: PresetAction, label: str, **options: Any) -> Button:  # noqa: ANN401
    custom_id = routes.GUILD_PRESET.custom_id(name=name, action=action)
    return button(custom_id, label, **options)
