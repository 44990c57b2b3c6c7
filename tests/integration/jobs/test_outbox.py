"""Deliveries: due, started, sent once, retried and abandoned, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.errors import LeaseLostError, UnknownJobError
from bot.jobs.change_feed import JobFeed
from bot.jobs.db.schema import outbox
from bot.jobs.models import Announcement, Origin
from bot.jobs.store import JobStore


@pytest.fixture
async def job(store, new_job, many):
    return await store.enqueue(new_job(), limits=many)


async def test_a_due_card_is_started_and_sent(store, job):
    (card,) = await store.outbox.list_due()
    assert (card.job_id, card.announcement, card.attempts) == (job.job_id, Announcement.CARD, 0)
    assert card.send_started_at is None

    begun = await store.outbox.start_send(card)
    assert begun.attempts == 1
    assert begun.send_started_at is None
    assert await store.outbox.list_due() == []  # leased to whoever began

    await store.outbox.confirm_send(begun, lease_seconds=60)
    assert (await store.outbox.list_for_job(job.job_id))[0].send_started_at is not None

    await store.outbox.mark_sent(begun, channel_id=5, message_id=2**62)
    assert await store.outbox.list_due() == []
    assert (await store.get(job.job_id)).card_message_id == 2**62
    assert (await store.find_by_card(2**62)).job_id == job.job_id
    assert await store.outbox.get_next_due() is None


async def test_a_notice_is_sent_after_the_outcome_and_deleted_with_the_job(store, job):
    assert await store.notices.toggle(job.job_id) is True
    running = await store.claims.claim(store.process_id)
    await store.claims.succeed(running, result_key="jobs/x/result", report={})
    for number, announcement in enumerate(Announcement, 1):
        (row,) = await store.outbox.list_due()
        assert row.announcement is announcement
        begun = await store.outbox.start_send(row)
        await store.outbox.mark_sent(begun, channel_id=5 + number, message_id=number)
    assert await store.outbox.list_due() == []
    assert await store.job_messages.add(job.job_id, channel_id=7, message_id=9)
    await store.retention.delete_job(job.job_id, delete_messages=True)
    assert not await store.job_messages.add(job.job_id, channel_id=30, message_id=10)
    due = await store.pending_deletions.list_due()
    assert {(each.channel_id, each.message_id) for each in due} == {
        (5, 1),
        (7, 2),
        (8, 3),
        (30, 10),
    }


async def test_a_delivery_is_started_once(store, job):
    (card,) = await store.outbox.list_due()

    begun = await asyncio.gather(*(store.outbox.start_send(card) for _ in range(6)))

    assert sum(one is not None for one in begun) == 1
    assert (await store.outbox.list_for_job(job.job_id))[0].attempts == 1


async def test_a_sent_delivery_is_not_started_again(store, job):
    (card,) = await store.outbox.list_due()
    begun = await store.outbox.start_send(card)
    await store.outbox.mark_sent(begun, channel_id=5, message_id=1)

    assert await store.outbox.start_send(begun) is None


async def test_a_send_that_failed_is_tried_later(store, job):
    (card,) = await store.outbox.list_due()
    begun = await store.outbox.start_send(card)
    await store.outbox.confirm_send(begun, lease_seconds=60)
    await store.outbox.postpone(begun, seconds=600)

    assert await store.outbox.list_due() == []
    wait = await store.outbox.get_next_due() - datetime.now(UTC)
    assert timedelta(seconds=500) < wait < timedelta(seconds=700)

    await store.outbox.postpone(begun, seconds=0)
    (again,) = await store.outbox.list_due()
    assert again.send_started_at is not None  # it may be in the channel already
    assert again.attempts == 1
    assert (await store.outbox.start_send(again)).attempts == 2


async def test_the_outcome_is_not_due_before_the_card_is_sent(store, job):
    await store.cancel(job.job_id)
    (card,) = await store.outbox.list_due()
    assert card.announcement is Announcement.CARD

    started = await store.outbox.start_send(card)
    assert await store.outbox.list_due() == []  # also while the card is being sent or delayed
    await store.outbox.mark_sent(started, channel_id=5, message_id=1)

    (outcome,) = await store.outbox.list_due()
    assert outcome.announcement is Announcement.OUTCOME
    await store.outbox.mark_sent(outcome, channel_id=5, message_id=2)
    assert (await store.get(job.job_id)).outcome_message_id == 2


async def test_the_outcome_is_due_once_the_card_is_abandoned(store, job):
    await store.cancel(job.job_id)
    (card,) = await store.outbox.list_due()
    await store.outbox.abandon(card, reason="403")

    (outcome,) = await store.outbox.list_due()
    assert outcome.announcement is Announcement.OUTCOME
    await store.outbox.abandon(outcome, reason="403")
    assert await store.outbox.list_due() == []
    assert [row.abandoned for row in await store.outbox.list_for_job(job.job_id)] == ["403", "403"]


async def test_an_attempt_that_was_overtaken_changes_nothing(store, job):
    (card,) = await store.outbox.list_due()
    frozen = await store.outbox.start_send(card)
    current = await store.outbox.start_send(frozen)  # once the lease has expired

    with pytest.raises(LeaseLostError):
        await store.outbox.confirm_send(frozen, lease_seconds=60)
    assert not await store.outbox.renew_lease(frozen, lease_seconds=9000)
    await store.outbox.postpone(frozen, seconds=0)
    await store.outbox.abandon(frozen, reason="403")
    (row,) = await store.outbox.list_for_job(job.job_id)
    assert (row.attempts, row.abandoned) == (2, None)
    assert row.not_before == current.not_before

    await store.outbox.mark_sent(current, channel_id=5, message_id=1)
    assert not await store.outbox.mark_sent(frozen, channel_id=5, message_id=2)
    assert [each.message_id for each in await store.pending_deletions.list_due()] == [2]
    assert (await store.get(job.job_id)).card_message_id == 1


async def test_the_oldest_row_of_each_free_channel_is_due(store, new_job, many):
    def in_channel(channel_id):
        origin = Origin(guild_id=1, channel_id=channel_id, message_id=6, requester_id=10)
        return store.enqueue(new_job(origin=origin), limits=many)

    first = await in_channel(1)
    await in_channel(1)
    third = await in_channel(2)
    assert [row.job_id for row in await store.outbox.list_due()] == [first.job_id, third.job_id]
    (only,) = await store.outbox.list_due(except_for={(1, Announcement.CARD)})
    assert (only.job_id, only.channel_id) == (third.job_id, 2)
    # A card does not wait for the outcome of another job.
    due = await store.outbox.list_due(except_for={(1, Announcement.OUTCOME)})
    assert [row.job_id for row in due] == [first.job_id, third.job_id]


async def test_a_card_can_be_replaced(store, job):
    await store.outbox.replace_card(job.job_id, 77)

    assert (await store.get(job.job_id)).card_message_id == 77
    with pytest.raises(UnknownJobError):
        await store.outbox.replace_card("nowhere", 77)


async def test_a_lease_ends_with_its_only_process(sqlite_url, new_job, many):
    async with JobStore(sqlite_url, feed=JobFeed()) as store:
        await store.enqueue(new_job(), limits=many)
        (card,) = await store.outbox.list_due()
        begun = await store.outbox.start_send(card)
        await store.outbox.confirm_send(begun, lease_seconds=60)

    async with JobStore(sqlite_url, feed=JobFeed()) as store:
        (again,) = await store.outbox.list_due()
        assert again.send_started_at is not None


@pytest.mark.postgres
async def test_a_lease_is_kept_while_other_processes_may_run(postgres_url, new_job, many):
    async with JobStore(postgres_url, feed=JobFeed()) as store:
        await store.enqueue(new_job(), limits=many)
        (card,) = await store.outbox.list_due()
        begun = await store.outbox.start_send(card, lease_seconds=60)
        async with JobStore(postgres_url, feed=JobFeed()) as other:
            await other.processes.adopt_jobs(gone_after=timedelta(seconds=30))
            assert await store.outbox.list_due() == []  # it is the other's now
            assert await other.outbox.list_due() == []
            async with store._database.write() as change:  # a minute later
                await change.connection.execute(
                    update(outbox).values(not_before=datetime.now(UTC) - timedelta(seconds=1))
                )
            (again,) = await other.outbox.list_due()
            assert await other.outbox.start_send(again) is not None
        assert await store.outbox.start_send(begun) is None
