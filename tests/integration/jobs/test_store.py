"""Enqueuing, reading, cancelling and deleting jobs, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import ClaimLostError, IllegalTransitionError, LimitReached, UnknownJobError
from bot.jobs.models import Announcement, JobLimits, JobState, Picker
from bot.jobs.transitions import lock_job, transition
from stylenet.recipe import Recipe

from .conftest import order_of


async def test_an_accepted_job_is_stored_completely_with_its_card(store, new_job, many):
    recipe = Recipe(name="fine", size=512, seed=7, passes=33, keep_colors=True)
    new = new_job(
        recipe=recipe,
        preset="woodcut",
        title="täst × Starry night",
        spoiler=True,
        request_key="message-1",
        priority=2,
        content_size=(640, 480),
        start_key="jobs/a/start",
        mask_keys=("jobs/a/mask-0", None),
        style_keys=("jobs/a/style-0", "jobs/a/style-1"),
    )

    job = await store.enqueue(new, limits=many)

    assert await store.get(new.job_id) == job
    assert job.state is JobState.QUEUED
    assert job.recipe == recipe
    for field in ("origin", "content_key", "style_keys", "preset", "title", "spoiler", "priority"):
        assert getattr(job, field) == getattr(new, field)
    assert (job.content_size, job.start_key) == ((640, 480), "jobs/a/start")
    assert job.mask_keys == ("jobs/a/mask-0", None)
    assert job.created_at.tzinfo is UTC
    assert abs(job.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    (card,) = await store.outbox.list_for_job(new.job_id)
    assert card.announcement is Announcement.CARD
    assert len(card.nonce) <= 25


async def test_the_same_request_twice_is_one_job(store, new_job):
    limits = JobLimits(per_member=1, per_guild=1, total=1)
    first = await store.enqueue(new_job(request_key="message-1"), limits=limits)
    again = await store.enqueue(new_job(request_key="message-1"), limits=limits)

    assert again == first
    assert len(await order_of(store)) == 1


async def test_the_same_request_many_times_at_once_is_one_job(store, new_job, many):
    accepted = await asyncio.gather(
        *(store.enqueue(new_job(request_key="message-1"), limits=many) for _ in range(6))
    )

    assert len({job.job_id for job in accepted}) == 1
    assert len(await store.outbox.list_due()) == 1


@pytest.mark.parametrize(
    ("limits", "scope"),
    [
        (JobLimits(per_member=2, per_guild=9, total=9), "member"),
        (JobLimits(per_member=9, per_guild=2, total=9), "guild"),
        (JobLimits(per_member=9, per_guild=9, total=2), "queue"),
    ],
)
async def test_limits_count_waiting_and_running_jobs(store, new_job, limits, scope):
    await store.enqueue(new_job(), limits=limits)
    await store.enqueue(new_job(), limits=limits)
    running = await store.claims.claim("process")

    with pytest.raises(LimitReached) as caught:
        await store.enqueue(new_job(), limits=limits)
    assert (caught.value.scope, caught.value.limit) == (scope, 2)

    await store.claims.succeed(running, result_key="r", report={})
    await store.enqueue(new_job(), limits=limits)


async def test_limits_hold_for_simultaneous_requests(store, new_job):
    limits = JobLimits(per_member=2, per_guild=9, total=9)
    results = await asyncio.gather(
        *(store.enqueue(new_job(), limits=limits) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(result, LimitReached) for result in results) == 6
    assert len(await order_of(store)) == 2


async def test_direct_messages_belong_to_no_guild(store, new_job):
    limits = JobLimits(per_member=9, per_guild=1, total=9)
    for _ in range(3):
        await store.enqueue(new_job(guild=None), limits=limits)

    assert len(await order_of(store)) == 3


async def test_an_unknown_job(store):
    with pytest.raises(UnknownJobError):
        await store.get("nowhere")
    with pytest.raises(UnknownJobError):
        await store.cancel("nowhere")
    assert await store.find_by_card(1) is None


async def test_a_queued_job_is_cancelled_at_once(store, new_job, many):
    job = await store.enqueue(new_job(), limits=many)

    cancelled = await store.cancel(job.job_id)

    assert cancelled.state is JobState.CANCELLED
    assert cancelled.finished_at is not None
    announcements = [row.announcement for row in await store.outbox.list_for_job(job.job_id)]
    assert announcements == [Announcement.CARD, Announcement.OUTCOME]
    assert await store.claims.claim("process") is None


async def test_a_running_job_is_asked_to_stop(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")

    asked = await store.cancel(job.job_id)

    assert asked.state is JobState.RUNNING
    assert asked.cancel_requested
    assert await store.claims.heartbeat([job]) == {job.job_id}
    assert (await store.claims.mark_cancelled(job)).state is JobState.CANCELLED


async def test_a_job_that_has_ended_stays_as_it_is(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")
    done = await store.claims.succeed(job, result_key="r", report={"seconds": 1.5})

    assert await store.cancel(job.job_id) == done


async def test_illegal_steps_change_nothing(store, new_job, many):
    job = await store.enqueue(new_job(), limits=many)
    database = store._database

    async def leap() -> None:
        async with database.write() as change:
            current, now = await lock_job(change, job.job_id)
            await transition(change, current, JobState.SUCCEEDED, now=now)

    with pytest.raises(IllegalTransitionError) as caught:
        await leap()

    assert (caught.value.state, caught.value.wanted) == ("queued", "succeeded")
    assert await store.get(job.job_id) == job
    assert len(await store.outbox.list_for_job(job.job_id)) == 1


async def test_a_members_jobs_newest_first(store, new_job, many):
    mine = [await store.enqueue(new_job(guild=guild), limits=many) for guild in (1, 2, 1)]
    await store.enqueue(new_job(member=99), limits=many)

    assert await store.list_for_member(10) == mine[::-1]
    assert await store.list_for_member(10, guild_id=1) == [mine[2], mine[0]]
    assert await store.list_for_member(10, limit=1) == mine[2:]


async def test_counts_by_state(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    await store.enqueue(new_job(), limits=many)
    await store.claims.claim("process")

    counts = await store.count_by_state()

    assert counts[JobState.QUEUED] == counts[JobState.RUNNING] == 1
    assert counts[JobState.FAILED] == 0


async def test_a_deleted_job_leaves_only_pending_deletions(store, new_job, many):
    jobs = [await store.enqueue(new_job(), limits=many) for _ in range(2)]
    running = await store.claims.claim(store.process_id)
    (card,) = await store.outbox.list_due()
    begun = await store.outbox.start_send(card)

    for job in jobs:
        gone = await store.retention.delete_job(job.job_id, delete_messages=False)
        assert (gone.job_id, gone.origin) == (job.job_id, job.origin)
        assert await store.retention.delete_job(job.job_id, delete_messages=False) is None
        with pytest.raises(UnknownJobError):
            await store.get(job.job_id)

    assert await store.outbox.list_due() == []
    assert not await store.outbox.mark_sent(
        begun, channel_id=5, message_id=7
    )  # the message must go too
    assert await store.claims.heartbeat([running]) == {running.job_id}
    with pytest.raises(ClaimLostError):
        await store.claims.succeed(running, result_key="r", report={})
    assert store.retention.discarded.is_set()
    assert set(await store.retention.list_discarded()) == {f"jobs/{job.job_id}/" for job in jobs}
    for job in jobs:
        await store.retention.mark_discarded_deleted(f"jobs/{job.job_id}/")
    assert await store.retention.list_discarded() == []


async def test_a_deleted_member_leaves_only_pending_deletions(store, new_job, many):
    jobs = [await store.enqueue(new_job(guild=guild), limits=many) for guild in (1, 1, None)]
    other = await store.enqueue(new_job(member=99), limits=many)
    ended = await store.claims.claim("process")
    await store.claims.succeed(ended, result_key="r", report={})
    await store.claims.claim("process")
    picker = _picker()
    await store.pickers.save(picker)
    with store.feed.subscribe() as changes:
        deleted = await store.retention.delete_member_data(10, delete_messages=False)
        assert set(changes.drain()) == {job.job_id for job in jobs}

    assert [job.job_id for job in deleted.jobs] == [job.job_id for job in jobs]
    assert deleted.pickers == (picker,)
    assert await store.list_for_member(10) == []
    assert await store.pickers.list_for_member(10) == []
    assert set(await store.retention.list_discarded()) == {
        "pickers/a/",
        *(f"jobs/{job.job_id}/" for job in jobs),
    }
    assert (await store.get(other.job_id)).job_id == other.job_id
    assert (await store.enqueue(new_job(), limits=many)).origin.requester_id == 10
    assert len(await order_of(store)) == 2


async def test_retention_waits_for_the_outcomes_delivery(store, new_job, many):
    job = await store.enqueue(new_job(), limits=many)
    await store.cancel(job.job_id)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await store.retention.delete_finished(before=tomorrow) == 0

    for _ in range(2):
        (row,) = await store.outbox.list_due()
        await store.outbox.mark_sent(row, channel_id=5, message_id=7)

    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert await store.retention.delete_finished(before=yesterday) == 0
    assert await store.retention.delete_finished(before=tomorrow) == 1
    assert await store.retention.list_discarded() == [f"jobs/{job.job_id}/"]
    assert await store.outbox.list_for_job(job.job_id) == []


async def test_every_change_is_published_after_it_is_committed(store, new_job, many):
    with store.feed.subscribe() as changes:
        job = await store.enqueue(new_job(), limits=many)
        assert await changes.next(5) == job.job_id
        claimed = await store.claims.claim("process")
        assert await changes.next(5) == job.job_id
        assert (await store.get(job.job_id)).state is JobState.RUNNING
        await store.claims.record_progress(
            claimed, step=1, total=9, losses={"total": 1.0}, paint_seconds=1
        )
        assert await changes.next(5) == job.job_id


def _picker() -> Picker:
    return Picker(
        message_id=2**62,
        channel_id=5,
        guild_id=None,
        requester_id=10,
        request_message_id=None,
        content_key="pickers/a/content",
        filename="a b.png",
        spoiler=True,
        created_at=datetime.now(UTC),
        recipe=Recipe(seed=4),
        content_size=(10, 20),
    )


async def test_pickers_are_used_once(store):
    picker = _picker()
    await store.pickers.save(picker)
    assert await store.pickers.get(picker.message_id) == picker
    assert await store.pickers.list_for_member(10) == [picker]

    uses = await asyncio.gather(*(store.pickers.mark_used(picker.message_id) for _ in range(5)))
    assert sorted(uses) == [False] * 4 + [True]

    keys = {picker.content_key, "pickers/b/content"}
    assert await store.retention.find_unknown_pickers(keys) == {"pickers/b/content"}
    assert await store.retention.delete_expired_pickers(older_than=timedelta(days=1)) == 0
    assert await store.retention.delete_expired_pickers(older_than=timedelta(days=-1)) == 1
    assert await store.retention.list_discarded() == ["pickers/a/"]
    assert await store.pickers.get(picker.message_id) is None
    assert not await store.pickers.mark_used(picker.message_id)


async def test_timings_are_decayed_sums(store):
    assert await store.timings.get_all() == {}
    for _ in range(2):
        measured = await store.timings.add(
            device="cpu", recipe="fine", effort=(1.0, 2.0, 3.0), fading=0.5
        )

    assert measured.products == (1.5, 3.0, 4.5)
    assert measured.squares == (1.5, 3.0, 4.5, 3.0, 6.0, 9.0, 4.5, 9.0, 13.5)
    assert await store.timings.get_all() == {("cpu", "fine"): measured}
