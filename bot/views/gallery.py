"""The gallery: a member's results, page by page, and one of them in full."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.views.components import routes
from bot.views.components.items import RoutedView, button, start_view
from bot.views.components.routes import GalleryFilter
from bot.views.job_titles import list_title, short_title
from bot.views.message_links import outcome_link
from bot.views.recipe_summary import chosen
from bot.views.text import gallery as text
from bot.views.text.quoting import escaped, plain, quoted
from bot.views.text.units import count

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.jobs.models import Job

__all__ = [
    "PAGE",
    "WORDS_FIELD",
    "GalleryPage",
    "GalleryPosition",
    "SearchForm",
    "caption",
    "gallery_embed",
    "gallery_file",
    "gallery_view",
    "opened_text",
]

PAGE: Final = 6
"""Results on a page."""

COLOUR: Final = discord.Colour(0x8E6BD8)
SHEET_NAME: Final = "gallery.webp"
HEART: Final = "❤️"
WORDS_FIELD: Final = "words"
_ROUND: Final = str.maketrans("[]", "()")  # square brackets would end a link's text


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryPosition:
    """Whose gallery is shown to whom, and which page of it; its buttons carry it.

    Attributes:
        opened_by: id of the only member who may change the page.
        subject: id of the member whose gallery it is.
        page: counted from 0.
        only: which of the paintings.
        words: of which each must be found; empty for all paintings.
    """

    opened_by: int
    subject: int
    page: int = 0
    only: GalleryFilter = GalleryFilter.ALL
    words: str = ""

    def custom_id_of(self, page: int, *, is_older: bool) -> str:
        """The custom_id of the button that leads to another page."""
        if not self.is_filtered:
            route = routes.GALLERY_OLDER if is_older else routes.GALLERY_NEWER
            return route.custom_id(opened_by=self.opened_by, subject=self.subject, page=page)
        return replace(self, page=page).custom_id

    @property
    def custom_id(self) -> str:
        """The custom_id of a button that leads here."""
        return routes.GALLERY_VIEW.custom_id(
            opened_by=self.opened_by,
            subject=self.subject,
            page=self.page,
            only=self.only,
            words=self.words,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether some paintings are left out on purpose."""
        return bool(self.words) or self.only is not GalleryFilter.ALL


@dataclass(frozen=True, kw_only=True, slots=True)
class GalleryPage:
    """One page of a gallery.

    Attributes:
        position: whose gallery, for whom, and which page; the page exists.
        jobs: the jobs on it, newest first.
        total: number of jobs on all pages.
        left_out: number of jobs left out because not everyone here may see them.
        favourites: ids of the opener's favourites.
    """

    position: GalleryPosition
    jobs: Sequence[Job]
    total: int
    left_out: int = 0
    favourites: Collection[str] = ()

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
    titles = {GalleryFilter.ALL: text.TITLE, GalleryFilter.FAVOURITES: text.FAVOURITES_TITLE}
    title = titles[page.position.only].format(name=escaped(name))
    embed = discord.Embed(title=title[:256], colour=COLOUR)
    own = page.position.opened_by == page.position.subject
    if not page.jobs:
        lines = [_empty(page.position, prefix=prefix, own=own)]
    else:
        lines = [_line(page, number, job) for number, job in enumerate(page.jobs, page.first)]
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
    if page.position.words:
        lines = [text.FOUND.format(words=quoted(page.position.words)), *lines]
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
    """A menu that opens a painting, and buttons that choose what is shown.

    An empty gallery of the member's own has a button that starts a painting instead.
    """
    position = page.position
    own = position.opened_by == position.subject
    if not page.jobs and own and not position.is_filtered:
        return start_view()
    view = RoutedView()
    if page.jobs:
        view.add_item(_open_menu(page))
    here = position.page
    if page.pages > 1:
        newer = position.custom_id_of(here - 1, is_older=False)
        older = position.custom_id_of(here + 1, is_older=True)
        last = page.pages - 1
        view.add_item(button(newer, text.NEWER, emoji="◀️", disabled=here == 0, row=1))
        view.add_item(button(older, text.OLDER, emoji="▶️", disabled=here == last, row=1))
    everything = GalleryPosition(opened_by=position.opened_by, subject=position.subject)
    if position.is_filtered:
        view.add_item(button(everything.custom_id, text.SHOW_ALL, emoji="🖼️", row=1))
    elif own:
        favourites = replace(everything, only=GalleryFilter.FAVOURITES)
        view.add_item(button(favourites.custom_id, text.FAVOURITES, emoji="❤️", row=1))
    if page.jobs or position.is_filtered:
        search = routes.GALLERY_SEARCH.custom_id(
            opened_by=position.opened_by, subject=position.subject
        )
        view.add_item(button(search, text.SEARCH, emoji="🔎", row=1))
    return view


class SearchForm(discord.ui.Modal):
    """The form that asks what to search for; the router answers it."""

    def __init__(self, *, opened_by: int, subject: int) -> None:
        custom_id = routes.GALLERY_SEARCH_FORM.custom_id(opened_by=opened_by, subject=subject)
        super().__init__(title=text.SEARCH, custom_id=custom_id)
        words: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=WORDS_FIELD,
            placeholder=text.SEARCH_EXAMPLES,
            max_length=routes.LONGEST_SEARCH,
        )
        self.add_item(discord.ui.Label(text=text.SEARCH_FOR, component=words))

    def is_finished(self) -> bool:
        """True: discord.py shall not keep it."""
        return True


def opened_text(job: Job, *, is_favourite: bool) -> str:
    """What is said above a painting that was opened."""
    title = f"**{escaped(short_title(job))}**"
    facts = chosen(job)
    if job.finished_at is not None:
        facts.append(discord.utils.format_dt(job.finished_at, "d"))
    address = outcome_link(job)
    if address is not None:
        facts.append(f"[{text.ITS_MESSAGE}]({address})")
    return f"{title} {HEART if is_favourite else ''}\n-# {' · '.join(facts)}"


def _open_menu(page: GalleryPage) -> discord.ui.Select[Any]:
    options = []
    for number, job in enumerate(page.jobs, page.first):
        finished = f"{job.finished_at:%Y-%m-%d} · " if job.finished_at is not None else ""
        options.append(
            discord.SelectOption(
                label=f"{number}  {plain(short_title(job), longest=90)}"[:100],
                value=job.job_id,
                description=f"{finished}{' · '.join(chosen(job))}"[:100],
                emoji=HEART if job.job_id in page.favourites else None,
            )
        )
    return discord.ui.Select(
        custom_id=routes.GALLERY_OPEN.custom_id(opened_by=page.position.opened_by),
        placeholder=text.OPEN,
        options=options,
        row=0,
    )


def _empty(position: GalleryPosition, *, prefix: str, own: bool) -> str:
    if position.words:
        return text.NOTHING_FOUND
    if position.only is GalleryFilter.FAVOURITES:
        return text.NO_FAVOURITES
    return (text.EMPTY if own else text.EMPTY_OF_OTHERS).format(prefix=prefix)


def _line(page: GalleryPage, number: int, job: Job) -> str:
    title = list_title(job).translate(_ROUND)
    address = outcome_link(job)
    line = f"**{number}** {title}" if address is None else f"**{number}** [{title}]({address})"
    if job.finished_at is not None:
        line += f" · {discord.utils.format_dt(job.finished_at, 'R')}"
    return f"{line} {HEART}" if job.job_id in page.favourites else line
