"""A repeated job has its own copies of the inputs."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.artefacts import open_artefacts
from bot.artefacts.keys import (
    content_key,
    job_prefix,
    mask_key,
    preview_key,
    result_key,
    snapshot_key,
    start_key,
    style_key,
)
from bot.errors import ArtefactMissingError, LimitReached
from bot.exts.privacy.export import DataExport
from bot.intake.acceptance import JobAcceptance
from bot.intake.repeats import JobRepeater, RepeatMode
from bot.jobs.change_feed import JobFeed
from bot.jobs.job_inputs import InputImage, InputSource, Interpretation
from bot.jobs.models import JobLimits, NewJob, Origin
from bot.jobs.store import JobStore
from bot.settings import Settings
from bot.views.privacy import HeldData
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
async def env(tmp_path):
    """A finished job and a `JobRepeater`."""
    settings = Settings(data_dir=tmp_path, min_free_disk_bytes=0, max_jobs_per_member=2)
    artefacts = open_artefacts(str(tmp_path / "artefacts"))
    async with JobStore(f"sqlite+aiosqlite:///{tmp_path / 'jobs'}", feed=JobFeed()) as store:
        others = {
            result_key(JOB, claims=1): b"result",
            snapshot_key(JOB, claims=1, step=3): b"snapshot",
        }
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
            interpretation=Interpretation(
                content=InputImage(name="a.png", place=InputSource.ATTACHED),
                styles=(InputImage(name="Mosaic", place=InputSource.PRESET),),
                mask=InputImage(name="m.png", place=InputSource.ATTACHED),
            ),
        )
        await store.enqueue(new, limits=JobLimits.of(settings))
        claimed = await store.claims.claim("here")
        parent = await store.claims.succeed(
            claimed, result_key=result_key(JOB, claims=1), report={}
        )
        acceptance = JobAcceptance(settings, store=store, artefacts=artefacts)
        yield SimpleNamespace(
            repeats=JobRepeater(acceptance, artefacts),
            parent=parent,
            artefacts=artefacts,
            store=store,
        )


async def repaint(env, key="interaction:1", start_from=RepeatMode.SAME, **changes):
    return await env.repeats.repaint(
        env.parent, origin=OTHER, changes=changes, start_from=start_from, request_key=key
    )


async def kept(env, job_id):
    prefix = job_prefix(job_id)
    return {
        info.key.removeprefix(prefix): await env.artefacts.get(info.key)
        async for info in env.artefacts.list(prefix)
    }


async def test_inputs_are_copied_and_nothing_else(env):
    job = await repaint(env, seed=7)
    assert job.origin == OTHER
    assert (job.recipe.seed, job.recipe.size) == (7, 128)
    assert (job.preset, job.title, job.spoiler) == ("mosaic", "a.png × Mosaic", True)
    assert job.content_size == (640, 480)
    await env.artefacts.delete_prefix(job_prefix(JOB))
    expected = {key.removeprefix(job_prefix(JOB)): data for key, data in INPUTS.items()}
    assert await kept(env, job.job_id) == expected
    assert await env.artefacts.get(job.mask_keys[0]) == b"mask"


@pytest.mark.parametrize(("origin", "is_borrowed"), [(ORIGIN, False), (OTHER, True)])
async def test_what_is_exported_leaves_out_the_pictures_of_another_member(
    env, tmp_path, origin, is_borrowed
):
    job = await env.repeats.repaint(
        env.parent, origin=origin, changes={}, start_from=RepeatMode.SAME, request_key="press"
    )
    held = HeldData(jobs=(job,), pickers=(), offers=(), presets=())
    export = DataExport(env.artefacts, folder=tmp_path, limit=1 << 20, most=1)
    async for data in export.zips(held):
        with zipfile.ZipFile(data) as archive:
            names = {Path(name).stem for name in archive.namelist()}
    inputs = set() if is_borrowed else {"content", "style-0", "mask-0"}
    assert names == {"data", "start"} | inputs


@pytest.mark.parametrize(
    ("start_from", "start"),
    [(RepeatMode.SAME, b"start"), (RepeatMode.RESULT, b"result"), (RepeatMode.RECIPE, None)],
)
async def test_start_picture_follows_the_mode(env, start_from, start):
    job = await repaint(env, start_from=start_from)
    assert (await kept(env, job.job_id)).get("start") == start
    assert (job.start_key is None) == (start is None)


async def test_same_request_key_returns_the_same_job(env):
    first = await repaint(env)
    again = await repaint(env)
    assert again.job_id == first.job_id
    prefixes = {info.key.split("/")[1] async for info in env.artefacts.list()}
    assert prefixes == {JOB, first.job_id}


async def test_rejected_job_leaves_no_artefacts(env):
    jobs = [await repaint(env, f"interaction:{number}") for number in range(2)]
    with pytest.raises(LimitReached):
        await repaint(env, "interaction:2")
    prefixes = {info.key.split("/")[1] async for info in env.artefacts.list()}
    assert prefixes == {JOB, *(job.job_id for job in jobs)}


async def test_deleted_inputs_are_reported(env):
    await env.artefacts.delete_prefix(job_prefix(JOB))
    with pytest.raises(ArtefactMissingError):
        await repaint(env)
