"""A page of a gallery, and what its buttons carry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.jobs.models import JobState
from bot.views.components import routes
from bot.views.gallery import (
    PAGE,
    GalleryPage,
    GalleryPosition,
    caption,
    gallery_embed,
    gallery_view,
)
from bot.views.message_links import outcome_link

BIG = 2**63 - 1


@pytest.fixture
def page(make_job):
    def make(count, *, page=0, **changes):
        job = make_job(
            state=JobState.SUCCEEDED,
            outcome_message_id=9,
            finished_at=datetime(2026, 1, 1, tzinfo=UTC),
            title="a [b](https://example.org).png × Mosaic",
        )
        shown = min(PAGE, count - page * PAGE)
        return GalleryPage(
            position=GalleryPosition(opened_by=4, subject=4, page=page),
            jobs=[job] * shown,
            total=count,
            **changes,
        )

    return make


def test_a_position_fits_into_a_button_and_is_read_back():
    custom_id = routes.GALLERY_OLDER.custom_id(
        **GalleryPosition(opened_by=BIG, subject=BIG, page=99).at(100)
    )
    assert routes.GALLERY_OLDER.parse(custom_id) == {
        "opened_by": BIG, "subject": BIG, "page": 100
    }  # fmt: skip


def test_one_page_has_no_buttons(page):
    assert gallery_view(page(PAGE)).children == []
    newer, older = gallery_view(page(PAGE + 1)).children
    assert (newer.disabled, older.disabled) == (True, False)
    newer, older = gallery_view(page(PAGE + 1, page=1)).children
    assert (newer.disabled, older.disabled) == (False, True)


def test_titles_are_links_that_members_words_cannot_break(page):
    embed = gallery_embed(page(1), name="*Ada*", prefix="!")
    assert "Paintings of \\*Ada\\*" in embed.title
    assert "](https://discord.com/channels/1/2/9)" in embed.description
    assert embed.description.count("](") == 1


def test_a_painting_that_was_sent_privately_is_linked_there(make_job):
    assert outcome_link(make_job(outcome_message_id=9)) == "https://discord.com/channels/1/2/9"
    private = make_job(outcome_message_id=9, outcome_channel_id=7)
    assert outcome_link(private) == "https://discord.com/channels/@me/7/9"


def test_what_is_left_out_is_said(page):
    embed = gallery_embed(page(0, left_out=2), name="Ada", prefix="!")
    assert "2 more from channels that not everyone here can see" in embed.description
    assert embed.image.url is None


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("cat.jpg × woodcut.webp", "cat × woodcut"),
        ("v1.5 final.PNG × a.png + Mosaic", "v1.5 final × a + Mosaic"),
        (".png × ", ".png ×"),
    ],
)
def test_a_caption_leaves_extensions_out(make_job, title, short):
    assert caption(make_job(title=title)) == short
