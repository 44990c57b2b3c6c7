"""Deletion of expired jobs, orphaned artefacts and deleted jobs' leftovers."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta

from sqlalchemy import text, update

from bot.jobs.db.schema import jobs
from bot.jobs.models import Picker


async def test_expired_and_orphaned_artefacts_are_deleted(bench):
    old, young, pending = [await bench.accept() for _ in range(3)]
    for job in (old, young, pending):
        await bench.store.cancel(job.job_id)
        if job is not pending:
            for row in await bench.store.outbox.list_for_job(job.job_id):
                await bench.store.outbox.mark_sent(row, channel_id=5, message_id=1)
    async with bench.store._database.write() as change:
        await change.connection.execute(
            text(
                "UPDATE jobs SET finished_at = '2020-01-01 00:00:00.000000' WHERE job_id <> :young"
            ),
            {"young": young.job_id},
        )
    await bench.artefacts.put("jobs/orphan/content", b"")
    await bench.artefacts.put("pickers/orphan/content", b"")
    await bench.artefacts.put("jobs/fresh/content", b"")

    for key in ("jobs/orphan/content", "pickers/orphan/content"):
        os.utime(bench.artefacts._path(key), (0, 0))

    assert await bench.scheduler._cleanup.delete_expired() == 3

    kept = {info.key.split("/")[1] async for info in bench.artefacts.list()}
    assert kept == {young.job_id, pending.job_id, "fresh"}
    job_ids = {old.job_id, young.job_id, pending.job_id}
    assert await bench.store.retention.find_unknown_jobs(job_ids) == {old.job_id}
    assert await bench.scheduler._cleanup.delete_expired() == 0


async def test_cleanup_runs_periodically(bench, monkeypatch):
    monkeypatch.setattr("bot.scheduler.scheduler.CLEANUP_SECONDS", 0.05)
    await bench.artefacts.put("jobs/early/content", b"")
    os.utime(bench.artefacts._path("jobs/early/content"), (0, 0))
    await bench.scheduler.start()

    async def is_empty() -> bool:
        return not [info async for info in bench.artefacts.list()]

    async with asyncio.timeout(60):
        while not await is_empty():
            await asyncio.sleep(0.02)
        await bench.artefacts.put("jobs/late/content", b"")  # and again, by schedule
        os.utime(bench.artefacts._path("jobs/late/content"), (0, 0))
        while not await is_empty():
            await asyncio.sleep(0.02)


async def test_a_deleted_job_stops_and_leaves_no_artefacts(bench):
    bench.executor.script = bench.executor.wait_for_stop  # puts a last checkpoint when told to stop
    await bench.scheduler.start()
    running, queued = await bench.accept(), await bench.accept()
    await bench.until(running.job_id, lambda job: job.step == 1)

    await bench.store.retention.delete_member_data(10, delete_messages=False)

    async with asyncio.timeout(60):
        while bench.scheduler.running or [info async for info in bench.artefacts.list()]:
            await asyncio.sleep(0.02)
    assert await bench.store.list_for_member(10) == []
    assert bench.executor.closed == 1
    assert len(bench.executor.works) == 1, queued.job_id


async def test_leftover_working_files_of_known_jobs_are_deleted(bench):
    job = await bench.accept()
    claimed = await bench.store.claims.claim("process")
    kept, left = f"jobs/{job.job_id}/checkpoint-1-4", f"jobs/{job.job_id}/checkpoint-1-2"
    partial = f"jobs/{job.job_id}/content.part-1a2b"
    await bench.store.claims.record_checkpoint(claimed, key=kept, step=4)
    for key in (kept, left, partial):
        await bench.artefacts.put(key, b"")
        os.utime(bench.artefacts._path(key), (0, 0))
    assert await bench.scheduler._cleanup.delete_expired() == 2
    keys = {info.key async for info in bench.artefacts.list()}
    assert kept in keys
    assert not keys & {left, partial}


async def test_inputs_of_cancelled_jobs_and_used_pickers_are_deleted_within_the_hour(bench):
    cancelled, queued, fresh = [await bench.accept() for _ in range(3)]
    for job in (cancelled, fresh):
        await bench.store.cancel(job.job_id)
        for row in await bench.store.outbox.list_for_job(job.job_id):
            await bench.store.outbox.mark_sent(row, channel_id=5, message_id=1)
    for key in ("pickers/used/content", "pickers/used/mask"):
        await bench.artefacts.put(key, b"")
        os.utime(bench.artefacts._path(key), (0, 0))
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    picker = Picker(
        message_id=1,
        channel_id=2,
        guild_id=None,
        requester_id=3,
        request_message_id=None,
        content_key="pickers/used/content",
        filename="a.png",
        spoiler=False,
        created_at=an_hour_ago,
        used_at=an_hour_ago,
        stored_bytes=5,
    )
    await bench.store.pickers.save(picker)
    async with bench.store._database.write() as change:
        await change.connection.execute(
            update(jobs).where(jobs.c.job_id == cancelled.job_id).values(finished_at=an_hour_ago)
        )
    cleanup = bench.scheduler._cleanup
    assert await cleanup._delete_orphans() == 0
    assert await cleanup.delete_unused_inputs() == 2
    await cleanup.delete_discarded()
    kept = {info.key.split("/")[1] async for info in bench.artefacts.list()}
    assert kept == {queued.job_id, fresh.job_id}
    assert (await bench.store.get(cancelled.job_id)).job_id == cancelled.job_id
    assert await cleanup.delete_unused_inputs() == 0
