"""A member's finished paintings, a page at a time."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.views.card import shown_title
from bot.views.components import routes
from bot.views.components.items import RoutedView, button, start_view
from bot.views.text import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.models import Job

__all__ = [
    "PAGE",
    "GalleryPage",
    "GalleryPosition",
    "caption",
    "gallery_embed",
    "gallery_file",
    "gallery_view",
    "link",
]

PAGE: Final = 6
"""Paintings on one page."""

COLOUR: Final = discord.Colour(0x8E6BD8)
SHEET_NAME: Final = "gallery.webp"
_EXTENSION: Final = re.compile(r"(?<=\w)\.[A-Za-z0-9]{3,4}(?=\s|$)")
_ROUND: Final = str.maketrans("[]", "()")  # square brackets would end a link's text


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryPosition:
    """Whose gallery is shown to whom, and which page of it; buttons carry it.

    Attributes:
        opened_by: the only member who changes its page.
        subject: whose paintings they are.
        page: from 0.
    """

    opened_by: int
    subject: int
    page: int = 0

    def at(self, page: int) -> dict[str, int]:
        """The fields of the button that leads to another page."""
        return {"opened_by": self.opened_by, "subject": self.subject, "page": page}


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryPage:
    """One page.

    Attributes:
        position: whose, for whom, which; its page is one that there is.
        jobs: the paintings on it, newest first.
        total: paintings on all pages.
        left_out: paintings that are not shown here, since not everyone here may see them.
    """

    position: GalleryPosition
    jobs: Sequence[Job]
    total: int
    left_out: int = 0

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        """The number of the first painting on it, from 1."""
        return self.position.page * PAGE + 1


def gallery_embed(page: GalleryPage, *, name: str, prefix: str) -> discord.Embed:
    """The page's text: a line for each painting, with the way to its message.

    Args:
        page: what is shown.
        name: what the member is called whose paintings they are.
        prefix: of text commands.
    """
    title = f"Paintings of {discord.utils.escape_markdown(name)}"
    embed = discord.Embed(title=title[:256], colour=COLOUR)
    own = page.position.opened_by == page.position.subject
    if not page.jobs:
        empty = sentences.GALLERY_EMPTY if own else sentences.GALLERY_EMPTY_OF_OTHERS
        lines = [empty.format(prefix=prefix)]
    else:
        lines = [_line(number, job) for number, job in enumerate(page.jobs, page.first)]
        embed.set_image(url=f"attachment://{SHEET_NAME}")
        paintings = "1 painting" if page.total == 1 else f"{page.total} paintings"
        which = f", page {page.position.page + 1} of {page.pages}" if page.pages > 1 else ""
        embed.set_footer(text=f"{paintings}, newest first{which}")
    if page.left_out:
        lines += ["", sentences.GALLERY_LEFT_OUT.format(count=page.left_out)]
    embed.description = "\n".join(lines)
    return embed


def caption(job: Job) -> str:
    """What stands below a painting on the sheet: its title without the files' extensions."""
    return _EXTENSION.sub("", job.title)


def gallery_file(sheet: bytes, page: GalleryPage) -> discord.File:
    """The page's sheet of thumbnails, with its alt text."""
    titles = "; ".join(f"{n}: {job.title}" for n, job in enumerate(page.jobs, page.first))
    return discord.File(
        io.BytesIO(sheet), filename=SHEET_NAME, description=f"Small paintings. {titles}"[:1024]
    )


def gallery_view(page: GalleryPage) -> discord.ui.View:
    """Buttons that change the page; none where there is only one, a start button where none."""
    position = page.position
    if not page.jobs and position.opened_by == position.subject:
        return start_view()
    if page.pages == 1:
        return RoutedView()
    here = position.page
    return RoutedView(
        button(
            routes.GALLERY_NEWER.custom_id(**position.at(here - 1)),
            "Newer",
            emoji="◀️",
            disabled=here == 0,
        ),
        button(
            routes.GALLERY_OLDER.custom_id(**position.at(here + 1)),
            "Older",
            emoji="▶️",
            disabled=here == page.pages - 1,
        ),
    )


def link(job: Job) -> str | None:
    """The address of the message with the finished picture; None where there is none."""
    if job.outcome_message_id is None:
        return None
    is_private = job.outcome_channel_id != job.origin.channel_id
    guild = "@me" if is_private or job.origin.guild_id is None else job.origin.guild_id
    return f"https://discord.com/channels/{guild}/{job.outcome_channel_id}/{job.outcome_message_id}"


def _line(number: int, job: Job) -> str:
    title = shown_title(job, limit=70).translate(_ROUND)
    address = link(job)
    line = f"**{number}** {title}" if address is None else f"**{number}** [{title}]({address})"
    if job.finished_at is not None:
        line += f" · {discord.utils.format_dt(job.finished_at, 'R')}"
    return line
