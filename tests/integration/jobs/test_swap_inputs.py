"""Swapping a job's pictures, and saved requests, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import ClaimLostError, UnknownJobError
from bot.jobs.job_inputs import InputImage, InputSource, Interpretation, RoleAssignment
from bot.jobs.models import Announcement, JobState, SavedRequest, new_saved_request_id

from .conftest import order_of

HARBOUR = InputImage(name="harbour.png", place=InputSource.REPLIED_TO, size=(80, 60))
BRUSHES = InputImage(name="brushes.png", place=InputSource.ATTACHED, size=(64, 48))
WAVES = InputImage(name="waves.png", place=InputSource.ATTACHED)
MOSAIC = InputImage(name="Mosaic", place=InputSource.PRESET)


def _understood(*styles, order=RoleAssignment.GUESSED):
    return Interpretation(content=HARBOUR, styles=styles, order=order)


def _request(new_job, *styles, **more):
    understood = _understood(*styles, **more)
    return new_job(
        interpretation=understood,
        title=understood.title(),
        content_size=HARBOUR.size,
        style_keys=tuple(f"jobs/x/style-{number}" for number in range(len(styles))),
    )


async def test_the_interpretation_is_stored(store, new_job, many):
    new = _request(new_job, BRUSHES, MOSAIC)
    assert (await store.enqueue(new, limits=many)).interpretation == new.interpretation
    assert (await store.get(new.job_id)).interpretation == new.interpretation
    assert (await store.enqueue(new_job(), limits=many)).interpretation is None


async def test_a_swapped_job_keeps_its_place_in_the_queue(store, new_job, many):
    job = await store.enqueue(_request(new_job, BRUSHES), limits=many)
    await store.enqueue(new_job(), limits=many)
    swapped = await store.swap_inputs(job.job_id)
    assert (swapped.content_key, swapped.style_keys) == (job.style_keys[0], (job.content_key,))
    assert swapped.title == "brushes.png × harbour.png"
    assert swapped.content_size == (64, 48)
    assert swapped.interpretation.content == BRUSHES
    assert swapped.interpretation.order is RoleAssignment.FIRST
    assert (await order_of(store))[0] == job.job_id
    again = await store.swap_inputs(job.job_id)
    assert (again.content_key, again.style_keys) == (job.content_key, job.style_keys)
    assert again.title == job.title


async def test_each_of_several_pictures_can_be_the_content_and_presets_stay_styles(
    store, new_job, many
):
    job = await store.enqueue(_request(new_job, BRUSHES, WAVES, MOSAIC), limits=many)
    swapped = await store.swap_inputs(job.job_id)
    assert swapped.title == "brushes.png × waves.png + harbour.png + Mosaic"
    assert swapped.content_key == "jobs/x/style-0"
    assert swapped.style_keys == ("jobs/x/style-1", job.content_key, "jobs/x/style-2")


async def test_a_running_job_starts_over_and_its_claim_is_lost(store, new_job, many):
    job = await store.enqueue(_request(new_job, BRUSHES), limits=many)
    claimed = await store.claims.claim("here")
    await store.claims.record_progress(
        claimed, step=3, total=9, losses={"total": 1}, paint_seconds=2
    )
    await store.claims.record_snapshot(claimed, key="jobs/x/snapshot-3", step=3)
    await store.claims.record_checkpoint(claimed, key="jobs/x/checkpoint", step=3)

    swapped = await store.swap_inputs(job.job_id)
    assert swapped.state is JobState.QUEUED
    assert (swapped.step, swapped.snapshot_key, swapped.checkpoint_key) == (0, None, None)
    with pytest.raises(ClaimLostError):
        await store.claims.succeed(claimed, result_key="jobs/x/result", report={})
    restarted = await store.claims.claim("here")
    assert (restarted.job_id, restarted.content_key) == (job.job_id, "jobs/x/style-0")
    await store.claims.succeed(restarted, result_key="jobs/x/result", report={})
    announcements = [each.announcement for each in await store.outbox.list_for_job(job.job_id)]
    assert announcements == [Announcement.CARD, Announcement.OUTCOME]


@pytest.mark.parametrize("why", ["named", "preset only", "ended", "stopping"])
async def test_a_job_that_cannot_be_swapped_stays_as_it_is(store, new_job, many, why):
    styles = (MOSAIC,) if why == "preset only" else (BRUSHES,)
    order = RoleAssignment.NAMED if why == "named" else RoleAssignment.GUESSED
    job = await store.enqueue(_request(new_job, *styles, order=order), limits=many)
    if why == "stopping":
        await store.claims.claim("here")
    if why in {"ended", "stopping"}:
        await store.cancel(job.job_id)
    before = await store.get(job.job_id)
    assert await store.swap_inputs(job.job_id) == before
    assert await store.get(job.job_id) == before


async def test_an_unknown_job_cannot_be_swapped(store):
    with pytest.raises(UnknownJobError):
        await store.swap_inputs("0123456789ab")


async def test_a_saved_request_is_used_once_and_expires(store):
    offer = SavedRequest(
        request_id=new_saved_request_id(),
        requester_id=7,
        payload={"pictures": [{"url": "https://x/y.png"}], "words": "mosiac"},
        created_at=datetime.now(UTC) - timedelta(hours=1),
    )
    await store.saved_requests.save(offer)
    assert await store.saved_requests.get(offer.request_id) == offer
    assert await store.saved_requests.list_for_member(7) == [offer]
    assert await store.saved_requests.mark_used(offer.request_id)
    assert not await store.saved_requests.mark_used(offer.request_id)
    assert (await store.saved_requests.get(offer.request_id)).used_at is not None
    assert await store.saved_requests.delete_older_than(timedelta(hours=2)) == 0
    assert await store.saved_requests.delete_older_than(timedelta(minutes=1)) == 1
    assert await store.saved_requests.get(offer.request_id) is None
