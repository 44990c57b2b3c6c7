"""Pause, drain and resume, in the channel and on the command line."""

from __future__ import annotations

import asyncio
import sys

import pytest

from .bot_process import bot_process
from .conftest import CONTENT, STYLE, environment, settings_for, text_of

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_the_queue_mode_survives_a_restart(channel, tmp_path):
    favoured = channel.playground.scene.members[2]
    guild = channel.playground.scene.guild
    role = channel.playground.state.add_role(guild, "Patrons", 0)
    guild.members[favoured.id].roles.append(role.id)
    settings = settings_for(channel.playground, tmp_path, favoured_roles=str(role.id))
    await _run_command(settings, tmp_path, "pause", fails="there is no database")

    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!pause", author=channel.playground.scene.members[1])
        await asyncio.sleep(1)
        assert not any("until `!resume`" in each.content for each in channel.answers())
        channel.ask("!pause", author=channel.playground.state.application.owner)
        await channel.answer("Paused. New requests wait until `!resume`")
        for author in (channel.me, channel.other, favoured):
            channel.ask("!stylize passes=1", CONTENT, STYLE, author=author)
            asked = len(channel.cards())
            await channel.wait(lambda asked=asked: len(channel.cards()) == asked + 1)
        await bot.kill()

    async with bot_process(settings, tmp_path / "two.log", is_painting=False) as bot:
        await bot.wait_for_output("the queue is paused, as set before this start")
        await bot.wait_for_output("connected as")
        await bot.wait_for_output("painting on")
        await asyncio.sleep(3)
        assert channel.finals() == []
        # Nothing new is accepted, and what waits is finished: favoured roles first.
        draining = asyncio.create_task(_run_command(settings, tmp_path, "drain", "--wait"))
        assert "0 jobs are unfinished" in await draining
        await channel.wait(lambda: len(channel.finals()) == 3)
        assert _members_served(channel)[0] == favoured.id
        channel.ask("!stylize passes=1", CONTENT, STYLE)
        await channel.answer("taking no new requests right now")
        assert "the queue is open" in await _run_command(settings, tmp_path, "resume")
        async with asyncio.timeout(60):
            while len(channel.cards()) == 3:
                channel.ask("!stylize passes=1", CONTENT, STYLE)
                await asyncio.sleep(2)
        await channel.wait(lambda: len(channel.finals()) >= 4)
        assert await bot.terminate() == 0


def _members_served(channel):
    """Return who got their pictures, in order."""
    ids = [each.id for each in channel.playground.scene.members]
    finals = sorted(channel.finals(), key=lambda each: int(each.id))
    return [next(one for one in ids if one in text_of(each)) for each in finals]


async def _run_command(settings, folder, *words: str, fails: str | None = None) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *words,
        env=environment(settings), cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await asyncio.wait_for(process.communicate(), 120))[0].decode()
    if fails is not None:
        assert process.returncode == 1
        assert fails in output
    else:
        assert process.returncode == 0, output
    return output
