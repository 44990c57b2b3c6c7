"""A job factory for everything that shows jobs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.jobs.models import Job, JobState, Origin
from stylenet.recipe import Recipe


@pytest.fixture
def make_job():
    """Make a job; fields that are not given are those of a new one."""

    def make(**changes) -> Job:
        fields = {
            "job_id": "0123456789ab",
            "state": JobState.QUEUED,
            "origin": Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4),
            "content_key": "jobs/0123456789ab/content",
            "style_keys": ("jobs/0123456789ab/style-0",),
            "recipe": Recipe.named("default"),
            "preset": None,
            "title": "tubingen.jpg × The Scream",
            "spoiler": False,
            "attempts": 0,
            "step": 0,
            "total": 0,
            "losses": {},
            "paint_seconds": 0.0,
            "snapshot_key": None,
            "snapshot_step": None,
            "checkpoint_key": None,
            "checkpoint_step": None,
            "result_key": None,
            "report": {},
            "error_code": None,
            "error_message": None,
            "card_message_id": None,
            "outcome_message_id": None,
            "outcome_channel_id": 2,
            "cancel_requested": False,
            "claimed_by": None,
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "started_at": None,
            "finished_at": None,
            "heartbeat_at": None,
        }
        return Job(**{**fields, **changes})

    return make
