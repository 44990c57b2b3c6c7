"""Storage outages: nothing that was accepted or painted is lost."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from bot.artefacts import open_artefacts
from bot.artefacts.folder import FolderArtefacts
from bot.errors import StoreUnavailableError
from bot.executors.protocol import EncodedSnapshot, Finished
from bot.jobs.db.schema import jobs
from bot.jobs.models import JobState
from bot.jobs.store import JobStore
from stylenet.events import Checkpoint


async def test_a_database_outage_loses_nothing(bench, monkeypatch):
    away = asyncio.Event()

    async def script(work, stop):
        yield EncodedSnapshot(step=1, image=b"snapshot")
        if len(bench.executor.works) == 1:
            away.set()
        yield Checkpoint(step=1, state=b"state")  # not recorded
        yield Finished(image=b"picture", report={})

    database = bench.store._database
    really_write = database.write

    def write():
        if away.is_set():
            raise StoreUnavailableError("locked")
        return really_write()

    monkeypatch.setattr(database, "write", write)
    bench.executor.script = script
    await bench.scheduler.start()
    job = await bench.accept()
    await away.wait()
    await asyncio.sleep(0.5)
    assert (await bench.store.get(job.job_id)).state is JobState.RUNNING

    away.clear()

    done = await bench.until(job.job_id, JobState.SUCCEEDED)
    assert done.attempts == 1
    assert await bench.artefacts.get(done.snapshot_key) == b"snapshot"
    await bench.until((await bench.accept()).job_id, JobState.SUCCEEDED)  # and it goes on


async def test_a_result_is_kept_until_the_disk_has_room(bench, monkeypatch):
    refused, has_space = asyncio.Event(), asyncio.Event()
    really_put = FolderArtefacts.put

    async def put(self, key, data):
        if not has_space.is_set() and "result" in key:
            refused.set()
            raise OSError(28, "No space left on device")
        await really_put(self, key, data)

    monkeypatch.setattr(FolderArtefacts, "put", put)
    await bench.scheduler.start()
    job = await bench.accept()
    async with asyncio.timeout(60):
        await refused.wait()
    assert (await bench.store.get(job.job_id)).state is JobState.RUNNING

    has_space.set()

    await bench.until(job.job_id, JobState.SUCCEEDED)


async def test_discarded_artefacts_are_deleted_after_an_outage(bench, monkeypatch):
    away = True
    really_delete = FolderArtefacts.delete_prefix

    async def delete_prefix(self, prefix):
        if away:
            raise OSError(5, "away")
        return await really_delete(self, prefix)

    monkeypatch.setattr(FolderArtefacts, "delete_prefix", delete_prefix)
    job = await bench.accept()
    await bench.store.retention.delete_job(job.job_id, delete_messages=False)
    await bench.scheduler.start()
    await asyncio.sleep(0.1)
    assert await bench.store.retention.list_discarded() == [f"jobs/{job.job_id}/"]

    away = False

    async with asyncio.timeout(60):
        while await bench.store.retention.list_discarded():
            await asyncio.sleep(0.02)
    assert [info async for info in bench.artefacts.list()] == []


async def test_an_object_storage_outage_loses_nothing(bench, objects_url, object_proxy):
    """Away when the job begins, and again when its picture is done."""
    painted = asyncio.Event()

    async def script(work, stop):
        await object_proxy.close()
        painted.set()
        yield EncodedSnapshot(step=1, image=b"snapshot")  # not kept
        yield Finished(image=b"picture", report={})

    bench.artefacts = open_artefacts(objects_url)
    bench.scheduler = bench.new_scheduler()
    bench.executor.script = script
    job = await bench.accept()
    await object_proxy.close()
    await bench.scheduler.start()
    await bench.until(job.job_id, JobState.RUNNING)
    assert not painted.is_set()

    await object_proxy.open()
    async with asyncio.timeout(60):
        await painted.wait()
    await asyncio.sleep(0.1)
    await object_proxy.open()

    done = await bench.until(job.job_id, JobState.SUCCEEDED)
    assert done.attempts == 1
    assert await bench.artefacts.get(done.result_key) == b"picture"


async def test_other_processes_get_time_for_a_heartbeat_after_an_outage(bench):
    """Their jobs are not requeued on account of the heartbeats that the outage prevented."""
    scheduler, stalled_after = bench.scheduler, bench.scheduler._settings.stalled_after_seconds
    await scheduler._sync_process_state()
    synced_at = scheduler._synced_at
    assert scheduler._may_recover(synced_at)
    assert not scheduler._may_recover(synced_at + stalled_after)  # the database is away

    scheduler._synced_at -= stalled_after
    await scheduler._sync_process_state()
    back_at = scheduler._synced_at
    assert not scheduler._may_recover(back_at)
    later = back_at + stalled_after + 1
    scheduler._synced_at = later  # and it has been there ever since
    assert scheduler._may_recover(later)


async def test_a_process_that_starts_right_after_an_outage_takes_no_job_of_a_living_one(
    bench, monkeypatch
):
    """The heartbeat is old because the database was away, not because its process is dead."""
    monkeypatch.setattr(JobStore, "is_shared", True)
    job = await bench.accept()
    await bench.store.claims.claim("another process")
    heartbeat_at = datetime.now(UTC) - timedelta(days=1)
    async with bench.store._database.write() as change:
        await change.connection.execute(update(jobs).values(heartbeat_at=heartbeat_at))

    await bench.scheduler.start()

    assert (await bench.store.get(job.job_id)).claimed_by == "another process"
    assert not bench.scheduler._may_recover(bench.scheduler._synced_at)
