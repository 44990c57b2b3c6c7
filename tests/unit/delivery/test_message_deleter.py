"""Messages are deleted, retried or abandoned, also those of an earlier process."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress

import pytest

from bot.delivery import message_deleter
from bot.delivery.message_deleter import MessageDeleter
from bot.errors import (
    AccessDeniedError,
    DiscordRejectedError,
    DiscordUnavailableError,
    StoreUnavailableError,
)
from bot.jobs.change_feed import JobFeed
from bot.jobs.deletions import DeletionStatus
from bot.jobs.store import JobStore


class FakeMessenger:
    """Deletes messages.

    `errors` holds the errors of the next calls by message, `hanging` an event by channel that
    calls wait for, and `in_progress` the number of calls by channel.
    """

    def __init__(self):
        self.deleted = []
        self.errors = {}
        self.hanging = {}
        self.in_progress = Counter()

    async def delete(self, channel_id, message_id):
        self.in_progress[channel_id] += 1
        if channel_id in self.hanging:
            await self.hanging[channel_id].wait()
        self.in_progress[channel_id] -= 1
        if self.errors.get(message_id):
            raise self.errors[message_id].pop()
        self.deleted.append((channel_id, message_id))


@pytest.fixture
async def store(tmp_path, monkeypatch):
    monkeypatch.setattr(message_deleter, "POLL_SECONDS", 0.05)
    async with JobStore(f"sqlite:///{tmp_path}/x.sqlite3", feed=JobFeed()) as opened:
        yield opened


async def _add(store, *message_ids, channel=5):
    async with store._database.write() as change:
        await store.pending_deletions.add(change, [(channel, each) for each in message_ids])
    store.pending_deletions.added.set()


@asynccontextmanager
async def _running(messenger, store):
    task = asyncio.create_task(MessageDeleter(messenger, store).run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _until(look):
    async with asyncio.timeout(60):
        while not await look():
            await asyncio.sleep(0.02)


async def test_earlier_and_new_deletions_are_carried_out(store):
    messenger = FakeMessenger()
    await _add(store, 1)
    async with _running(messenger, store):
        await _add(store, 2, 3)

        async def is_clear():
            return not await store.pending_deletions.list_due()

        await _until(is_clear)
    assert messenger.deleted == [(5, 1), (5, 2), (5, 3)]


async def test_an_outage_is_retried_and_a_refusal_is_final(store):
    messenger = FakeMessenger()
    messenger.errors = {
        1: [DiscordUnavailableError("503"), DiscordUnavailableError("limited", retry_after=0.1)],
        2: [AccessDeniedError("403")],
        3: [DiscordRejectedError("400", is_too_large=False, is_reply_refused=False)],
    }
    await _add(store, 1, 2, 3, 4)
    async with _running(messenger, store):

        async def is_settled():
            return await store.pending_deletions.get_status({1, 2, 3, 4}) == DeletionStatus(
                waiting=0, abandoned=2
            )

        await _until(is_settled)
    assert messenger.deleted == [(5, 4), (5, 1)]


async def test_a_channel_whose_requests_hang_delays_no_other(store):
    messenger = FakeMessenger()
    hanging = range(100, 100 + message_deleter.MAX_CONCURRENT_DELETIONS - 1)
    messenger.hanging = {channel: asyncio.Event() for channel in hanging}
    for channel in hanging:
        await _add(store, channel, channel + 1000, channel=channel)
    async with _running(messenger, store):
        await _add(store, 9001, 9002, 9003, channel=5)

        async def is_clear():
            return len(messenger.deleted) == 3

        await _until(is_clear)
        assert messenger.deleted == [(5, 9001), (5, 9002), (5, 9003)]
        assert {messenger.in_progress[channel] for channel in hanging} == {1}


async def test_a_deletion_is_repeated_if_its_result_could_not_be_recorded(store, monkeypatch):
    messenger, deletions = FakeMessenger(), store.pending_deletions
    really_mark, failures = deletions.mark_deleted, [StoreUnavailableError("away")]

    async def mark_deleted(message_id):
        if failures:
            raise failures.pop()
        await really_mark(message_id)

    monkeypatch.setattr(deletions, "mark_deleted", mark_deleted)
    monkeypatch.setattr(message_deleter, "STORAGE_RETRY_SECONDS", 0.01)
    await _add(store, 1)
    async with _running(messenger, store):

        async def is_clear():
            return not await deletions.list_due()

        await _until(is_clear)
    assert messenger.deleted == [(5, 1), (5, 1)]
