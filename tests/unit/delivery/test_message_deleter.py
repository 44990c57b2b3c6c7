"""Messages are deleted, retried or abandoned, also those of an earlier process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from bot.delivery import message_deleter
from bot.delivery.message_deleter import MessageDeleter
from bot.errors import AccessDeniedError, DiscordRejectedError, DiscordUnavailableError
from bot.jobs.change_feed import JobFeed
from bot.jobs.deletions import DeletionStatus
from bot.jobs.store import JobStore


class FakeMessenger:
    """Deletes messages; `errors` holds the errors of the next calls by message."""

    def __init__(self):
        self.deleted = []
        self.errors = {}

    async def delete(self, channel_id, message_id):
        if self.errors.get(message_id):
            raise self.errors[message_id].pop()
        self.deleted.append((channel_id, message_id))


@pytest.fixture
async def store(tmp_path, monkeypatch):
    monkeypatch.setattr(message_deleter, "POLL_SECONDS", 0.05)
    async with JobStore(f"sqlite:///{tmp_path}/x.sqlite3", feed=JobFeed()) as opened:
        yield opened


async def _add(store, *message_ids):
    async with store._database.write() as change:
        await store.pending_deletions.add(change, [(5, each) for each in message_ids])
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
