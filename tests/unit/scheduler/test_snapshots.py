"""Snapshots kept for the time-lapse: a limited number, evenly spread."""

from __future__ import annotations

import itertools

import pytest

from bot.artefacts import open_artefacts
from bot.artefacts.keys import job_prefix, snapshot_step
from bot.scheduler.snapshots import TimelapseSnapshots

JOB = "0123456789ab"


@pytest.fixture
def artefacts(tmp_path):
    return open_artefacts(str(tmp_path))


async def _list_steps(artefacts):
    return sorted([snapshot_step(info.key) async for info in artefacts.list(job_prefix(JOB))])


async def _paint(snapshots, steps):
    for step in steps:
        await snapshots.add(step, b"webp")
        await snapshots.thin()


async def test_the_first_and_the_newest_are_kept_and_the_others_evenly_spread(artefacts):
    await _paint(TimelapseSnapshots(JOB, artefacts, claims=1, limit=6), range(41))
    kept = await _list_steps(artefacts)
    assert len(kept) == 6
    assert (kept[0], kept[-1]) == (0, 40)
    assert max(b - a for a, b in itertools.pairwise(kept)) <= 20


async def test_snapshots_of_an_earlier_attempt_count(artefacts):
    await _paint(TimelapseSnapshots(JOB, artefacts, claims=1, limit=4), range(8))
    await _paint(TimelapseSnapshots(JOB, artefacts, claims=2, limit=4), range(8, 12))
    kept = await _list_steps(artefacts)
    assert len(kept) == 4
    assert (kept[0], kept[-1]) == (0, 11)


async def test_a_limit_of_two_keeps_the_first_and_the_newest(artefacts):
    await _paint(TimelapseSnapshots(JOB, artefacts, claims=1, limit=2), range(5))
    assert await _list_steps(artefacts) == [0, 4]


async def test_a_restart_deletes_the_snapshots_of_an_earlier_attempt(artefacts):
    await _paint(TimelapseSnapshots(JOB, artefacts, claims=1, limit=4), range(3))
    await _paint(TimelapseSnapshots(JOB, artefacts, claims=2, limit=4, restart=True), [0, 7])
    assert await _list_steps(artefacts) == [0, 7]
