"""Subscriptions to changes of jobs."""

from __future__ import annotations

import asyncio

import pytest

from bot.jobs.change_feed import JobFeed


async def test_subscribers_receive_changes_in_order():
    feed = JobFeed()
    with feed.subscribe() as first, feed.subscribe() as second:
        for job_id in ("a", "b"):
            feed.publish(job_id)
        assert [await first.next(1), await first.next(1)] == ["a", "b"]
        assert second.drain() == ["a", "b"]
        assert second.drain() == []


async def test_many_changes_of_a_job_are_one():
    feed = JobFeed()
    with feed.subscribe() as changes:
        for number in range(10_000):
            feed.publish(f"job-{number % 3}")
        assert changes.drain() == ["job-0", "job-1", "job-2"]


async def test_a_subscription_receives_nothing_before_or_after():
    feed = JobFeed()
    subscription = feed.subscribe()
    feed.publish("before")
    with subscription:
        pass
    feed.publish("after")
    assert subscription.drain() == []


async def test_waiting_ends_with_a_change_or_a_timeout():
    feed = JobFeed()
    with feed.subscribe() as changes:
        assert await changes.next(0.01) is None
        asyncio.get_running_loop().call_later(0.01, feed.publish, "a")
        assert await changes.next(60) == "a"


async def test_a_cancelled_wait_loses_no_change():
    feed = JobFeed()
    with feed.subscribe() as changes:
        waiting = asyncio.create_task(changes.next())
        await asyncio.sleep(0)
        feed.publish("a")
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await changes.next(1) == "a"


async def test_iterating():
    feed = JobFeed()
    with feed.subscribe() as changes:
        feed.publish("a")
        feed.publish("b")
        heard = []
        async for job_id in changes:
            heard.append(job_id)
            if len(heard) == 2:
                break
    assert heard == ["a", "b"]
