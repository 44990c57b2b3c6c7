"""Every custom_id that was ever posted finds its route, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from bot.jobs.models import GuildPreset, GuildSettings
from bot.views.components import routes
from bot.views.components.items import (
    CONTENT_FIELD,
    PictureForm,
    RoutedView,
    job_button,
    job_id_of,
    start_view,
    suggestion_view,
)
from bot.views.components.routes import ROUTES, JobAction, Suggestion, UploadForm, find_route
from bot.views.guild_presets import added_view, removal_view, show_view
from bot.views.guild_settings import settings_view
from bot.views.privacy import HeldData, confirmation_view, privacy_view

BIG = 2**63 - 1
NAME = "ы" * 32
JOB_ID = "0123456789ab"
PRESET = GuildPreset(
    guild_id=BIG,
    name=NAME,
    title=NAME,
    emoji="🐳",
    alt_text="",
    picture_key="a/picture",
    thumbnail_key="a/thumbnail",
    added_by=BIG,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
HELD = HeldData(jobs=(), pickers=(), offers=(), presets=(PRESET,))

JOB_ACTIONS = (
    "cancel", "notify", "again", "restyle", "style", "content", "keep", "recolour", "larger",
    "twice", "smaller", "timelapse", "post", "favourite", "details", "delete",
)  # fmt: skip
SUGGESTIONS = (
    "correct", "without", "frame", "avatar", "preset", "leave", "two", "blend", "retry", "stylize",
    "help",
)  # fmt: skip
POSTED = {
    **{f"job:{JOB_ID}:{action}": routes.JOB for action in JOB_ACTIONS},
    f"job:{JOB_ID}:strength": routes.STRENGTH,
    f"job:{JOB_ID}:swap": routes.SWAP,
    "picker:choose": routes.PICKER_MENU,
    "picker:take:mosaic": routes.PICKER_SUGGESTED,
    "picker:page:0": routes.PICKER_PAGE,
    "picker:page:-1": routes.PICKER_PAGE,
    **{f"offer:{JOB_ID}:{suggestion}": routes.SUGGESTION for suggestion in SUGGESTIONS},
    **{
        f"offer:{JOB_ID}:{form}:{BIG}:upload": routes.SUGGESTION_UPLOAD
        for form in ("content", "both", "style", "mask")
    },
    f"form:{JOB_ID}": routes.SUGGESTION_FORM,
    "ask:": routes.START,
    "ask:floating world": routes.START,
    "form:new": routes.START_FORM,
    "form:new:floating world": routes.START_FORM_WITH_PRESET,
    "gallery:newer:1.2.-1": routes.GALLERY_NEWER,
    f"gallery:older:{BIG}.{BIG}.100": routes.GALLERY_OLDER,
    "gallery:view:1.2.0.fav:": routes.GALLERY_VIEW,
    f"gallery:view:{BIG}.{BIG}.9999.all:{'ы' * 32}": routes.GALLERY_VIEW,
    f"gallery:open:{BIG}": routes.GALLERY_OPEN,
    f"gallery:search:{BIG}.{BIG}": routes.GALLERY_SEARCH,
    f"form:gallery:{BIG}.{BIG}": routes.GALLERY_SEARCH_FORM,
    "styles:ask:floating world": routes.GUILD_PRESET,
    "styles:remove:floating world": routes.GUILD_PRESET,
    "styles:keep:floating world": routes.GUILD_PRESET,
    "privacy:export:4": routes.PRIVACY,
    "privacy:ask:4": routes.PRIVACY,
    "privacy:forget:4": routes.PRIVACY,
    "privacy:erase:4": routes.PRIVACY,
    "privacy:keep:4": routes.PRIVACY,
    "rules:channels": routes.SETTING,
    "rules:role": routes.SETTING,
    "rules:channels:reset": routes.SETTING_RESET,
    "rules:role:reset": routes.SETTING_RESET,
    "rules:prefix": routes.SETTING,
    "rules:prefix:reset": routes.SETTING_RESET,
    "rules:everywhere:": routes.SETTING_RESET_CHANNELS,
    "rules:norole:": routes.SETTING_RESET_MANAGER_ROLE,
}
"""Formats that are in channels; a change here breaks buttons that people can still press."""


def test_every_route_has_an_example():
    assert set(POSTED.values()) == set(ROUTES)


@pytest.mark.parametrize(("custom_id", "route"), POSTED.items())
def test_a_posted_custom_id_belongs_to_one_route_and_is_built_again_from_its_fields(
    custom_id, route
):
    assert [each for each in ROUTES if each.parse(custom_id) is not None] == [route]
    found, fields = find_route(custom_id)
    assert found is route
    assert route.custom_id(**fields) == custom_id


@pytest.mark.parametrize(
    "custom_id", ["", f"job:{JOB_ID}:frame", "job:xyz:again", "rules:everywhere", "styles:ask:"]
)
def test_an_unknown_custom_id_has_no_route(custom_id):
    assert find_route(custom_id) is None


def test_values_that_do_not_fit_are_not_built():
    with pytest.raises(ValueError, match="no custom_id"):
        routes.JOB.custom_id(job_id="../secret", action=JobAction.AGAIN)
    with pytest.raises(ValueError, match="no custom_id"):
        routes.GUILD_PRESET.custom_id(action="ask", name="x" * 99)


def test_fields_have_their_types():
    fields = routes.GALLERY_OLDER.parse("gallery:older:1.2.3")
    assert fields == {"opened_by": 1, "subject": 2, "page": 3}
    assert routes.JOB.parse(f"job:{JOB_ID}:again")["action"] is JobAction.AGAIN


@pytest.mark.parametrize(
    "view",
    [
        lambda: added_view(PRESET),
        lambda: show_view(NAME, emoji="🐳", removable=True),
        start_view,
        lambda: removal_view(NAME),
        lambda: privacy_view(BIG, HELD),
        lambda: confirmation_view(BIG),
        lambda: settings_view(GuildSettings(channel_ids=(BIG,), manager_role_id=BIG)),
        lambda: suggestion_view(
            JOB_ID, list(Suggestion)[:6], correction="mosaic", form=UploadForm.MASK, owner_id=BIG
        ),
        lambda: suggestion_view(
            JOB_ID, list(Suggestion)[6:], correction=None, form=UploadForm.MASK, owner_id=BIG
        ),
    ],
)
async def test_every_component_of_a_view_has_a_route(view):
    made = view()
    assert made.children
    for item in made.children:
        assert find_route(item.custom_id) is not None, item.custom_id


@pytest.mark.parametrize(
    "make", [start_view, lambda: PictureForm("form:new", title="x", fields=[])]
)
def test_discord_py_does_not_keep_what_the_router_answers(make):
    assert make().is_finished()  # else every message sent would stay in memory


def test_a_view_has_no_timeout():
    view = RoutedView(job_button(JOB_ID, JobAction.AGAIN), job_button(JOB_ID, JobAction.DELETE))
    assert view.is_persistent()


def test_a_form_has_a_field_for_each_picture():
    form = PictureForm("form:new", title="Pictures", fields=[(CONTENT_FIELD, "Picture", True)])
    (label,) = form.children
    assert (label.component.custom_id, label.component.min_values) == (CONTENT_FIELD, 1)


def test_a_message_is_recognised_by_its_buttons():
    button = SimpleNamespace(custom_id=f"job:{JOB_ID}:again")
    row = SimpleNamespace(children=[SimpleNamespace(custom_id=None), button])
    assert job_id_of(SimpleNamespace(components=[row])) == JOB_ID
    assert job_id_of(SimpleNamespace(components=[])) is None
