"""The search in a gallery: by the words of a title or a style, a date, or a job's id."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from bot.views.components.routes import LONGEST_SEARCH, GalleryFilter
from bot.views.text.quoting import plain

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["is_found", "read_search"]

_FAVOURITES: Final = frozenset({"favourites", "favorites", "favourite", "favorite", "♥", "❤"})


def read_search(text: str) -> tuple[GalleryFilter, str]:
    """Read what a member searches for.

    Returns:
        Which paintings are meant, and the words, short enough for a custom_id.
    """
    words = " ".join(plain(text).split())[:LONGEST_SEARCH].strip()
    if words.lower().strip("\ufe0f") in _FAVOURITES:
        return GalleryFilter.FAVOURITES, ""
    return GalleryFilter.ALL, words


def is_found(job: Job, words: str) -> bool:
    """Return whether a job has every word; case and accents make no difference."""
    facts = [job.title, job.preset or "", job.job_id]
    at = job.finished_at
    if at is not None:
        facts += [f"{at:%Y-%m-%d}", f"{at.day} {at:%B %Y}", f"{at:%d.%m.%Y}"]
    text = _folded(" ".join(facts))
    return all(word in text for word in _folded(words).split())


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
