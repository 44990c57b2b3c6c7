"""Another painting from the same pictures needs nothing of the first one any more."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.artefacts.folder import (
    content_key,
    job_prefix,
    mask_key,
    open_artefacts,
    preview_key,
    result_key,
    snapshot_key,
    start_key,
    style_key,
)
from bot.errors import ArtefactMissingError, LimitReached
from bot.intake.acceptance import JobAcceptance
from bot.intake.repeats import JobRepeater, RepeatMode
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import Limits, NewJob, Origin
from bot.jobs.store import JobStore
from bot.settings import Settings
from stylenet.recipe import Recipe

JOB = "0123456789ab"
ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)
OTHER = Origin(guild_id=1, channel_id=2, message_id=9, requester_id=5)
INPUTS = {
    content_key(JOB): b"content",
    preview_key(content_key(JOB)): b"small content",
    style_key(JOB, 0): b"style",
    preview_key(style_key(JOB, 0)): b"small style",
    mask_key(JOB, 0): b"mask",
    start_key(JOB): b"start",
}


@pytest.fixture
async def house(tmp_path):
    """A painting that is done, and what repeats it."""
    settings = Settings(data_dir=tmp_path, min_free_disk_bytes=0, max_jobs_per_member=2)
    artefacts = open_artefacts(str(tmp_path / "artefacts"))
    async with JobStore(f"sqlite+aiosqlite:///{tmp_path / 'jobs'}", feed=JobFeed()) as store:
        others = {result_key(JOB): b"result", snapshot_key(JOB, 3): b"snapshot"}
        for key, data in {**INPUTS, **others}.items():
            await artefacts.put(key, data)
        new = NewJob(
            job_id=JOB,
            origin=ORIGIN,
            content_key=content_key(JOB),
            style_keys=(style_key(JOB, 0),),
            mask_keys=(mask_key(JOB, 0),),
            start_key=start_key(JOB),
            recipe=Recipe.named("default").evolve(size=128),
            preset="mosaic",
            title="a.png × Mosaic",
            spoiler=True,
            content_size=(640, 480),
        )
        await store.enqueue(new, limits=Limits.of(settings))
        claimed = await store.runs.claim("here")
        parent = await store.runs.succeed(claimed, result_key=result_key(JOB), report={})
        keeper = JobAcceptance(settings, store=store, artefacts=artefacts)
        yield SimpleNamespace(
            repeats=JobRepeater(keeper, artefacts), parent=parent, artefacts=artefacts, store=store
        )


async def repaint(house, key="interaction:1", beginning=RepeatMode.SAME, **changes):
    return await house.repeats.repaint(
        house.parent, origin=OTHER, changes=changes, beginning=beginning, request_key=key
    )


async def kept(house, job_id):
    prefix = job_prefix(job_id)
    return {
        info.key.removeprefix(prefix): await house.artefacts.get(info.key)
        async for info in house.artefacts.list(prefix)
    }


async def test_all_that_it_needs_is_copied_and_nothing_else(house):
    job = await repaint(house, seed=7)
    assert job.origin == OTHER
    assert (job.recipe.seed, job.recipe.size) == (7, 128)
    assert (job.preset, job.title, job.spoiler) == ("mosaic", "a.png × Mosaic", True)
    assert job.content_size == (640, 480)
    await house.artefacts.delete_prefix(job_prefix(JOB))
    expected = {key.removeprefix(job_prefix(JOB)): data for key, data in INPUTS.items()}
    assert await kept(house, job.job_id) == expected
    assert await house.artefacts.get(job.mask_keys[0]) == b"mask"


@pytest.mark.parametrize(
    ("beginning", "start"),
    [(RepeatMode.SAME, b"start"), (RepeatMode.RESULT, b"result"), (RepeatMode.ANEW, None)],
)
async def test_it_begins_where_it_should(house, beginning, start):
    job = await repaint(house, beginning=beginning)
    assert (await kept(house, job.job_id)).get("start") == start
    assert (job.start_key is None) == (start is None)


async def test_the_same_press_is_one_job(house):
    first = await repaint(house)
    again = await repaint(house)
    assert again.job_id == first.job_id
    prefixes = {info.key.split("/")[1] async for info in house.artefacts.list()}
    assert prefixes == {JOB, first.job_id}


async def test_a_limit_leaves_nothing_behind(house):
    jobs = [await repaint(house, f"interaction:{number}") for number in range(2)]
    with pytest.raises(LimitReached):
        await repaint(house, "interaction:2")
    prefixes = {info.key.split("/")[1] async for info in house.artefacts.list()}
    assert prefixes == {JOB, *(job.job_id for job in jobs)}


async def test_without_its_pictures_there_is_no_other_painting(house):
    await house.artefacts.delete_prefix(job_prefix(JOB))
    with pytest.raises(ArtefactMissingError):
        await repaint(house)
