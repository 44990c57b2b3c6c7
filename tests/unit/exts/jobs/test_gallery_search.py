"""What a search in a gallery finds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.exts.jobs.gallery_search import is_found, read_search
from bot.views.components.routes import GalleryFilter


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", True),
        ("cafe MOSAIC", True),
        ("café", True),
        ("stained", True),
        ("0123456789ab", True),
        ("2026-11", True),
        ("28 november", True),
        ("28.11.2026", True),
        ("cafe dog", False),
        ("2025", False),
    ],
)
def test_every_word_must_be_in_a_title_a_style_a_date_or_the_id(make_job, words, found):
    job = make_job(
        title="Café.png × Mosaic",
        preset="stained-glass",
        finished_at=datetime(2026, 11, 28, tzinfo=UTC),
    )
    assert is_found(job, words) is found


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("  cat   mosaic\n", (GalleryFilter.ALL, "cat mosaic")),
        ("x" * 99, (GalleryFilter.ALL, "x" * 32)),
        ("Favorites", (GalleryFilter.FAVOURITES, "")),
        ("", (GalleryFilter.ALL, "")),
    ],
)
def test_a_search_is_read(text, read):
    assert read_search(text) == read
