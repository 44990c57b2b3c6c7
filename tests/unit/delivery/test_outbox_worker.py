"""Each announcement is posted once, retried as its error demands, or abandoned."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery import outbox_worker
from bot.delivery.announcement_sender import AnnouncementSender
from bot.delivery.card_updater import CardUpdater
from bot.delivery.outbox_worker import MAX_REJECTIONS, OutboxWorker
from bot.delivery.outcome_message import REQUEST_OVERHEAD_BYTES
from bot.errors import AccessDeniedError, DiscordRejectedError, DiscordUnavailableError
from bot.jobs.models import Announcement
from bot.ops.retry import Backoff
from bot.scheduler.forecast import JobEstimate
from bot.views.card import CardFacts, render_card
from bot.views.components.items import RoutedView, job_button
from bot.views.components.routes import JobAction

from .conftest import CHANNEL, DM_CHANNEL, MEMBER, picture, running, until

TOO_LARGE = DiscordRejectedError("413", is_too_large=True, is_reply_refused=False)
REPLY_REFUSED = DiscordRejectedError("403", is_too_large=False, is_reply_refused=True)
MALFORMED = DiscordRejectedError("400", is_too_large=False, is_reply_refused=False)
LEASE_SECONDS = 180.0
DENIED = AccessDeniedError("403")
UNAVAILABLE = DiscordUnavailableError("503")


@pytest.fixture(autouse=True)
def backoff(monkeypatch):
    """Delays so long that no second attempt happens by itself."""
    monkeypatch.setattr(outbox_worker, "RETRY_BACKOFF", Backoff(first=100.0, longest=100_000.0))


async def _no_estimate(_):
    return JobEstimate(place=None, seconds_left=None)


@asynccontextmanager
async def _worker(bench):
    updater = CardUpdater(
        bench.messenger,
        bench.store,
        bench.pictures,
        estimate=_no_estimate,
        interval=0.01,
        process_id=bench.store.process_id,
    )
    sender = AnnouncementSender(
        bench.messenger,
        bench.store,
        bench.pictures,
        updater,
        largest_size=2048,
        lease_seconds=LEASE_SECONDS,
    )
    worker = OutboxWorker(sender, bench.store, lease_seconds=LEASE_SECONDS)
    async with running(worker.run()):
        yield worker


async def _delivered(bench, job, announcement):
    async def look():
        row = await bench.delivery(job, announcement)
        return row if row.message_id else None

    return await until(look)


async def _postponed(bench, job, announcement, attempts=1):
    """Wait for the attempt to fail; return the delay before the next one, in seconds."""

    async def look():
        row = await bench.delivery(job, announcement)
        # While an attempt is in progress, `not_before` is the end of its lease.
        is_over = row.not_before and abs(_seconds(row) - LEASE_SECONDS) > 5
        return row if row.attempts == attempts and is_over else None

    return _seconds(await until(look))


def _seconds(row):
    return (row.not_before - datetime.now(UTC)).total_seconds()


async def _abandoned(bench, job, announcement):
    async def look():
        return (await bench.delivery(job, announcement)).abandoned

    return await until(look)


async def test_the_card_is_posted_before_the_outcome_and_each_once(bench):
    job = await bench.accept()
    await bench.succeed(job)
    async with _worker(bench):
        await _delivered(bench, job, Announcement.OUTCOME)
    card, outcome = bench.messenger.calls["post"]
    assert "content" not in card
    assert card["reply_to"] == outcome["reply_to"] == 60
    assert outcome["content"].startswith(f"<@{MEMBER}>, here is")
    assert outcome["mention"] == MEMBER
    job = await bench.store.get(job.job_id)
    assert sorted(bench.messenger.messages) == [job.card_message_id, job.outcome_message_id]
    assert bench.messenger.calls["find"] == []  # nothing was begun earlier


async def _begin(bench, job, announcement):
    """Begin a delivery as a process does that dies before it records a message."""
    due = await bench.store.outbox.list_due()
    row = next(each for each in due if each.announcement is announcement)
    begun = await bench.store.outbox.start_send(row)
    await bench.store.outbox.confirm_send(begun, lease_seconds=60)
    await bench.change_rows(not_before=None)


async def test_a_card_sent_but_not_recorded_is_not_sent_again(bench):
    job = await bench.accept()
    await _begin(bench, job, Announcement.CARD)
    sent = bench.messenger.add(CHANNEL, embed=render_card(job, CardFacts()).embed)
    async with _worker(bench):
        row = await _delivered(bench, job, Announcement.CARD)
    assert row.message_id == sent
    assert bench.messenger.calls["post"] == []
    assert bench.messenger.calls["find"][0]["after"] == job.origin.message_id


async def test_an_outcome_sent_but_not_recorded_is_not_sent_again(bench):
    job = await bench.accept()
    async with _worker(bench):
        card = await _delivered(bench, job, Announcement.CARD)
    await bench.succeed(job)
    await _begin(bench, job, Announcement.OUTCOME)
    view = RoutedView(job_button(job.job_id, JobAction.AGAIN))
    sent = bench.messenger.add(CHANNEL, content="here is", view=view.to_components())
    async with _worker(bench):
        row = await _delivered(bench, job, Announcement.OUTCOME)
    assert row.message_id == sent
    assert len(bench.messenger.calls["post"]) == 1
    assert bench.messenger.calls["find"][0]["after"] == card.message_id


async def test_a_delivery_begun_but_never_sent_is_sent(bench):
    job = await bench.accept()
    await _begin(bench, job, Announcement.CARD)
    async with _worker(bench):
        await _delivered(bench, job, Announcement.CARD)
    assert len(bench.messenger.calls["find"]) == len(bench.messenger.calls["post"]) == 1


async def test_where_the_history_is_hidden_the_nonce_is_relied_on(bench):
    job = await bench.accept()
    await _begin(bench, job, Announcement.CARD)
    bench.messenger.errors["find"] = [DENIED]
    async with _worker(bench):
        row = await _delivered(bench, job, Announcement.CARD)
    assert [post["nonce"] for post in bench.messenger.calls["post"]] == [row.nonce]


async def test_delays_double_while_discord_is_unavailable(bench):
    job = await bench.accept()
    bench.messenger.errors["post"] = [UNAVAILABLE, UNAVAILABLE]
    async with _worker(bench):
        assert 70 < await _postponed(bench, job, Announcement.CARD) < 130
        await bench.change_rows(not_before=None)
        assert 145 < await _postponed(bench, job, Announcement.CARD, attempts=2) < 260
        await bench.change_rows(not_before=None)
        await _delivered(bench, job, Announcement.CARD)


async def test_the_delay_that_discord_asks_for_is_kept(bench):
    job = await bench.accept()
    bench.messenger.errors["post"] = [DiscordUnavailableError("429", retry_after=3000.0)]
    async with _worker(bench):
        assert 2990 < await _postponed(bench, job, Announcement.CARD) <= 3000


async def test_a_card_without_access_is_abandoned_and_the_outcome_goes_to_the_member(bench):
    job = await bench.accept()
    await bench.succeed(job)
    bench.messenger.errors["post"] = [DENIED, DENIED]
    async with _worker(bench):
        assert "no channel" in await _abandoned(bench, job, Announcement.CARD)
        await _delivered(bench, job, Announcement.OUTCOME)
    outcome = bench.messenger.calls["post"][-1]
    assert outcome["channel_id"] == DM_CHANNEL
    assert outcome["reply_to"] is None
    assert f"<#{CHANNEL}>" in outcome["content"]
    assert (await bench.store.get(job.job_id)).outcome_channel_id == DM_CHANNEL


async def test_without_access_anywhere_the_outcome_is_retried_for_a_day(bench):
    job = await bench.accept()
    await bench.succeed(job)
    bench.messenger.errors["post"] = [None, DENIED, DENIED]
    bench.messenger.errors["dm_channel"] = [DENIED, DENIED]
    async with _worker(bench):
        assert 70 < await _postponed(bench, job, Announcement.OUTCOME) < 130
        created_at = datetime.now(UTC) - timedelta(days=1, minutes=1)
        await bench.change_rows(not_before=None, created_at=created_at)
        assert "no channel" in await _abandoned(bench, job, Announcement.OUTCOME)


async def test_a_picture_that_is_too_large_is_reduced_until_it_fits(bench):
    result = picture(400, 400)
    job = await bench.accept()
    await bench.succeed(job, result)
    bench.messenger.errors["post"] = [None, TOO_LARGE, None]
    async with _worker(bench):
        await _delivered(bench, job, Announcement.OUTCOME)
    _, rejected, sent = (post["files"] for post in bench.messenger.calls["post"])
    sizes = [len(files[0].fp.getbuffer()) for files in (rejected, sent)]
    assert sizes[0] == len(result)
    assert sizes[1] <= len(result) // 2


async def test_a_picture_refused_after_the_boosts_expired_fits_any_guild(bench):
    result = picture(400, 400)
    fits_any_guild = len(result) // 10
    bench.messenger.boosted_bytes = bench.messenger.upload_bytes
    bench.messenger.upload_bytes = fits_any_guild + REQUEST_OVERHEAD_BYTES
    job = await bench.accept()
    await bench.succeed(job, result)
    bench.messenger.errors["post"] = [None, TOO_LARGE, None]
    async with _worker(bench):
        await _delivered(bench, job, Announcement.OUTCOME)
    sent = bench.messenger.calls["post"][-1]["files"]
    assert len(sent[0].fp.getbuffer()) <= fits_any_guild


async def test_a_card_accepted_during_the_shutdown_is_posted_at_the_close(bench):
    async with _worker(bench) as worker:
        pass  # it no longer notices new rows
    job = await bench.accept()
    await worker.close(grace_seconds=30)
    assert (await bench.delivery(job, Announcement.CARD)).message_id


async def test_a_refused_reply_is_sent_as_no_reply(bench):
    job = await bench.accept()
    await bench.succeed(job)
    bench.messenger.errors["post"] = [REPLY_REFUSED, None, REPLY_REFUSED, None]
    async with _worker(bench):
        await _delivered(bench, job, Announcement.OUTCOME)
    assert [post["reply_to"] for post in bench.messenger.calls["post"]] == [60, None, 60, None]


async def test_a_message_that_stays_rejected_is_abandoned(bench):
    job = await bench.accept()
    bench.messenger.errors["post"] = [MALFORMED] * 99
    async with _worker(bench):
        for attempts in range(1, MAX_REJECTIONS):
            await _postponed(bench, job, Announcement.CARD, attempts)
            await bench.change_rows(not_before=None)
        assert "rejected" in await _abandoned(bench, job, Announcement.CARD)
    assert len(bench.messenger.calls["post"]) == MAX_REJECTIONS


async def test_a_cancelled_job_has_its_card_as_outcome(bench):
    job = await bench.accept()
    async with _worker(bench):
        card = await _delivered(bench, job, Announcement.CARD)
        await bench.store.cancel(job.job_id)
        outcome = await _delivered(bench, job, Announcement.OUTCOME)
    assert outcome.message_id == card.message_id
    assert len(bench.messenger.messages) == 1
    assert "Cancelled" in bench.messenger.messages[card.message_id].text


async def test_a_message_whose_job_is_deleted_while_it_is_sent_is_deleted(bench):
    job = await bench.accept()

    async def delete_job():
        await bench.store.retention.delete_job(job.job_id, delete_messages=True)

    bench.messenger.before_post = delete_job
    async with _worker(bench):
        (deletion,) = await until(bench.store.pending_deletions.list_due)
    assert deletion.message_id in bench.messenger.messages


async def test_a_deleted_card_does_not_keep_the_outcome(bench):
    job = await bench.accept()
    async with _worker(bench):
        card = await _delivered(bench, job, Announcement.CARD)
        del bench.messenger.messages[card.message_id]
        await bench.succeed(job)
        await _delivered(bench, job, Announcement.OUTCOME)


async def test_a_delivery_in_progress_ends_before_the_worker_closes(bench):
    job = await bench.accept()
    async with _worker(bench) as worker:

        async def close():
            bench.messenger.before_post = None
            bench.closing = worker.close(grace_seconds=30)

        bench.messenger.before_post = close
        await until(lambda: _has_closing(bench))
        await bench.closing
        assert (await bench.delivery(job, Announcement.CARD)).message_id
        await bench.accept()
        await bench.change_rows(not_before=None)
    assert len(bench.messenger.messages) == 1  # nothing new was begun


async def _has_closing(bench):
    return getattr(bench, "closing", None)


async def _take_over(bench, job, announcement):
    """Start another attempt, as another process does once a lease has expired."""
    return await bench.store.outbox.start_send(await bench.delivery(job, announcement))


async def test_an_attempt_that_was_overtaken_sends_nothing(bench, monkeypatch):
    job = await bench.accept()
    await bench.succeed(job)

    async def freeze(_guild_id):
        if (await bench.delivery(job, Announcement.OUTCOME)).attempts == 1:
            await _take_over(bench, job, Announcement.OUTCOME)
            overtaken.set()
        return 10_000_000

    overtaken = asyncio.Event()
    monkeypatch.setattr(bench.messenger, "upload_limit", freeze)
    async with _worker(bench) as worker:
        await overtaken.wait()
        await until(lambda: _is_idle(worker))
        assert len(bench.messenger.calls["post"]) == 1  # the card
        row = await bench.delivery(job, Announcement.OUTCOME)
        assert (row.attempts, row.message_id) == (2, None)
        assert _seconds(row) > 30  # the lease of the other attempt is left alone


async def _is_idle(worker):
    return not worker._busy


async def test_of_two_messages_for_one_delivery_the_second_recorded_is_deleted(bench):
    job = await bench.accept()
    other = bench.messenger.add(CHANNEL)

    async def overtake():
        begun = await _take_over(bench, job, Announcement.CARD)
        await bench.store.outbox.mark_sent(begun, channel_id=CHANNEL, message_id=other)

    bench.messenger.before_post = overtake
    async with _worker(bench):
        (deletion,) = await until(bench.store.pending_deletions.list_due)
    assert deletion.message_id not in {other, None}
    assert (await bench.store.get(job.job_id)).card_message_id == other


async def test_a_lease_is_renewed_while_a_message_is_being_sent(bench, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "LEASE_SECONDS", 0.3)
    job = await bench.accept()
    bench.messenger.hanging_channel = CHANNEL
    async with _worker(bench):
        await until(lambda: _calls(bench, "post"))
        first = (await bench.delivery(job, Announcement.CARD)).not_before

        async def is_renewed():
            return (await bench.delivery(job, Announcement.CARD)).not_before > first

        await until(is_renewed)
    assert len(bench.messenger.calls["post"]) == 1


async def _calls(bench, method):
    return bench.messenger.calls[method]


async def test_a_channel_that_hangs_delays_no_other_channel(bench):
    hanging = [await bench.accept() for _ in range(outbox_worker.MAX_CONCURRENT + 4)]
    bench.messenger.hanging_channel = CHANNEL
    async with _worker(bench):
        for number in (1, 2, 3):  # each makes the worker read the outbox again
            elsewhere = await bench.accept(channel_id=CHANNEL + number)
            await _delivered(bench, elsewhere, Announcement.CARD)
        posts = [each["channel_id"] for each in bench.messenger.calls["post"]]
        assert posts.count(CHANNEL) == 1
    assert hanging
