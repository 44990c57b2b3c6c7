"""Snapshots kept for the time-lapse: never too many, and well spread."""

from __future__ import annotations

import itertools

import pytest

from bot.artefacts import open_artefacts
from bot.artefacts.keys import job_prefix
from bot.scheduler.snapshots import Frames

JOB = "0123456789ab"


@pytest.fixture
def artefacts(tmp_path):
    return open_artefacts(str(tmp_path))


async def _kept(artefacts):
    prefix = job_prefix(JOB) + "snapshot-"
    return sorted(
        [int(info.key.removeprefix(prefix)) async for info in artefacts.list(job_prefix(JOB))]
    )


async def _paint(frames, steps):
    for step in steps:
        await frames.add(step, b"webp")
        await frames.thin()


async def test_the_first_and_the_newest_stay_and_the_rest_is_spread(artefacts):
    await _paint(Frames(JOB, artefacts, most=6), range(41))
    kept = await _kept(artefacts)
    assert len(kept) == 6
    assert (kept[0], kept[-1]) == (0, 40)
    assert max(b - a for a, b in itertools.pairwise(kept)) <= 20


async def test_what_an_earlier_attempt_kept_counts(artefacts):
    await _paint(Frames(JOB, artefacts, most=4), range(8))
    await _paint(Frames(JOB, artefacts, most=4), range(8, 12))
    kept = await _kept(artefacts)
    assert len(kept) == 4
    assert (kept[0], kept[-1]) == (0, 11)


async def test_two_are_enough(artefacts):
    await _paint(Frames(JOB, artefacts, most=2), range(5))
    assert await _kept(artefacts) == [0, 4]
