"""When snapshots are taken: after a visible change, and in time on a slow machine."""

from __future__ import annotations

import math

import pytest
import torch

from stylenet.engine.snapshot_schedule import SnapshotSchedule

CALM = torch.full((1, 3, 8, 8), 100.0)


class FakeClock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


def _taken(schedule, clock, *, steps, step_seconds, picture=CALM):
    taken = []
    for step in range(1, steps + 1):
        clock.now += step_seconds
        if schedule.is_due(step, picture):
            taken.append(clock.now)
    return taken


@pytest.mark.parametrize("step_seconds", [0.1, 1.3, 3.9])
def test_a_picture_that_hardly_changes_is_shown_again_in_time(clock, step_seconds):
    schedule = SnapshotSchedule(every=None, seconds=4, clock=clock)
    schedule.begin_scale(CALM, step=0)
    taken = _taken(schedule, clock, steps=200, step_seconds=step_seconds)
    gaps = [later - earlier for earlier, later in zip([0.0, *taken], taken, strict=False)]
    assert max(gaps) < 4 + step_seconds + 1e-6
    assert clock.now - taken[-1] < 4 + step_seconds


@pytest.mark.parametrize("every", [None, 25])
def test_every_step_is_shown_where_steps_are_slow(clock, every):
    schedule = SnapshotSchedule(every=every, seconds=4, clock=clock)
    schedule.begin_scale(CALM, step=0)
    assert len(_taken(schedule, clock, steps=6, step_seconds=9.0)) == 6


def test_without_a_time_only_visible_changes_count(clock):
    schedule = SnapshotSchedule(every=None, seconds=math.inf, clock=clock)
    schedule.begin_scale(CALM, step=0)
    clock.now = 1e6
    assert not schedule.is_due(1, CALM + 6)
    assert schedule.is_due(2, CALM + 8)
    assert not schedule.is_due(3, CALM + 8)
    assert schedule.is_due(4, CALM)


def test_a_new_scale_is_compared_with_its_own_start(clock):
    schedule = SnapshotSchedule(every=None, seconds=4, clock=clock)
    schedule.begin_scale(CALM, step=0)
    clock.now = 3.0
    schedule.begin_scale(torch.zeros(1, 3, 16, 16), step=0)
    assert not schedule.is_due(5, torch.zeros(1, 3, 16, 16))
    clock.now = 4.0
    assert schedule.is_due(6, torch.zeros(1, 3, 16, 16)), "the time goes on across scales"


def test_an_interval_counts_steps_that_are_skipped(clock):
    schedule = SnapshotSchedule(every=5, seconds=math.inf, clock=clock)
    schedule.begin_scale(CALM, step=3)
    assert [step for step in (4, 6, 7, 9, 11, 14, 15) if schedule.is_due(step, CALM)] == [6, 11, 15]
