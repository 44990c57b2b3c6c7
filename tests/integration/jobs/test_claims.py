"""Claims, recovery and the order of turns, on both databases."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.errors import ClaimLostError
from bot.jobs.change_feed import JobFeed
from bot.jobs.claims import RECOVERY_LIMIT_FACTOR
from bot.jobs.db.schema import jobs
from bot.jobs.models import Announcement, JobState
from bot.jobs.store import JobStore

from .conftest import order_of


async def _change_row(store, job_id, **values):
    async with store._database.write() as change:
        await change.connection.execute(
            update(jobs).where(jobs.c.job_id == job_id).values(**values)
        )


async def _claim_all(store):
    claimed = []
    while (job := await store.claims.claim("process")) is not None:
        claimed.append(job.job_id)
    return claimed


async def test_a_claim_is_recorded(store, new_job, many):
    await store.enqueue(new_job(), limits=many)

    job = await store.claims.claim("process-1")

    assert job.state is JobState.RUNNING
    assert (job.attempts, job.claims, job.claimed_by) == (1, 1, "process-1")
    assert job.started_at is not None
    assert job.heartbeat_at is not None
    assert await store.claims.claim("process-2") is None


async def test_claimers_never_get_the_same_job(store, url, new_job, many):
    wanted = {
        (await store.enqueue(new_job(guild=number % 4, member=number % 3), limits=many)).job_id
        for number in range(16)
    }
    # Several processes where the database allows it; else several claimers in one.
    others = [JobStore(url, feed=JobFeed()) for _ in range(2)] if store.is_shared else []
    for other in others:
        await other.open()
    taken: list[str] = []

    async def claimer(own: JobStore) -> None:
        while len(taken) < len(wanted):
            job = await own.claims.claim("process")
            if job is None:
                await asyncio.sleep(0.01)
            else:
                taken.append(job.job_id)

    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*(claimer(own) for own in (store, *others) for _ in range(3)))
    finally:
        for other in others:
            await other.close()

    assert len(taken) == len(wanted)
    assert set(taken) == wanted


@pytest.mark.parametrize("seed", range(4))
async def test_jobs_are_claimed_in_the_predicted_order(store, new_job, many, seed):
    rng = random.Random(seed)
    for _ in range(14):
        guild, member = rng.choice([1, 1, 1, 2, 3, None]), rng.choice([10, 10, 11, 12])
        job = await store.enqueue(
            new_job(guild=guild, member=member, priority=rng.choice([0, 0, 1])), limits=many
        )
        if rng.random() < 0.2:
            long_ago = datetime.now(UTC) - timedelta(hours=1)
            await _change_row(store, job.job_id, created_at=long_ago)
        if rng.random() < 0.4:
            claimed = await store.claims.claim("process")
            if rng.random() < 0.5:
                await store.claims.requeue(claimed, counted=True)

    predicted = await order_of(store)
    assert await _claim_all(store) == predicted


async def test_guilds_take_turns_and_members_within_them(store, new_job, many):
    greedy = [await store.enqueue(new_job(guild=1, member=10), limits=many) for _ in range(4)]
    other = await store.enqueue(new_job(guild=1, member=11), limits=many)
    guest = await store.enqueue(new_job(guild=2, member=12), limits=many)

    order = await _claim_all(store)

    expected = [greedy[0], guest, other, greedy[1], greedy[2], greedy[3]]
    assert order == [job.job_id for job in expected]


async def test_favoured_roles_go_first_in_their_own_guild_only(store, new_job, many):
    plain = await store.enqueue(new_job(guild=1, member=10), limits=many)
    elsewhere = await store.enqueue(new_job(guild=2, member=20), limits=many)
    favoured = await store.enqueue(new_job(guild=1, member=11, priority=1), limits=many)

    assert await _claim_all(store) == [favoured.job_id, elsewhere.job_id, plain.job_id]


async def test_whoever_has_waited_long_enough_counts_as_favoured(store, new_job, many):
    waiting = await store.enqueue(new_job(member=10), limits=many)
    favoured = [await store.enqueue(new_job(member=11, priority=1), limits=many) for _ in range(3)]
    await _change_row(store, waiting.job_id, created_at=datetime.now(UTC) - timedelta(hours=1))

    assert (await _claim_all(store))[0] == waiting.job_id
    assert len(favoured) == 3


async def test_a_started_job_resumes_first(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    begun = await store.claims.claim("process")
    await store.enqueue(new_job(guild=2, priority=1), limits=many)
    await store.claims.requeue(begun, counted=True)

    assert (await _claim_all(store))[0] == begun.job_id


async def test_records_of_a_painting(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")

    await store.claims.record_progress(
        job, step=3, total=9, losses={"content": 1.5, "total": 2.5}, paint_seconds=4.5
    )
    await store.claims.record_snapshot(job, key="jobs/x/snapshot-2", step=2)
    await store.claims.record_checkpoint(job, key="jobs/x/checkpoint-1-3", step=3)

    now = await store.get(job.job_id)
    assert (now.step, now.total, now.paint_seconds) == (3, 9, 4.5)
    assert now.losses == {"content": 1.5, "total": 2.5}
    assert (now.snapshot_key, now.snapshot_step) == ("jobs/x/snapshot-2", 2)
    assert (now.checkpoint_key, now.checkpoint_step) == ("jobs/x/checkpoint-1-3", 3)
    assert await store.claims.heartbeat([job]) == set()


async def test_a_lost_claim_can_change_nothing(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    lost = await store.claims.claim("process")
    await store.claims.requeue_stalled(older_than=None, max_attempts=5)
    held = await store.claims.claim("process")
    claims = store.claims

    attempts = [
        lambda: claims.record_progress(lost, step=1, total=2, losses={}, paint_seconds=0),
        lambda: claims.record_snapshot(lost, key="k", step=1),
        lambda: claims.record_checkpoint(lost, key="k", step=1),
        lambda: claims.succeed(lost, result_key="k", report={}),
        lambda: claims.fail(lost, code="internal", message=""),
        lambda: claims.mark_cancelled(lost),
        lambda: claims.requeue(lost, counted=True),
        lambda: claims.get_setbacks(lost),
    ]
    for attempt in attempts:
        with pytest.raises(ClaimLostError):
            await attempt()

    assert await claims.heartbeat([lost]) == {lost.job_id}
    now = await store.get(held.job_id)
    assert (now.state, now.claims, now.step) == (JobState.RUNNING, 2, 0)
    assert (await claims.succeed(held, result_key="k", report={})).state is JobState.SUCCEEDED
    with pytest.raises(ClaimLostError):
        await claims.succeed(held, result_key="k", report={})
    assert len(await store.outbox.list_for_job(held.job_id)) == 2


async def test_outcomes_are_announced(store, new_job, many):
    ends = {
        JobState.SUCCEEDED: lambda job: store.claims.succeed(job, result_key="k", report={"a": 1}),
        JobState.FAILED: lambda job: store.claims.fail(job, code="diverged", message="NaN"),
        JobState.CANCELLED: store.claims.mark_cancelled,
    }
    for state, end in ends.items():
        await store.enqueue(new_job(), limits=many)
        job = await end(await store.claims.claim("process"))
        assert job.state is state
        assert job.claimed_by is None
        assert job.finished_at >= job.started_at
        rows = await store.outbox.list_for_job(job.job_id)
        assert [row.announcement for row in rows] == [Announcement.CARD, Announcement.OUTCOME]


async def test_a_requested_cancellation_overrides_every_other_outcome(store, new_job, many):
    ends = [
        lambda job: store.claims.succeed(job, result_key="k", report={}),
        lambda job: store.claims.fail(job, code="diverged", message=""),
        lambda job: store.claims.requeue(job, counted=True),
    ]
    for end in ends:
        await store.enqueue(new_job(), limits=many)
        job = await store.claims.claim("process")
        await store.cancel(job.job_id)
        assert (await end(job)).state is JobState.CANCELLED

    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")
    await store.cancel(job.job_id)
    (recovered,) = await store.claims.requeue_stalled(older_than=None, max_attempts=5)
    assert recovered.state is JobState.CANCELLED


async def test_requeuing_counts_no_setback(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")

    queued = await store.claims.requeue(job, counted=False)

    assert (queued.state, queued.attempts, queued.setbacks) == (JobState.QUEUED, 0, 0)
    assert queued.claimed_by is None


async def test_a_setback_is_delayed_and_counted(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")

    queued = await store.claims.requeue(job, counted=True, delay_seconds=600)

    assert (queued.attempts, queued.setbacks) == (1, 1)
    assert await store.claims.claim("process") is None
    await _change_row(store, job.job_id, not_before=datetime.now(UTC) - timedelta(seconds=1))
    assert (await store.claims.claim("process")).not_before is None


async def test_jobs_are_claimed_after_the_clock_jumped_back(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")
    await store.claims.requeue(job, counted=True, delay_seconds=600)
    await _change_row(store, job.job_id, not_before=datetime.now(UTC) + timedelta(days=30))

    assert await store.claims.claim("process") is not None


async def test_a_newer_checkpoint_resets_the_setbacks(store, new_job, many):
    await store.enqueue(new_job(), limits=many)
    job = await store.claims.claim("process")
    await store.claims.record_checkpoint(job, key="a", step=5)
    await store.claims.requeue(job, counted=True)

    job = await store.claims.claim("process")
    assert await store.claims.get_setbacks(job) == 1
    await store.claims.record_checkpoint(job, key="b", step=5)  # no further than before
    assert await store.claims.get_setbacks(job) == 1
    await store.claims.record_checkpoint(job, key="c", step=6)
    assert await store.claims.get_setbacks(job) == 0


async def test_only_jobs_without_a_heartbeat_are_recovered(store, new_job, many):
    for guild in (1, 2, 3):
        await store.enqueue(new_job(guild=guild), limits=many)
    alive, silent, own = [await store.claims.claim("process") for _ in range(3)]
    for job in (silent, own):
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        await _change_row(store, job.job_id, heartbeat_at=hour_ago)

    recovered = await store.claims.requeue_stalled(
        older_than=timedelta(seconds=30), max_attempts=5, except_for={own.job_id}
    )

    assert [job.job_id for job in recovered] == [silent.job_id]
    assert recovered[0].state is JobState.QUEUED
    assert (await store.get(alive.job_id)).state is JobState.RUNNING


async def test_a_job_that_always_kills_the_bot_fails(store, new_job, many):
    job = await store.enqueue(new_job(), limits=many)
    for _ in range(2 * RECOVERY_LIMIT_FACTOR - 1):
        assert await store.claims.claim("process") is not None
        (job,) = await store.claims.requeue_stalled(older_than=None, max_attempts=2)
        assert job.state is JobState.QUEUED
    await store.claims.claim("process")

    (job,) = await store.claims.requeue_stalled(older_than=None, max_attempts=2)

    assert job.state is JobState.FAILED
    assert job.error_code == "worker_died"


async def test_unused_tickets_are_deleted(store, new_job, many):
    stays = await store.enqueue(new_job(guild=1), limits=many)
    leaves = await store.enqueue(new_job(guild=2), limits=many)
    await store.cancel(leaves.job_id)

    await store.retention.delete_idle_turns()

    assert await _claim_all(store) == [stays.job_id]
    await store.retention.delete_idle_turns()  # its job claims now, and may come back
    await store.claims.requeue_stalled(older_than=None, max_attempts=5)
    assert await _claim_all(store) == [stays.job_id]
