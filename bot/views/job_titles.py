"""The titles of jobs in lists: without file extensions, and with what tells variations apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.views.recipe_summary import chosen
from bot.views.text import jobs as text
from bot.views.text.quoting import escaped, plain

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["list_title", "plain_list_title", "short_title"]

_EXTENSION: Final = re.compile(
    r"(?i)(?<=\w)\.(?:png|jpe?g|jfif|webp|gif|hei[cf]s?|avif|jxl|bmp|tiff?)(?= × | \+ |$)"
)
SEPARATOR: Final = " · "


def short_title(job: Job) -> str:
    """The title without the files' extensions, for places without markup."""
    return _EXTENSION.sub("", plain(job.title)) or text.UNTITLED


def list_title(job: Job, *, limit: int = 70) -> str:
    """The title and the options, for a line of text.

    Args:
        job: the job.
        limit: number of characters of the title that are kept, before they are escaped.
    """
    return SEPARATOR.join([escaped(short_title(job), longest=limit), *chosen(job)])


def plain_list_title(job: Job, *, limit: int) -> str:
    """The title and the options, of `limit` characters at most, for places without markup."""
    options = SEPARATOR.join(["", *chosen(job)])
    return plain(short_title(job), longest=max(1, limit - len(options))) + options[:limit]
