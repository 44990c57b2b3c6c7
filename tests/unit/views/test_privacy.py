"""The summary of the data that is stored about a member."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.jobs.models import GuildPreset, SavedRequest
from bot.views.privacy import HeldData, confirmation_question, held_data_embed
from bot.views.text import privacy as text

OFFER = SavedRequest(
    request_id="0123456789ab", requester_id=4, payload={}, created_at=datetime.now(UTC)
)


def test_unfinished_requests_are_counted():
    held = HeldData(jobs=(), pickers=(), offers=(OFFER, OFFER), presets=())
    assert "- 2 unfinished requests" in confirmation_question(held, lambda _: None)


def test_a_manager_of_very_many_styles_sees_as_many_as_fit_and_the_number_of_the_others():
    presets = tuple(
        GuildPreset(
            guild_id=7,
            name=f"style-{number}",
            title=f"{number:03}" + "*" * 29,  # escaped, it is twice as long
            emoji="🐳",
            alt_text="A harbour.",
            picture_key="picture",
            thumbnail_key="thumbnail",
            added_by=4,
            created_at=datetime.now(UTC),
        )
        for number in range(250)
    )
    held = HeldData(jobs=(), pickers=(), offers=(OFFER,), presets=presets)
    embed = held_data_embed(
        held, retention_days=30, picker_seconds=600, guild_name=lambda _: "_" * 100
    )
    question = confirmation_question(held, lambda _: "_" * 100)
    assert len(question) <= 2000
    assert question.endswith(text.WHAT_STAYS)
    for listed, longest in ((embed.description, 4096), (question, 2000)):
        assert longest - 400 < len(listed) <= longest
        assert "- 1 unfinished request" in listed
        shown = listed.count("🐳")
        assert f"- {250 - shown} styles more; **Export** has them all" in listed
    assert len(embed) <= 6000
