"""Pause, drain and resume, in the channel and on the command line."""

from __future__ import annotations

import asyncio
import sys

import pytest

from .bot_process import bot_process
from .conftest import CONTENT, STYLE, environment, said, settings_for

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_the_queue_mode_outlives_the_bot(room, tmp_path):
    favoured = room.playground.scene.members[2]
    guild = room.playground.scene.guild
    role = room.playground.state.add_role(guild, "Patrons", 0)
    guild.members[favoured.id].roles.append(role.id)
    settings = settings_for(room.playground, tmp_path, favoured_roles=str(role.id))
    await _run_command(settings, tmp_path, "pause", fails="there is no database")

    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!pause", author=room.playground.scene.members[1])
        await asyncio.sleep(1)
        assert not any("until `!resume`" in each.content for each in room.answers())
        room.ask("!pause", author=room.playground.state.application.owner)
        await room.answer("Paused. New requests wait until `!resume`")
        for author in (room.me, room.other, favoured):
            room.ask("!stylize passes=1", CONTENT, STYLE, author=author)
            asked = len(room.cards())
            await room.wait(lambda asked=asked: len(room.cards()) == asked + 1)
        await bot.kill()

    async with bot_process(settings, tmp_path / "two.log") as bot:
        await bot.says("the queue is paused, as set before this start")
        await bot.says("connected as")
        await bot.says("painting on")
        await asyncio.sleep(3)
        assert room.finals() == []
        # Nothing new is accepted, and what waits is finished: favoured roles first.
        draining = asyncio.create_task(_run_command(settings, tmp_path, "drain", "--wait"))
        assert "0 jobs are unfinished" in await draining
        await room.wait(lambda: len(room.finals()) == 3)
        assert _members_served(room)[0] == favoured.id
        room.ask("!stylize passes=1", CONTENT, STYLE)
        await room.answer("take nothing new right now")
        assert "the queue is open" in await _run_command(settings, tmp_path, "resume")
        async with asyncio.timeout(60):
            while len(room.cards()) == 3:
                room.ask("!stylize passes=1", CONTENT, STYLE)
                await asyncio.sleep(2)
        await room.wait(lambda: len(room.finals()) >= 4)
        assert await bot.terminate() == 0


def _members_served(room):
    """Return who got their pictures, in order."""
    ids = [each.id for each in room.playground.scene.members]
    finals = sorted(room.finals(), key=lambda each: int(each.id))
    return [next(one for one in ids if one in said(each)) for each in finals]


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
