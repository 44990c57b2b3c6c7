"""The picker: a sheet of the presets' thumbnails, with reactions and a menu to choose one.

If there are more presets than a message can have reactions, they are split into pages.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.views.components import routes
from bot.views.components.items import RoutedView, button
from bot.views.text import requests as text
from bot.views.text.quoting import escaped, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.presets.catalog import CatalogPreset

__all__ = [
    "SHEET_NAME",
    "chosen_text",
    "legend",
    "page_of",
    "picker_embed",
    "picker_view",
    "preset_for_emoji",
    "presets_sheet",
]

SHEET_NAME: Final = "styles.webp"
MAX_REACTIONS: Final = 20
"""Different reactions that one message can have; a menu takes 25 options."""

PAGE_SIZE: Final = 15
"""Presets on a page if there are several pages; they fill the rows of the sheet."""

COLOUR: Final = discord.Colour(0x8E6BD8)


def page_of(count: int, page: int) -> tuple[slice, int, int]:
    """Find the presets on a page.

    Args:
        count: number of presets.
        page: counted from 0; a number beyond the last page means the last page.

    Returns:
        The slice of the presets, the page's number, and the number of pages.
    """
    if count <= MAX_REACTIONS:
        return slice(0, count), 0, 1
    pages = -(-count // PAGE_SIZE)
    page = min(max(page, 0), pages - 1)
    return slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE), page, pages


def picker_embed(
    presets: Sequence[CatalogPreset],
    *,
    filename: str,
    unknown: str | None = None,
    near: CatalogPreset | None = None,
    may_react: bool,
    page: int = 0,
    pages: int = 1,
) -> discord.Embed:
    """Build the picker's embed.

    Args:
        presets: those on this page.
        filename: of the picture to stylize.
        unknown: the preset name that the member gave and that does not exist, or None.
        near: the preset with the most similar name, or None.
        may_react: whether the bot may add reactions here.
        page: number of this page, counted from 0.
        pages: number of pages.
    """
    how = text.PICKER_REACT if may_react else text.PICKER_MENU_ONLY
    lines = [text.PICKER_QUESTION.format(filename=quoted(filename), how=how)]
    if unknown is not None:
        answer = text.PICKER_NEAR if near else text.PICKER_UNKNOWN
        lines.insert(
            0, answer.format(name=quoted(unknown), near=escaped(near.title) if near else "")
        )
    lines += ["", legend(presets)]
    embed = discord.Embed(title=text.PICKER_TITLE, description="\n".join(lines), colour=COLOUR)
    if pages > 1:
        embed.set_footer(text=text.PICKER_PAGE.format(page=page + 1, pages=pages))
    return embed.set_image(url=f"attachment://{SHEET_NAME}")


def picker_view(
    presets: Sequence[CatalogPreset],
    *,
    near: CatalogPreset | None = None,
    page: int = 0,
    pages: int = 1,
) -> discord.ui.View:
    """Build the picker's menu, and buttons for the suggested preset and the other pages."""
    options = [
        discord.SelectOption(
            label=plain(preset.title) or preset.emoji, value=preset.name, emoji=preset.emoji
        )
        for preset in presets
    ]
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=routes.PICKER_MENU.custom_id(), placeholder=text.PICKER_TITLE, options=options
    )
    view = RoutedView(menu)
    if near is not None:
        suggested = routes.PICKER_SUGGESTED.custom_id(preset=near.name)
        primary = discord.ButtonStyle.primary
        view.add_item(
            button(
                suggested, text.YES.format(what=plain(near.title)), emoji=near.emoji, style=primary
            )
        )
    if pages > 1:
        back = routes.PICKER_PAGE.custom_id(page=page - 1)
        more = routes.PICKER_PAGE.custom_id(page=page + 1)
        view.add_item(button(back, text.PICKER_BACK, emoji="◀️", disabled=page == 0))
        view.add_item(button(more, text.PICKER_MORE, emoji="▶️", disabled=page == pages - 1))
    return view


def presets_sheet(sheet: bytes, presets: Sequence[CatalogPreset]) -> discord.File:
    """Make a file of the sheet, with alt text.

    Args:
        sheet: the thumbnails, encoded (WebP).
        presets: those on the sheet.
    """
    names = ", ".join(f"{preset.emoji} {plain(preset.title)}" for preset in presets)
    return discord.File(
        io.BytesIO(sheet),
        filename=SHEET_NAME,
        description=text.PICKER_SHEET_ALT.format(names=names)[:1024],
    )


def preset_for_emoji(emoji: str, presets: Sequence[CatalogPreset]) -> CatalogPreset | None:
    """Return the preset of an emoji, ignoring variation selectors; None if there is none."""
    wanted = emoji.replace("\ufe0f", "")
    for preset in presets:
        if preset.emoji.replace("\ufe0f", "") == wanted:
            return preset
    return None


def chosen_text(preset: CatalogPreset, *, filename: str) -> str:
    """Return the text that replaces a picker once a preset is chosen."""
    return text.PICKER_SETTLED.format(
        emoji=preset.emoji, title=escaped(preset.title), filename=quoted(filename)
    )


def legend(presets: Sequence[CatalogPreset]) -> str:
    """Return which emoji stands for which preset, since the sheet cannot show emoji.

    The legend is one line that wraps to any screen's width. Non-breaking spaces make it wrap
    between presets only, and after the separating dot.
    """
    names = [f"{each.emoji} {escaped(each.title)}".replace(" ", "\u00a0") for each in presets]
    return "\u00a0· ".join(names)
