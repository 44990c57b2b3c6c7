"""The summary of the data that is stored about a member."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.jobs.models import SavedRequest
from bot.views.privacy import HeldData, confirmation_question

OFFER = SavedRequest(
    request_id="0123456789ab", requester_id=4, payload={}, created_at=datetime.now(UTC)
)


def test_unfinished_requests_are_counted():
    held = HeldData(jobs=(), pickers=(), offers=(OFFER, OFFER), presets=())
    assert "- 2 unfinished requests" in confirmation_question(held, lambda _: None)
