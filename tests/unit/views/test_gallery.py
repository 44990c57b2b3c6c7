"""A page of a gallery, and what its buttons carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.jobs.models import JobState
from bot.views.components import routes
from bot.views.components.routes import GalleryFilter
from bot.views.gallery import (
    PAGE,
    GalleryPage,
    GalleryPosition,
    caption,
    gallery_embed,
    gallery_view,
    opened_text,
)
from bot.views.message_links import outcome_link

BIG = 2**63 - 1


@pytest.fixture
def page(make_job):
    def make(count, *, page=0, words="", only=GalleryFilter.ALL, **changes):
        job = make_job(
            state=JobState.SUCCEEDED,
            outcome_message_id=9,
            finished_at=datetime(2026, 1, 1, tzinfo=UTC),
            title="a [b](https://example.org).png × Mosaic",
        )
        shown = min(PAGE, count - page * PAGE)
        return GalleryPage(
            position=GalleryPosition(opened_by=4, subject=4, page=page, words=words, only=only),
            jobs=[job] * shown,
            total=count,
            **changes,
        )

    return make


def _labels(view):
    return [each.label for each in view.children if hasattr(each, "label")]


def test_a_position_fits_into_a_button_and_is_read_back():
    position = GalleryPosition(
        opened_by=BIG, subject=BIG, page=99, only=GalleryFilter.FAVOURITES, words="ы" * 32
    )
    for is_older in (False, True):
        custom_id = position.custom_id_of(9999, is_older=is_older)
        fields = routes.GALLERY_VIEW.parse(custom_id)
        assert GalleryPosition(**fields) == replace(position, page=9999)
    plain = GalleryPosition(opened_by=BIG, subject=BIG, page=99)
    assert routes.GALLERY_OLDER.parse(plain.custom_id_of(100, is_older=True)) == {
        "opened_by": BIG, "subject": BIG, "page": 100
    }  # fmt: skip


def test_pages_are_turned_where_there_are_several(page):
    assert _labels(gallery_view(page(PAGE))) == ["Favourites", "Search"]
    for number, disabled in ((0, [True, False]), (1, [False, True])):
        view = gallery_view(page(PAGE + 1, page=number))
        assert _labels(view) == ["Newer", "Older", "Favourites", "Search"]
        assert [each.disabled for each in view.children[1:3]] == disabled


def test_a_menu_opens_each_painting_of_the_page(page):
    menu = gallery_view(page(3, favourites={"0123456789ab"})).children[0]
    assert [option.value for option in menu.options] == ["0123456789ab"] * 3
    assert menu.options[0].label.startswith("1  a [b]")
    assert menu.options[0].emoji is not None


def test_a_filtered_gallery_leads_back_and_an_empty_one_says_why(page):
    found = page(0, words="cat")
    assert _labels(gallery_view(found)) == ["All", "Search"]
    assert "Nothing. Try fewer" in gallery_embed(found, name="Ada", prefix="!").description
    liked = page(0, only=GalleryFilter.FAVOURITES)
    assert "No favourites yet" in gallery_embed(liked, name="Ada", prefix="!").description
    assert _labels(gallery_view(page(0))) == ["Paint a picture"]


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


def test_an_opened_painting_has_its_options_and_a_link(make_job):
    job = make_job(title="a.png × Mosaic", outcome_message_id=9)
    assert opened_text(job, is_favourite=True) == (
        "**a × Mosaic** ❤️\n-# full size · [its message](https://discord.com/channels/1/2/9)"
    )
