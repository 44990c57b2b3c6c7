"""Two bot processes at one database: each request is served once, also if one process dies."""

from __future__ import annotations

import asyncio
import re

import pytest

from .bot_process import bot_process
from .conftest import CONTENT, STYLE, job_id_of, settings_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_two_processes_share_the_work_and_one_takes_over(channel, tmp_path, new_postgres):
    shared = {
        "database_url": await new_postgres(),
        "artefacts_url": str(tmp_path / "artefacts"),
        "heartbeat_seconds": 0.5,
        "stalled_after_seconds": 3,
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

        # Both receive every message; one answers.
        channel.ask("!help")
        for number in range(4):
            responder = channel.me if number % 2 else channel.other
            channel.ask(f"!stylize passes={4 + number}", CONTENT, STYLE, author=responder)
        await channel.wait(lambda: len(channel.finals()) == 4)
        await asyncio.sleep(2)
        assert len(channel.finals()) == len(channel.cards()) == 4
        assert len(channel.answers()) == 4 + 4 + 1
        both = one.output + two.output
        for card in channel.cards():
            job_id = job_id_of(card)
            for what in (f"accepted job {job_id}", f"outcome of job {job_id} delivered"):
                assert both.count(what) == 1, what
        for bot in (one, two):
            assert re.search(r"job \w+ starts", bot.output), "it painted nothing"

        # Each paints one; then one of them is killed.
        for _ in range(2):
            channel.ask("!stylize passes=80", CONTENT, STYLE)
        await channel.wait(lambda: sum("Painting" in _shown(card) for card in channel.cards()) == 2)
        await one.kill()
        await channel.wait(lambda: len(channel.finals()) == 6)
        await two.wait_for_output("had no heartbeat")
        await asyncio.sleep(2)
        assert len(channel.finals()) == len(channel.cards()) == 6
        assert await two.terminate() == 0
        assert "Traceback" not in one.output + two.output


def _shown(message) -> str:
    return "".join(f"{each.get('title')}{each.get('description')}" for each in message.embeds)
