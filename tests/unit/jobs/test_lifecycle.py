"""Any sequence of operations on a job follows the table of legal transitions."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import ClaimLostError
from bot.jobs.change_feed import JobFeed
from bot.jobs.models import (
    TRANSITIONS,
    Announcement,
    JobLimits,
    JobState,
    NewJob,
    Origin,
    new_job_id,
)
from bot.jobs.store import JobStore
from stylenet.recipe import Recipe

MOVES = [
    *("enqueue", "claim", "progress", "checkpoint", "succeed", "fail", "stopped"),
    *("requeue", "hand_back", "cancel", "recover"),
]


@pytest.fixture(scope="module")
def empty():
    """A migrated SQLite file to copy, since migrating one for every example would take minutes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite3"

        async def migrate() -> None:
            async with JobStore(f"sqlite:///{path}", feed=JobFeed()):
                pass

        asyncio.run(migrate())
        yield path


@settings(max_examples=60, deadline=None)
@given(moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(0, 3)), max_size=30))
def test_jobs_follow_the_transition_table(empty, moves):
    asyncio.run(_play(empty, moves))


async def _play(empty: Path, moves: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stylebot.sqlite3"
        shutil.copy(empty, path)
        async with JobStore(f"sqlite:///{path}", feed=JobFeed()) as store:
            claims: list = []  # every claim ever made, the lost ones included
            ids: list[str] = []
            states: dict[str, JobState] = {}
            for move, which in moves:
                with contextlib.suppress(ClaimLostError):
                    await _make(store, move, which, claims, ids)
                for job_id in ids:
                    await _check(store, job_id, states)


async def _make(store: JobStore, move: str, which: int, claims: list, ids: list[str]) -> None:
    if move == "enqueue":
        job = await store.enqueue(
            _new_job(member=which), limits=JobLimits(per_member=99, per_guild=99, total=99)
        )
        ids.append(job.job_id)
    elif move == "claim":
        job = await store.claims.claim("process")
        if job is not None:
            claims.append(job)
    elif move == "recover":
        await store.claims.requeue_stalled(older_than=None, max_attempts=1)
    elif move == "cancel":
        if ids:
            await store.cancel(ids[which % len(ids)])
    elif claims:
        job, store_claims = claims[which % len(claims)], store.claims
        await {
            "progress": lambda: store_claims.record_progress(
                job, step=which, total=9, losses={}, paint_seconds=1
            ),
            "checkpoint": lambda: store_claims.record_checkpoint(job, key="k", step=which),
            "succeed": lambda: store_claims.succeed(job, result_key="k", report={}),
            "fail": lambda: store_claims.fail(job, code="internal", message=""),
            "stopped": lambda: store_claims.mark_cancelled(job),
            "requeue": lambda: store_claims.requeue(job, counted=True),
            "hand_back": lambda: store_claims.requeue(job, counted=False),
        }[move]()


async def _check(store: JobStore, job_id: str, states: dict[str, JobState]) -> None:
    job = await store.get(job_id)
    before = states.get(job_id, JobState.QUEUED)
    assert job.state is before or (before, job.state) in TRANSITIONS
    states[job_id] = job.state

    announcements = [row.announcement for row in await store.outbox.list_for_job(job_id)]
    assert announcements == [Announcement.CARD] + [Announcement.OUTCOME] * job.state.is_final
    assert (job.finished_at is not None) == job.state.is_final
    assert (job.claimed_by is not None) == (job.state is JobState.RUNNING)
    assert 0 <= job.attempts <= job.claims


def _new_job(*, member: int) -> NewJob:
    return NewJob(
        job_id=new_job_id(),
        origin=Origin(guild_id=1, channel_id=2, message_id=None, requester_id=member),
        content_key="c",
        style_keys=("s",),
        recipe=Recipe(),
    )


def test_final_states_are_final():
    for state in JobState:
        leaves = any(before is state for before, _ in TRANSITIONS)
        assert leaves is not state.is_final
