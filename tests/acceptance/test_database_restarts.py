"""PostgreSQL is restarted while two bots paint; nothing is lost or repeated."""

from __future__ import annotations

import asyncio

import pytest

from .bot_process import bot_process
from .conftest import CONTENT, STYLE, settings_for, text_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.asyncio(loop_scope="module"),
]

ENDED = ("Traceback", "[reference")


async def test_two_restarts_during_a_job_lose_and_repeat_nothing(
    channel, tmp_path, restartable_postgres
):
    server = restartable_postgres
    shared = {
        "database_url": server.url("postgres"),
        "artefacts_url": str(tmp_path / "artefacts"),
        "heartbeat_seconds": 0.5,
        "stalled_after_seconds": 5,
        "paint_samples": True,
    }
    first = settings_for(channel.playground, tmp_path / "first", **shared)
    second = settings_for(channel.playground, tmp_path / "second", **shared)
    async with (
        bot_process(first, tmp_path / "first.log", is_painting=False) as one,
        bot_process(second, tmp_path / "second.log", is_painting=False) as two,
    ):
        for bot in (one, two):
            await bot.wait_for_output("connected as")
            await bot.wait_for_output("painting on")
        for asked, author in enumerate([channel.me, channel.other], start=1):
            jobs = 2 * asked
            channel.ask("!stylize passes=40", CONTENT, STYLE)
            channel.ask("!stylize passes=40", CONTENT, STYLE)
            await channel.wait(lambda jobs=jobs: _painting(channel) + len(channel.finals()) == jobs)
            await asyncio.to_thread(server.kill)
            # A command during the outage is answered.
            replies = len(_outage_replies(channel))
            channel.ask("!queue", author=author)
            await channel.wait(lambda replies=replies: len(_outage_replies(channel)) > replies)
            await asyncio.to_thread(server.start)
            await channel.wait(lambda jobs=jobs: len(channel.finals()) == jobs)
        await asyncio.sleep(2)
        assert len(channel.finals()) == len(channel.cards()) == 4
        both = one.output + two.output
        assert both.count("starts, attempt 1") == 4
        assert "starts, attempt 2" not in both  # nothing is painted again
        # It still receives changes, and stops cleanly even while the database is unreachable.
        assert await one.terminate() == 0
        await asyncio.to_thread(server.kill)
        assert await two.terminate() == 0
        assert not [words for words in ENDED if words in one.output + two.output]


def _painting(channel):
    return sum("Painting" in text_of(card) for card in channel.cards())


def _outage_replies(channel):
    return [each for each in channel.answers() if "cannot reach my database" in text_of(each)]
