"""The direct message about an ended job: sent once, after the outcome, where it can be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.delivery import outbox_worker
from bot.errors import AccessDeniedError, DiscordUnavailableError
from bot.jobs.models import Announcement, JobState
from bot.ops.retry import Backoff
from bot.views.card import CardFacts, render_card
from bot.views.notice import private_notice

from .conftest import CHANNEL, DM_CHANNEL, MEMBER, until
from .test_outbox_worker import _worker

DENIED = AccessDeniedError("403")


@pytest.fixture(autouse=True)
def backoff(monkeypatch):
    monkeypatch.setattr(outbox_worker, "RETRY_BACKOFF", Backoff(first=100.0, longest=100_000.0))


async def _ended(bench, *, notify=True, guild_id=1):
    job = await bench.accept(guild_id=guild_id)
    if notify:
        assert await bench.store.notices.toggle(job.job_id) is True
    return await bench.succeed(job)


async def _settled(bench, job):
    """The outbox's rows, once none is pending."""

    async def look():
        rows = await bench.store.outbox.list_for_job(job.job_id)
        return rows if all(row.message_id or row.abandoned for row in rows) else None

    return await until(look)


async def test_it_follows_the_outcome_with_the_picture_and_a_link(bench):
    job = await _ended(bench)
    async with _worker(bench):
        _, outcome, notice = await _settled(bench, job)
    post = bench.messenger.calls["post"][-1]
    assert (notice.announcement, post["channel_id"]) == (Announcement.NOTICE, DM_CHANNEL)
    assert "is done" in post["content"]
    assert [file.filename for file in post["files"]] == ["a-b.png"]
    link, details = post["view"].children
    assert link.url.endswith(f"/1/{CHANNEL}/{outcome.message_id}")
    assert details.custom_id == f"job:{job.job_id}:details"


@pytest.mark.parametrize("asked", [False, True])
async def test_there_is_none_unless_it_is_wanted_when_the_job_ends(bench, asked):
    job = await bench.accept()
    if asked:
        assert await bench.store.notices.toggle(job.job_id) is True
        assert await bench.store.notices.toggle(job.job_id) is False
    await bench.succeed(job)
    assert await bench.store.notices.toggle(job.job_id) is None
    assert len(await bench.store.outbox.list_for_job(job.job_id)) == 2


async def test_there_is_none_for_a_cancelled_job_or_a_direct_message(bench):
    cancelled = await bench.accept()
    await bench.store.notices.toggle(cancelled.job_id)
    await bench.store.cancel(cancelled.job_id)
    direct = await _ended(bench, guild_id=None)
    for job in (cancelled, direct):
        assert len(await bench.store.outbox.list_for_job(job.job_id)) == 2


async def test_closed_direct_messages_are_said_in_the_channel(bench):
    job = await _ended(bench)
    bench.messenger.errors["dm_channel"] = [DENIED]
    async with _worker(bench):
        _, outcome, _ = await _settled(bench, job)
    post = bench.messenger.calls["post"][-1]
    assert (post["channel_id"], post["reply_to"]) == (CHANNEL, outcome.message_id)
    assert f"<@{MEMBER}>, you asked for a direct message" in post["content"]
    assert post["files"] == []


async def test_an_outcome_that_was_a_direct_message_itself_needs_none(bench):
    job = await _ended(bench)
    bench.messenger.errors["post"] = [None, DENIED]  # the card, the outcome in the channel
    async with _worker(bench):
        rows = await _settled(bench, job)
    assert "direct message" in rows[-1].abandoned
    assert len(bench.messenger.messages) == 2


async def test_one_that_was_sent_but_not_recorded_is_not_sent_again(bench):
    job = await _ended(bench)
    bench.messenger.errors["post"] = [None, None, DiscordUnavailableError("the answer was lost")]
    async with _worker(bench):

        async def is_postponed():
            row = await bench.delivery(job, Announcement.NOTICE)
            return row.attempts == 1 and row.not_before and row.send_started_at

        await until(is_postponed)
        job = await bench.store.get(job.job_id)
        post = bench.messenger.calls["post"][-1]
        sent = bench.messenger.add(DM_CHANNEL, content=post["content"], view=job.job_id)
        await bench.change_rows(not_before=None)
        rows = await _settled(bench, job)
    assert rows[-1].message_id == sent


async def test_it_is_deleted_with_the_job(bench):
    job = await _ended(bench)
    async with _worker(bench):
        rows = await _settled(bench, job)
    await bench.store.retention.delete_member_data(MEMBER, delete_messages=True)
    due = await bench.store.pending_deletions.list_due()
    assert {(each.channel_id, each.message_id) for each in due} >= {
        (DM_CHANNEL, rows[-1].message_id)
    }


def test_a_failure_says_why(make_job):
    job = make_job(state=JobState.FAILED, error_code="diverged")
    assert "could not be painted: the colours went wrong" in private_notice(job)


def test_the_toggle_is_on_cards_in_guilds_alone(make_job):
    def labels(job):
        return [each.label for each in render_card(job, CardFacts()).view.children]

    job = make_job()
    assert labels(job) == ["Cancel", "Message me when done"]
    assert labels(replace(job, notify=True)) == ["Cancel", "I'll message you"]
    assert labels(replace(job, origin=replace(job.origin, guild_id=None))) == ["Cancel"]
    assert labels(replace(job, cancel_requested=True)) == ["Cancel"]
