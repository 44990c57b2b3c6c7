"""Cards show the newest state, in edits that are spaced, and are replaced when deleted."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.artefacts.keys import snapshot_key
from bot.delivery import card_updater
from bot.delivery.card_updater import MAX_REPLACEMENTS, CardUpdater
from bot.errors import DiscordUnavailableError
from bot.jobs.models import Announcement
from bot.scheduler.forecast import JobEstimate
from bot.views.card import CardFacts, render_card

from .conftest import CHANNEL, picture, running, until


async def _no_estimate(_):
    return JobEstimate(place=None, seconds_left=None)


@asynccontextmanager
async def _updater(bench, *, interval=0.01, process_id=None, estimate=_no_estimate, **options):
    updater = CardUpdater(
        bench.messenger,
        bench.store,
        bench.pictures,
        estimate=estimate,
        interval=interval,
        process_id=process_id or bench.store.process_id,
        **options,
    )
    async with running(updater.run()):
        yield updater


@pytest.fixture
async def job(bench):
    """A running job with a card."""
    accepted = await bench.accept()
    (card,) = await bench.store.outbox.list_due()
    begun = await bench.store.outbox.start_send(card)
    message_id = bench.messenger.add(CHANNEL)
    await bench.store.outbox.mark_sent(begun, channel_id=CHANNEL, message_id=message_id)
    return await bench.start(accepted)


def _edits(bench):
    return bench.messenger.calls["edit"]


async def _shows(bench, job, text):
    """Wait until the job's card shows a text."""

    async def look():
        card_id = (await bench.store.get(job.job_id)).card_message_id
        message = bench.messenger.messages.get(card_id)
        return message if message is not None and text in message.text else None

    return await until(look)


async def _edit_begins(bench, count):
    async def look():
        return len(_edits(bench)) >= count

    await until(look)


async def test_after_a_slow_edit_only_the_newest_state_is_shown(bench, job):
    bench.messenger.gate.clear()
    async with _updater(bench):
        await _edit_begins(bench, 1)
        for step in range(1, 41):
            await bench.record_step(job, step)
        bench.messenger.gate.set()
        await _shows(bench, job, "step 40.")
    assert len(_edits(bench)) == 2


async def test_edits_are_spaced(bench, job):
    async with _updater(bench, interval=0.4):
        for step in range(1, 31):
            await bench.record_step(job, step)
            await asyncio.sleep(0.03)
        await _shows(bench, job, "step 30.")
    times = [edit["time"] for edit in _edits(bench)]
    assert len(times) >= 3
    assert all(later - earlier >= 0.39 for earlier, later in itertools.pairwise(times))


async def test_a_card_that_has_not_changed_is_not_edited(bench, job):
    async with _updater(bench):
        await _edit_begins(bench, 1)
        for _ in range(5):
            bench.store.feed.publish(job.job_id)
            await asyncio.sleep(0.05)
    assert len(_edits(bench)) == 1


async def test_pictures_are_uploaded_only_when_they_change(bench, job):
    async with _updater(bench):
        await _edit_begins(bench, 1)
        await bench.record_step(job, 1)
        await _shows(bench, job, "step 1.")
        key = snapshot_key(job.job_id, claims=1, step=2)
        await bench.artefacts.put(key, picture())
        await bench.store.claims.record_snapshot(job, key=key, step=2)
        await bench.record_step(job, 2)
        await _shows(bench, job, "step 2.")
        await bench.record_step(job, 3)
        await _shows(bench, job, "step 3.")
    uploads = [[file.filename for file in edit["files"] or ()] for edit in _edits(bench)]
    assert uploads[0] == ["taken.webp"]
    assert uploads[1] == []
    assert [names for names in uploads[2:] if names] == [["step-2.webp", "taken.webp"]]
    assert uploads[-1] == []


async def test_a_picture_that_was_missing_is_uploaded_with_the_next_edit(bench, job):
    key = snapshot_key(job.job_id, claims=1, step=2)
    await bench.store.claims.record_snapshot(job, key=key, step=2)
    await bench.record_step(job, 2)
    async with _updater(bench):
        await _shows(bench, job, "step 2.")
        await bench.artefacts.put(key, picture())
        await bench.record_step(job, 3)
        await _shows(bench, job, "step 3.")
    assert "step-2.webp" in [file.filename for file in _edits(bench)[-1]["files"] or ()]


async def test_a_change_while_the_job_is_read_is_not_missed(bench, job, monkeypatch):
    get, reads = bench.store.get, []

    async with _updater(bench, interval=0) as updater:
        await _edit_begins(bench, 1)

        async def read(job_id):
            found = await get(job_id)
            reads.append(job_id)
            if len(reads) > 1:
                return found
            updater._request_update(job_id)  # the card is recorded after it was read
            return replace(found, card_message_id=None)

        await updater.stop_updating(job.job_id)
        monkeypatch.setattr(bench.store, "get", read)
        updater._request_update(job.job_id)
        await _edit_begins(bench, 2)


