"""Every button and menu is known by its template after a restart."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.jobs.guild_models import GuildPreset, GuildSettings
from bot.views.components.registry import LIVING
from bot.views.components.suggestions import begin_view
from bot.views.guild_presets import added_view, removal_view, show_view
from bot.views.guild_settings import rules_view
from bot.views.privacy import HeldData, forget_view, privacy_view

BIG = 2**63 - 1
NAME = "ы" * 32
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


@pytest.mark.parametrize(
    "view",
    [
        lambda: added_view(PRESET),
        lambda: show_view(NAME, emoji="🐳", removable=True),
        begin_view,
        lambda: removal_view(NAME),
        lambda: privacy_view(BIG, HELD),
        lambda: forget_view(BIG),
        lambda: rules_view(GuildSettings(channel_ids=(BIG,), manager_role_id=BIG)),
    ],
)
async def test_custom_ids_are_known_to_exactly_one(view):
    custom_ids = [item.item.custom_id for item in view().children]
    assert custom_ids
    for custom_id in custom_ids:
        assert len(custom_id) <= 100
        fits = [
            each for each in LIVING if each.__discord_ui_compiled_template__.fullmatch(custom_id)
        ]
        assert len(fits) == 1, custom_id
