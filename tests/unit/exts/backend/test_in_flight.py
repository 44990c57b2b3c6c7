"""Requests that are being served when the bot stops."""

from __future__ import annotations

import asyncio

from bot.exts.backend.in_flight import InFlightRequests


async def _serve(in_flight, work, replies=None):
    with in_flight.track(None if replies is None else replies.append_async):
        await work()


class Replies(list):
    async def append_async(self, text):
        self.append(text)


async def test_a_request_in_flight_is_waited_for():
    in_flight, replies, end = InFlightRequests(), Replies(), asyncio.Event()
    request = asyncio.create_task(_serve(in_flight, end.wait, replies))
    await asyncio.sleep(0)
    draining = asyncio.create_task(in_flight.drain(grace_seconds=60, sentence="Stopping."))
    await asyncio.sleep(0)
    assert not in_flight.is_closed
    end.set()
    await asyncio.wait_for(draining, 5)
    assert request.done()
    assert not request.cancelled()
    assert replies == []
    assert in_flight.is_closed


async def test_a_request_that_does_not_end_is_cancelled_and_answered():
    in_flight, replies = InFlightRequests(), Replies()
    endless = asyncio.create_task(_serve(in_flight, asyncio.Event().wait, replies))
    silent = asyncio.create_task(_serve(in_flight, asyncio.Event().wait))
    await asyncio.sleep(0)
    await in_flight.drain(grace_seconds=0, sentence="Stopping.")
    assert endless.cancelled()
    assert silent.cancelled()
    assert replies == ["Stopping."]


async def test_a_cancelled_request_whose_cancellation_is_swallowed_is_answered_too():
    """discord.py swallows the cancellation of a command."""
    in_flight, replies = InFlightRequests(), Replies()

    async def swallow():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    request = asyncio.create_task(_serve(in_flight, swallow, replies))
    await asyncio.sleep(0)
    await in_flight.drain(grace_seconds=0, sentence="Stopping.")
    assert not request.cancelled()
    assert replies == ["Stopping."]


async def test_an_inner_block_does_not_end_the_tracking():
    in_flight, replies = InFlightRequests(), Replies()

    async def nested():
        await _serve(in_flight, lambda: asyncio.sleep(0))
        await asyncio.Event().wait()

    request = asyncio.create_task(_serve(in_flight, nested, replies))
    for _ in range(5):
        await asyncio.sleep(0)
    await in_flight.drain(grace_seconds=0, sentence="Stopping.")
    assert request.cancelled()
    assert replies == ["Stopping."]
