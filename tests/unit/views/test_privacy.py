"""What members are told of what is held about them."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.jobs.models import SavedRequest
from bot.views.privacy import HeldData, forget_question

OFFER = SavedRequest(offer_id="0123456789ab", requester_id=4, ask={}, created_at=datetime.now(UTC))


def test_the_words_of_requests_are_named():
    held = HeldData(jobs=(), pickers=(), offers=(OFFER, OFFER), presets=())
    assert "the words of 2 requests that I answered" in forget_question(held, lambda _: None)