async def test_a_card_that_shows_the_restart_is_edited_no_more(bench, job):
    async with _updater(bench) as updater:
        await _edit_begins(bench, 1)
        await updater.show_paused([job.job_id])
        edits = len(_edits(bench))
        assert "restart" in bench.messenger.messages[_edits(bench)[-1]["message_id"]].text
        await bench.record_step(job, 5)
        await asyncio.sleep(0.3)
    assert len(_edits(bench)) == edits


async def test_a_failed_edit_is_retried_after_the_time_that_discord_asks_for(
    bench, job, monkeypatch
):
    monkeypatch.setattr(card_updater, "FAILURE_PAUSE_SECONDS", 600)
    bench.messenger.errors["edit"] = [DiscordUnavailableError("429", retry_after=0.5)]
    async with _updater(bench):
        await bench.record_step(job, 7)
        await _shows(bench, job, "step 7.")
    first, second, *_ = (edit["time"] for edit in _edits(bench))
    assert second - first >= 0.49


async def test_a_deleted_card_is_posted_again(bench, job):
    async with _updater(bench):
        await _edit_begins(bench, 1)
        bench.messenger.messages.clear()
        await bench.record_step(job, 5)
        await _shows(bench, job, "step 5.")
        await bench.record_step(job, 6)
        await _shows(bench, job, "step 6.")
    (post,) = bench.messenger.calls["post"]
    assert post["reply_to"] == job.origin.message_id
    assert list(bench.messenger.messages) == [_edits(bench)[-1]["message_id"]]


async def test_a_replacement_posted_but_not_recorded_is_not_posted_again(bench, job):
    """An earlier process replaced the card and died before it recorded the new one."""
    deleted = (await bench.store.get(job.job_id)).card_message_id
    replacement = bench.messenger.add(CHANNEL, embed=render_card(job, CardFacts()).embed)
    del bench.messenger.messages[deleted]
    async with _updater(bench):
        await bench.record_step(job, 5)
        message = await _shows(bench, job, "step 5.")
    assert message.id == replacement
    assert bench.messenger.calls["post"] == []
    find = bench.messenger.calls["find"][0]
    assert (find["announcement"], find["after"]) == (Announcement.CARD, deleted)


async def test_a_card_deleted_again_and_again_is_given_up(bench, job, monkeypatch):
    monkeypatch.setattr(card_updater, "ACCESS_DENIED_PAUSE_SECONDS", 0.05)
    async with _updater(bench):
        for step in range(1, MAX_REPLACEMENTS + 4):
            bench.messenger.messages.clear()
            await bench.record_step(job, step)
            edits = len(_edits(bench))
            await _edit_begins(bench, edits + 1)
            await asyncio.sleep(0.1)
    assert len(bench.messenger.calls["post"]) == MAX_REPLACEMENTS


async def test_the_cards_of_another_process_are_left_to_it(bench, job):
    async with _updater(bench, process_id="another"):
        await bench.record_step(job, 5)
        await asyncio.sleep(0.3)
    assert _edits(bench) == []


async def test_stopping_waits_for_the_edit_in_flight_and_makes_no_other(bench, job):
    bench.messenger.gate.clear()
    async with _updater(bench) as updater:
        await _edit_begins(bench, 1)
        stopping = asyncio.create_task(updater.stop_updating(job.job_id))
        await asyncio.sleep(0.1)
        assert not stopping.done()
        bench.messenger.gate.set()
        await stopping
        assert bench.messenger.messages[_edits(bench)[0]["message_id"]].contents
        await asyncio.sleep(0.2)
    assert len(_edits(bench)) == 1


async def test_stopping_does_not_wait_long_for_an_edit_that_hangs(bench, job, monkeypatch):
    monkeypatch.setattr(card_updater, "LAST_EDIT_SECONDS", 0.1)
    bench.messenger.gate.clear()
    async with _updater(bench) as updater:
        await _edit_begins(bench, 1)
        async with asyncio.timeout(5):
            await updater.stop_updating(job.job_id)


async def test_the_bar_moves_while_a_step_takes_long(bench, job, monkeypatch):
    monkeypatch.setattr(card_updater, "RUNNING_REFRESH_SECONDS", 0.01)
    now = 0.0

    async def estimate(job):
        return JobEstimate(seconds_left=100.0, done=job.step / 10, done_next=(job.step + 1) / 10)

    await bench.record_step(job, 5)
    async with _updater(bench, estimate=estimate, clock=lambda: now):
        await _shows(bench, job, "**50%**")
        now = 10.0  # of 20 that the step should take
        await _shows(bench, job, "**55%**")
        now = 1000.0
        await _shows(bench, job, "**60%**")
        await bench.record_step(job, 6)
        await _shows(bench, job, "step 6,")


async def test_the_bar_never_goes_back_while_a_claim_lasts(bench, job, monkeypatch):
    done = {1: 0.5, 2: 0.4, 3: 0.6}

    async def estimate(job):
        return JobEstimate(seconds_left=None, done=done[job.step], done_next=1.0)

    await bench.record_step(job, 1)
    async with _updater(bench, estimate=estimate):
        await _shows(bench, job, "step 1.")
        await bench.record_step(job, 2)
        assert "**50%**" in (await _shows(bench, job, "step 2.")).text
        await bench.record_step(job, 3)
        assert "**60%**" in (await _shows(bench, job, "step 3.")).text
