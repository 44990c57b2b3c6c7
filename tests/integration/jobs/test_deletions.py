"""Pending deletions of messages whose job was deleted, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.jobs.change_feed import JobFeed
from bot.jobs.deletions import DeletionStatus, PendingDeletion
from bot.jobs.models import Picker
from bot.jobs.store import JobStore


async def _job_with_sent_messages(store, new_job, many):
    """A job whose card is in the channel; its id, and the card's."""
    job = await store.enqueue(new_job(), limits=many)
    (card,) = await store.outbox.list_due()
    begun = await store.outbox.start_send(card)
    assert await store.outbox.mark_sent(begun, channel_id=5, message_id=70)
    return job.job_id


def _ids(retractions):
    return [each.message_id for each in retractions]


async def test_deleting_a_job_records_its_messages(store, new_job, many):
    job_id = await _job_with_sent_messages(store, new_job, many)
    await store.cancel(job_id)
    (outcome,) = await store.outbox.list_due()
    begun = await store.outbox.start_send(outcome)
    assert await store.outbox.mark_sent(begun, channel_id=9, message_id=71)  # privately
    assert (await store.get(job_id)).outcome_channel_id == 9

    await store.retention.delete_job(job_id, delete_messages=True)

    assert store.pending_deletions.added.is_set()
    assert await store.pending_deletions.list_due() == [
        PendingDeletion(channel_id=channel_id, message_id=message_id, attempts=0)
        for channel_id, message_id in ((5, 70), (9, 71))
    ]


async def test_deleting_a_members_data_records_their_messages_on_request(store, new_job, many):
    await _job_with_sent_messages(store, new_job, many)
    picker = Picker(
        message_id=80,
        channel_id=6,
        guild_id=1,
        requester_id=10,
        request_message_id=None,
        content_key="pickers/a/content",
        filename="a.png",
        spoiler=False,
        created_at=datetime.now(UTC),
    )
    await store.pickers.save(picker)

    deleted = await store.retention.delete_member_data(10, delete_messages=True)

    assert deleted.messages == ((5, 70), (6, 80))
    assert _ids(await store.pending_deletions.list_due()) == [70, 80]

    await _job_with_sent_messages(store, new_job, many)
    await store.pending_deletions.mark_deleted(70)
    await store.retention.delete_member_data(10, delete_messages=False)
    assert _ids(await store.pending_deletions.list_due()) == [80]


async def test_pending_deletions_survive_a_restart(url, new_job, many):
    async with JobStore(url, feed=JobFeed()) as store:
        await store.processes.heartbeat(slots=1)
        await _job_with_sent_messages(store, new_job, many)
        await store.retention.delete_member_data(10, delete_messages=True)
    async with JobStore(url, feed=JobFeed()) as store:
        assert _ids(await store.pending_deletions.list_due()) == [70]


async def test_a_message_being_sent_is_deleted_too(store, new_job, many):
    job = await store.enqueue(new_job(), limits=many)
    (card,) = await store.outbox.list_due()
    begun = await store.outbox.start_send(card)
    await store.retention.delete_job(job.job_id, delete_messages=True)
    assert await store.pending_deletions.list_due() == []
    store.pending_deletions.added.clear()

    assert not await store.outbox.mark_sent(begun, channel_id=5, message_id=70)

    assert store.pending_deletions.added.is_set()
    assert _ids(await store.pending_deletions.list_due()) == [70]


async def test_each_is_deleted_postponed_or_abandoned(store):
    async with store._database.write() as change:
        await store.pending_deletions.add(change, [(5, 70), (5, 71), (5, 72), (5, 73)])
    ids = {70, 71, 72}
    assert await store.pending_deletions.get_status(ids) == DeletionStatus(waiting=3, abandoned=0)

    await store.pending_deletions.mark_deleted(70)
    await store.pending_deletions.mark_deleted(70)  # by another process too
    await store.pending_deletions.postpone(71, seconds=600)
    await store.pending_deletions.abandon(72, reason="no")

    assert _ids(await store.pending_deletions.list_due()) == [73]
    assert await store.pending_deletions.get_status(ids) == DeletionStatus(waiting=1, abandoned=1)
    await store.pending_deletions.postpone(71, seconds=-1)
    (again,) = await store.pending_deletions.list_due()
    assert (again.message_id, again.attempts) == (71, 2)

    assert await store.pending_deletions.delete_abandoned(older_than=timedelta(hours=1)) == 0
    assert await store.pending_deletions.delete_abandoned(older_than=-timedelta(hours=1)) == 1
    assert _ids(await store.pending_deletions.list_due(except_channels=[5])) == []


@pytest.mark.parametrize("count", [0, 1])
async def test_without_messages_nothing_is_pending(store, count):
    assert await store.pending_deletions.get_status(set(range(count))) == DeletionStatus(
        waiting=0, abandoned=0
    )
