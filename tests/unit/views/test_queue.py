"""What `queue` shows."""

from __future__ import annotations

import pytest

from bot.jobs.models import Origin
from bot.views.queue import QueuedJob, QueueSummary, queue_embed

ID = 10**18


@pytest.mark.parametrize("title", ["IMG_2026_11_05_PORTRAIT.jpg × IMG_2026_11_06.jpg", "_" * 250])
@pytest.mark.parametrize(("mine", "hidden"), [(1, 0), (4, 0), (10, 2), (30, 2)])
def test_ones_own_paintings_fit_and_the_others_are_counted(make_job, title, mine, hidden):
    origin = Origin(guild_id=ID, channel_id=ID, message_id=ID, requester_id=ID)
    job = make_job(title=title, origin=origin, card_message_id=ID)
    queue = QueueSummary(
        mine=[QueuedJob(job=job, place=12, seconds_left=1000)] * mine,
        running=[],
        waiting=0,
        elsewhere=0,
        in_guild=True,
        mine_hidden=hidden,
    )
    own = queue_embed(queue, prefix="!").fields[0].value
    assert len(own) <= 1024
    shown = sum(line.startswith("**") for line in own.splitlines())
    assert shown >= 1
    assert (f"and {mine - shown} painting" in own) == (shown < mine)
    assert (f"{hidden} paintings of yours elsewhere" in own) == (hidden > 0)
