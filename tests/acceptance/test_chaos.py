"""Exactly one picture per accepted job, with a few of the kills of `make chaos`."""

from __future__ import annotations

import pytest

from .chaos.run import run_chaos

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KILLS = 6
SEED = 44


async def test_every_accepted_job_gets_exactly_one_picture(tmp_path):
    print(f"CHAOS_SEED={SEED}")
    report = await run_chaos(kills=KILLS, seed=SEED, folder=tmp_path, report_line=print)
    print(report.table())
    assert report.is_clean, report.table()
    assert report.audit.accepted == report.audit.delivered > 0
