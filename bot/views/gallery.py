"""The gallery: a member's results, page by page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.views.components import routes
from bot.views.components.items import RoutedView, button, start_view
from bot.views.job_titles import list_title, short_title
from bot.views.message_links import outcome_link
from bot.views.text import gallery as text
from bot.views.text.quoting import escaped, plain
from bot.views.text.units import count

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
]

PAGE: Final = 6
"""Results on a page."""

COLOUR: Final = discord.Colour(0x8E6BD8)
SHEET_NAME: Final = "gallery.webp"
_ROUND: Final = str.maketrans("[]", "()")  # square brackets would end a link's text


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryPosition:
    """Whose gallery is shown to whom, and which page of it; its buttons carry it.

    Attributes:
        opened_by: id of the only member who may change the page.
        subject: id of the member whose gallery it is.
        page: counted from 0.
    """

    opened_by: int
    subject: int
    page: int = 0

    def at(self, page: int) -> dict[str, int]:
        """The fields of the button that leads to another page."""
        return {"opened_by": self.opened_by, "subject": self.subject, "page": page}


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryPage:
    """One page of a gallery.

    Attributes:
        position: whose gallery, for whom, and which page; the page exists.
        jobs: the jobs on it, newest first.
        total: number of jobs on all pages.
        left_out: number of jobs left out because not everyone here may see them.
    """

    position: GalleryPosition
    jobs: Sequence[Job]
    total: int
    left_out: int = 0

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // PAGE))

    @property
    def first(self) -> int:
        """Number of the page's first job, counted from 1."""
        return self.position.page * PAGE + 1


def gallery_embed(page: GalleryPage, *, name: str, prefix: str) -> discord.Embed:
    """Render a page: a line for each job, with a link to its message.

    Args:
        page: the page.
        name: display name of the member whose gallery it is.
        prefix: of text commands.
    """
    title = text.TITLE.format(name=escaped(name))
    embed = discord.Embed(title=title[:256], colour=COLOUR)
    own = page.position.opened_by == page.position.subject
    if not page.jobs:
        empty = text.EMPTY if own else text.EMPTY_OF_OTHERS
        lines = [empty.format(prefix=prefix)]
    else:
        lines = [_line(number, job) for number, job in enumerate(page.jobs, page.first)]
        embed.set_image(url=f"attachment://{SHEET_NAME}")
        footer = text.FOOTER_OF_PAGES if page.pages > 1 else text.FOOTER
        embed.set_footer(
            text=footer.format(
                paintings=count(page.total, "painting"),
                page=page.position.page + 1,
                pages=page.pages,
            )
        )
    if page.left_out:
        lines += ["", text.LEFT_OUT.format(count=page.left_out)]
    embed.description = "\n".join(lines)
    return embed


def caption(job: Job) -> str:
    """The caption below a result on the sheet: its title without the files' extensions."""
    return short_title(job)


def gallery_file(sheet: bytes, page: GalleryPage) -> discord.File:
    """The page's sheet of thumbnails, with its alt text."""
    titles = "; ".join(f"{n}: {plain(job.title)}" for n, job in enumerate(page.jobs, page.first))
    return discord.File(
        io.BytesIO(sheet),
        filename=SHEET_NAME,
        description=text.SHEET_ALT.format(titles=titles)[:1024],
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
            text.NEWER,
            emoji="◀️",
            disabled=here == 0,
        ),
        button(
            routes.GALLERY_OLDER.custom_id(**position.at(here + 1)),
            text.OLDER,
            emoji="▶️",
            disabled=here == page.pages - 1,
        ),
    )


def _line(number: int, job: Job) -> str:
    title = list_title(job).translate(_ROUND)
    address = outcome_link(job)
    line = f"**{number}** {title}" if address is None else f"**{number}** [{title}]({address})"
    if job.finished_at is not None:
        line += f" · {discord.utils.format_dt(job.finished_at, 'R')}"
    return line
