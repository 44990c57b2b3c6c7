"""The bot in a process of its own: killed, stopped and restarted."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

from .bot_process import bot_process
from .conftest import CONTENT, PATIENCE_SECONDS, STYLE, custom_ids, said, settings_for

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(playground, tmp_path):
    """A data folder of its own for each test."""
    return settings_for(playground, tmp_path)


async def test_killed_during_a_job_it_resumes_and_delivers_once(room, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=120", CONTENT, STYLE)
        await room.card_saying("Painting", "left")
        await bot.kill()
    assert room.finals() == []

    async with bot_process(settings, tmp_path / "two.log") as bot:
        await room.final()
        await room.card_saying("100%")
        await asyncio.sleep(2)
        assert "starts, attempt 2" in bot.said
        assert "starts over" not in bot.said
        assert len(room.finals()) == 1
        assert len(room.cards()) == 1
        assert await bot.terminate() == 0


async def test_killed_while_the_small_version_is_painted_it_goes_on_there(room, settings, tmp_path):
    """A picture of 512 pixels is painted coarse to fine."""
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize size=512 passes=4", CONTENT, STYLE)
        await room.wait(lambda: any(re.search(r"step \d of", said(c)) for c in room.cards()))
        await bot.kill()
    async with bot_process(settings, tmp_path / "two.log") as bot:
        final = await room.final()
        await room.card_saying("100%")
        await asyncio.sleep(2)
        assert len(room.finals()) == len(room.cards()) == 1
        assert "starts over" not in bot.said
        assert final.attachments[0].width == 512
        assert await bot.terminate() == 0


async def test_an_answer_lost_on_the_way_is_not_posted_twice(room, settings, tmp_path):
    """The final picture reaches the channel, the bot does not hear of it, and is killed."""
    playground = room.playground
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=3", CONTENT, STYLE)
        await room.card()
        hold = playground.faults.lose_response(path=r"POST .*/messages$", count=None)
        await room.final()
        await bot.kill()
        playground.faults.clear()
        assert hold.hits
    async with bot_process(settings, tmp_path / "two.log") as bot:
        await bot.says("outcome of job")
        await asyncio.sleep(2)
        assert len(room.finals()) == 1
        assert len(room.cards()) == 1


async def test_an_orderly_stop_keeps_the_checkpoint(room, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=150", CONTENT, STYLE)
        await room.card_saying("Painting", "left")
        assert await bot.terminate() == 0
        assert "Traceback" not in bot.said
        assert "is requeued for the next start" in bot.said
        assert "Paused" in said(room.cards()[0])
        assert "left" not in said(room.cards()[0])
        assert "slash commands" in bot.said
        room.ask("!stylize passes=1", STYLE, CONTENT)  # nobody hears it
    async with bot_process(settings, tmp_path / "two.log") as bot:
        await room.card_saying("Painting")
        await room.final()
        await room.card_saying("100%")
        assert len(room.cards()) == 1
        assert "slash commands" not in bot.said  # unchanged, so not published again


async def test_buttons_and_pickers_outlive_a_restart(room, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=1", CONTENT)
        room.ask("!stylize passes=1", CONTENT)
        await room.wait(lambda: len(room.pickers()) == 2)
        late, later = room.pickers()
        await room.wait(lambda: late.reactions and later.reactions)
        await bot.kill()
    room.playground.react(room.me, late, "🏺")  # nobody hears it
    async with bot_process(settings, tmp_path / "two.log") as bot:
        await bot.says("connected as")
        final = await room.final()
        room.playground.react(room.me, later, "🏺")
        await room.wait(lambda: len(room.finals()) == 2)
        await bot.kill()
    async with bot_process(settings, tmp_path / "three.log") as bot:
        await bot.says("connected as")
        again = next(each for each in custom_ids(final) if each.endswith(":again"))
        room.playground.press(room.me, final, again)
        await room.wait(lambda: len(room.finals()) == 3)


async def test_messages_that_were_to_be_forgotten_go_after_the_restart(room, settings, tmp_path):
    """A member has all forgotten, Discord deletes nothing just then, and the bot is killed."""
    playground = room.playground
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=1", CONTENT, STYLE)
        final, card = await room.final(), await room.card()
        await bot.says("outcome of job")
        await bot.says("slash commands")
        playground.faults.fail(path=r"DELETE .*/messages/", status=503)
        playground.slash(room.me, "privacy", channel=room.channel)
        await _press(room, ":ask:")
        await _press(room, ":erase:")
        await bot.says("deleting message")
        await bot.kill()
    assert {card.id, final.id} <= room.channel.messages.keys()
    playground.faults.clear()
    async with bot_process(settings, tmp_path / "two.log") as bot:
        await room.wait(lambda: not {card.id, final.id} & room.channel.messages.keys())
        assert await bot.terminate() == 0


async def _press(room, verb):
    """Press the button that does this, on whatever message only its presser sees."""

    def look():
        for message in room.answers():
            for custom_id in custom_ids(message):
                if verb in custom_id:
                    return message, custom_id
        return None

    message, custom_id = await room.wait(look)
    pressed = room.playground.press(room.me, message, custom_id)
    await pressed.settled.wait()
    assert not pressed.failed


async def test_a_button_of_a_job_long_gone_is_answered(room, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=1", CONTENT, STYLE)
        final = await room.final()
        await bot.kill()
    for file in (settings.data_dir).glob("stylebot.sqlite3*"):
        file.unlink()
    async with bot_process(settings, tmp_path / "two.log") as bot:
        await bot.says("connected as")
        for custom_id in custom_ids(final):
            pressed = room.playground.press(room.me, final, custom_id)
            await pressed.settled.wait()
            assert not pressed.failed
        await room.wait(
            lambda: (
                len([a for a in room.answers() if "no longer have the pictures" in a.content])
                == len(custom_ids(final)) - 1
            )
        )
        # Its requester can delete it all the same; the press is acknowledged before it goes.
        await room.wait(lambda: final.id not in room.channel.messages)


async def test_torch_never_enters_the_process_that_talks_to_discord(room, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.says("connected as")
        room.ask("!stylize passes=1", CONTENT, STYLE)
        await room.final()
        assert not _has_torch(bot.process.pid)
        assert any(_has_torch(pid) for pid in _children(bot.process.pid))


def _has_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in listed for child in file.read_text().split()]


async def test_health_tells_when_it_is_ready(room, settings, tmp_path, unused_tcp_port):
    port = str(unused_tcp_port)
    async with bot_process(settings, tmp_path / "one.log", STYLEBOT_HEALTH_PORT=port) as bot:
        await bot.says("painting on")
        await bot.says("connected as")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as response,
        ):
            assert response.status == 200
            assert set((await response.json())["checks"]) == {"discord", "database", "workers"}


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"DISCORD_TOKEN": ""}, "there is no token"),
        ({"DISCORD_TOKEN": "not.the.token"}, "Discord refused the token"),
        ({"STYLEBOT_SIZE": "7"}, "STYLEBOT_SIZE"),
        ({"STYLEBOT_DISCORD_TOKEN_FILE": "/nowhere", "DISCORD_TOKEN": ""}, "/nowhere"),
    ],
)
async def test_a_start_that_cannot_work_ends_with_one_clear_line(
    settings, tmp_path, variables, line
):
    async with bot_process(settings, tmp_path / "one.log", **variables) as bot:
        assert await asyncio.wait_for(bot.process.wait(), PATIENCE_SECONDS) in {1, 2}
    errors = [each for each in bot.said.splitlines() if each.startswith("stylebot: ")]
    assert len(errors) == 1
    assert line in errors[0]
    assert "Traceback" not in bot.said


async def test_a_second_bot_on_the_same_folder_refuses_to_start(room, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log") as first:
        await first.says("connected as")
        async with bot_process(settings, tmp_path / "two.log") as second:
            assert await asyncio.wait_for(second.process.wait(), PATIENCE_SECONDS) == 1
        assert second.said.count("stylebot: ") == 1
        assert "Traceback" not in second.said
        assert first.process.returncode is None


async def test_an_intent_that_is_switched_off_is_named(room, settings, tmp_path):
    application = room.playground.state.application
    application.message_content = False
    try:
        async with bot_process(settings, tmp_path / "one.log") as bot:
            assert await asyncio.wait_for(bot.process.wait(), PATIENCE_SECONDS) == 1
        assert "Message Content" in bot.said
        assert "Traceback" not in bot.said
    finally:
        application.message_content = True


async def test_check_looks_without_connecting(settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log", "check") as bot:
        assert await asyncio.wait_for(bot.process.wait(), PATIENCE_SECONDS) == 0
    for subject in ("token", "database", "disk", "worker"):
        assert f"ok    {subject}:" in bot.said


async def test_sync_and_migrate_do_their_one_thing(room, settings, tmp_path):
    for command, line in (("migrate", "up to date"), ("sync", "published")):
        async with bot_process(settings, tmp_path / f"{command}.log", command) as bot:
            assert await asyncio.wait_for(bot.process.wait(), PATIENCE_SECONDS) == 0
        assert line in bot.said
    assert room.playground.state.application
