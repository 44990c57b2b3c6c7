"""A PostgreSQL that is stopped and started again while two bots paint: nobody notices."""

from __future__ import annotations

import asyncio

import pytest

from .bot_process import bot_process
from .conftest import CONTENT, STYLE, said, settings_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.asyncio(loop_scope="module"),
]

ENDED = ("Traceback", "failed unexpectedly", "unexpected error")


async def test_two_restarts_in_mid_job_lose_and_double_nothing(
    room, tmp_path, restartable_postgres
):
    server = restartable_postgres
    shared = {
        "database_url": server.url("postgres"),
        "artefacts_url": str(tmp_path / "artefacts"),
        "heartbeat_seconds": 0.5,
        "stalled_after_seconds": 5,
        "paint_samples": True,
    }
    first = settings_for(room.playground, tmp_path / "first", **shared)
    second = settings_for(room.playground, tmp_path / "second", **shared)
    async with (
        bot_process(first, tmp_path / "first.log") as one,
        bot_process(second, tmp_path / "second.log") as two,
    ):
        for bot in (one, two):
            await bot.says("connected as")
            await bot.says("painting on")
        for asked, author in enumerate([room.me, room.other], start=1):
            jobs = 2 * asked
            room.ask("!stylize passes=40", CONTENT, STYLE)
            room.ask("!stylize passes=40", CONTENT, STYLE)
            await room.wait(lambda jobs=jobs: _painting(room) + len(room.finals()) == jobs)
            await asyncio.to_thread(server.kill)
            # Whoever asks meanwhile is told, by command and by press.
            told = len(_told(room))
            room.ask("!queue", author=author)
            await room.wait(lambda told=told: len(_told(room)) > told)
            await asyncio.to_thread(server.start)
            await room.wait(lambda jobs=jobs: len(room.finals()) == jobs)
        await asyncio.sleep(2)
        assert len(room.finals()) == len(room.cards()) == 4
        both = one.said + two.said
        assert both.count("starts, attempt 1") == 4
        assert "starts, attempt 2" not in both  # nothing is painted again
        # It goes on hearing changes, and stops in order even while the database is away.
        assert await one.terminate() == 0
        await asyncio.to_thread(server.kill)
        assert await two.terminate() == 0
        assert not [words for words in ENDED if words in one.said + two.said]


def _painting(room):
    return sum("Painting" in said(card) for card in room.cards())


def _told(room):
    return [each for each in room.answers() if "cannot reach my database" in said(each)]
