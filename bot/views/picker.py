"""The picker: the styles' thumbnails on one sheet, to be chosen by reaction or by menu.

Where there are more styles than a message can have reactions, they stand on pages.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import discord

from bot.views.components import routes
from bot.views.components.items import RoutedView, button
from bot.views.text import requests as text
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "SHEET_NAME",
    "Style",
    "legend",
    "page_of",
    "picker_embed",
    "picker_view",
    "presets_sheet",
    "chosen_text",
    "preset_for_emoji",
]

SHEET_NAME: Final = "styles.webp"
MOST_REACTIONS: Final = 20
"""Different reactions one message can have; a menu takes 25 options."""

PAGE: Final = 15
"""Styles on a page, where there are several pages: full rows of the sheet."""

COLOUR: Final = discord.Colour(0x8E6BD8)


class Style(Protocol):
    """What a picker needs to know of a style."""

    @property
    def name(self) -> str:
        """What members type."""
        ...

    @property
    def title(self) -> str:
        """What they read."""
        ...

    @property
    def emoji(self) -> str:
        """One that no other style on offer has."""
        ...


AnyStyle = TypeVar("AnyStyle", bound=Style)


def page_of(count: int, page: int) -> tuple[slice, int, int]:
    """Which of `count` styles stand on a page.

    Args:
        count: how many there are in all.
        page: counted from 0; one that is not there any more is the last one.

    Returns:
        The styles' slice, the page it is, and how many pages there are.
    """
    if count <= MOST_REACTIONS:
        return slice(0, count), 0, 1
    pages = -(-count // PAGE)
    page = min(max(page, 0), pages - 1)
    return slice(page * PAGE, (page + 1) * PAGE), page, pages


def picker_embed(
    styles: Sequence[Style],
    *,
    filename: str,
    unknown: str | None = None,
    near: Style | None = None,
    may_react: bool,
    page: int = 0,
    pages: int = 1,
) -> discord.Embed:
    """The picker's text.

    Args:
        styles: those on this page.
        filename: of the picture that waits for its style.
        unknown: what the member wrote as a style's name, where there is none of that name.
        near: the style that was probably meant.
        may_react: whether the bot can offer reactions here.
        page: this page, counted from 0.
        pages: how many there are.
    """
    how = text.PICKER_REACT if may_react else text.PICKER_MENU_ONLY
    lines = [text.PICKER_QUESTION.format(filename=quoted(filename), how=how)]
    if unknown is not None:
        answer = text.PICKER_NEAR if near else text.PICKER_UNKNOWN
        lines.insert(0, answer.format(name=quoted(unknown), near=near.title if near else ""))
    lines += ["", legend(styles)]
    embed = discord.Embed(title=text.PICKER_TITLE, description="\n".join(lines), colour=COLOUR)
    if pages > 1:
        embed.set_footer(text=text.PICKER_PAGE.format(page=page + 1, pages=pages))
    return embed.set_image(url=f"attachment://{SHEET_NAME}")


def picker_view(
    styles: Sequence[Style], *, near: Style | None = None, page: int = 0, pages: int = 1
) -> discord.ui.View:
    """The menu of the styles on a page, and the buttons that belong to it."""
    options = [
        discord.SelectOption(label=style.title, value=style.name, emoji=style.emoji)
        for style in styles
    ]
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=routes.PICKER_MENU.custom_id(), placeholder=text.PICKER_TITLE, options=options
    )
    view = RoutedView(menu)
    if near is not None:
        suggested = routes.PICKER_SUGGESTED.custom_id(preset=near.name)
        primary = discord.ButtonStyle.primary
        view.add_item(
            button(suggested, text.YES.format(what=near.title), emoji=near.emoji, style=primary)
        )
    if pages > 1:
        back = routes.PICKER_PAGE.custom_id(page=page - 1)
        more = routes.PICKER_PAGE.custom_id(page=page + 1)
        view.add_item(button(back, text.PICKER_BACK, emoji="◀️", disabled=page == 0))
        view.add_item(button(more, text.PICKER_MORE, emoji="▶️", disabled=page == pages - 1))
    return view


def presets_sheet(sheet: bytes, styles: Sequence[Style]) -> discord.File:
    """The contact sheet as a file, with its alt text."""
    names = ", ".join(f"{style.emoji} {style.title}" for style in styles)
    return discord.File(
        io.BytesIO(sheet),
        filename=SHEET_NAME,
        description=text.PICKER_SHEET_ALT.format(names=names)[:1024],
    )


def preset_for_emoji(emoji: str, styles: Sequence[AnyStyle]) -> AnyStyle | None:
    """The style a reaction stands for; variation selectors make no difference."""
    plain = emoji.replace("\ufe0f", "")
    for style in styles:
        if style.emoji.replace("\ufe0f", "") == plain:
            return style
    return None


def chosen_text(style: Style, *, filename: str) -> str:
    """What a picker says once its choice is made."""
    return text.PICKER_SETTLED.format(
        emoji=style.emoji, title=style.title, filename=quoted(filename)
    )


def legend(styles: Sequence[Style]) -> str:
    """Which emoji stands for which style: the sheet cannot hold emoji.

    It is one line, which every screen breaks where it is full: lines that suit a wide one are
    ragged on a phone. It is broken between two styles, not within one, nor before a dot.
    """
    return " ".join(
        f"{style.emoji} {style.title}{' ·' if style is not styles[-1] else ''}".replace(
            " ", "\u00a0"
        )
        for style in styles
    )
