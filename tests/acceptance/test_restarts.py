"""The bot in a process of its own: killed, stopped and restarted."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from .bot_process import bot_process
from .conftest import CONTENT, STYLE, WAIT_SECONDS, custom_ids, settings_for, text_of

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture
def settings(playground, tmp_path):
    """A data folder of its own for each test."""
    return settings_for(playground, tmp_path)


async def test_killed_during_a_job_it_resumes_and_delivers_once(channel, settings, tmp_path):
    """Torch is in the worker's process and not in the bot's."""
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize passes=60", CONTENT, STYLE)
        await channel.card_saying("Painting", "left")
        assert not _has_torch(bot.process.pid)
        assert any(_has_torch(pid) for pid in _children(bot.process.pid))
        await bot.kill()
    assert channel.finals() == []

    async with bot_process(settings, tmp_path / "two.log") as bot:
        await channel.final()
        await channel.card_saying("100%")
        await asyncio.sleep(2)
        assert "starts, attempt 2" in bot.output
        assert "starts over" not in bot.output
        assert len(channel.finals()) == 1
        assert len(channel.cards()) == 1
        assert await bot.terminate() == 0


async def test_killed_at_a_smaller_scale_it_resumes_there(channel, settings, tmp_path):
    """A picture of 192 pixels is painted coarse to fine."""
    async with bot_process(settings, tmp_path / "one.log") as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize size=192 passes=12", CONTENT, STYLE)
        await channel.wait(lambda: any(re.search(r"step \d", text_of(c)) for c in channel.cards()))
        await bot.kill()
    async with bot_process(settings, tmp_path / "two.log") as bot:
        final = await channel.final()
        await channel.card_saying("100%")
        await asyncio.sleep(2)
        assert len(channel.finals()) == len(channel.cards()) == 1
        assert "starts over" not in bot.output
        assert final.attachments[0].width == 192
        assert await bot.terminate() == 0


async def test_a_lost_response_causes_no_second_post(channel, settings, tmp_path):
    """The final picture is posted, the response is lost, and the bot is killed."""
    playground = channel.playground
    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize passes=3", CONTENT, STYLE)
        await channel.card()
        hold = playground.faults.lose_response(path=r"POST .*/messages$", count=None)
        await channel.final()
        await bot.kill()
        playground.faults.clear()
        assert hold.hits
    async with bot_process(settings, tmp_path / "two.log", is_painting=False) as bot:
        await bot.wait_for_output("outcome of job")
        await asyncio.sleep(2)
        assert len(channel.finals()) == 1
        assert len(channel.cards()) == 1


async def test_an_orderly_stop_keeps_the_checkpoint(channel, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize passes=60", CONTENT, STYLE)
        await channel.card_saying("Painting", "left")
        assert await bot.terminate() == 0
        assert "Traceback" not in bot.output
        assert "is requeued for the next start" in bot.output
        assert "Paused" in text_of(channel.cards()[0])
        assert "left" not in text_of(channel.cards()[0])
        assert "slash commands" in bot.output
        channel.ask("!stylize passes=1", STYLE, CONTENT)  # while the bot is down
    async with bot_process(settings, tmp_path / "two.log", is_painting=False) as bot:
        await channel.card_saying("Painting")
        await channel.final()
        await channel.card_saying("100%")
        assert len(channel.cards()) == 1
        assert "slash commands" not in bot.output  # unchanged, so not published again


async def test_buttons_and_pickers_survive_a_restart(channel, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize passes=1", CONTENT)
        channel.ask("!stylize passes=1", CONTENT)
        await channel.wait(lambda: len(channel.pickers()) == 2)
        late, later = channel.pickers()
        await channel.wait(lambda: late.reactions and later.reactions)
        await bot.kill()
    channel.playground.react(channel.me, late, "🏺")  # while the bot is down
    async with bot_process(settings, tmp_path / "two.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        final = await channel.final()
        channel.playground.react(channel.me, later, "🏺")
        await channel.wait(lambda: len(channel.finals()) == 2)
        await bot.kill()
    async with bot_process(settings, tmp_path / "three.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        again = next(each for each in custom_ids(final) if each.endswith(":again"))
        channel.playground.press(channel.me, final, again)
        await channel.wait(lambda: len(channel.finals()) == 3)


async def test_pending_deletions_are_done_after_a_restart(channel, settings, tmp_path):
    """A member deletes everything, Discord fails to delete the messages, and the bot is killed."""
    playground = channel.playground
    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize passes=1", CONTENT, STYLE)
        final, card = await channel.final(), await channel.card()
        await bot.wait_for_output("outcome of job")
        await bot.wait_for_output("slash commands")
        playground.faults.fail(path=r"DELETE .*/messages/", status=503)
        playground.slash(channel.me, "privacy", channel=channel.record)
        await _press(channel, ":ask:")
        await _press(channel, ":erase:")
        await bot.wait_for_output("deleting message")
        await bot.kill()
    assert {card.id, final.id} <= channel.record.messages.keys()
    playground.faults.clear()
    async with bot_process(settings, tmp_path / "two.log", is_painting=False) as bot:
        await channel.wait(lambda: not {card.id, final.id} & channel.record.messages.keys())
        assert await bot.terminate() == 0


async def _press(channel, verb):
    """Press the button with this verb on an ephemeral message."""

    def look():
        for message in channel.answers():
            for custom_id in custom_ids(message):
                if verb in custom_id:
                    return message, custom_id
        return None

    message, custom_id = await channel.wait(look)
    await _use(channel, message, custom_id, [])


async def _use(channel, message, custom_id, chosen):
    """Press a button, or choose from a menu, and wait until it is acknowledged."""
    if chosen:
        used = channel.playground.select(channel.me, message, custom_id, chosen)
    else:
        used = channel.playground.press(channel.me, message, custom_id)
    await used.settled.wait()
    assert not used.failed


async def test_a_button_of_a_deleted_job_is_answered(channel, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        channel.ask("!stylize passes=1", CONTENT, STYLE)
        final = await channel.final()
        await bot.kill()
    for file in (settings.data_dir).glob("stylebot.sqlite3*"):
        file.unlink()
    async with bot_process(settings, tmp_path / "two.log", is_painting=False) as bot:
        await bot.wait_for_output("connected as")
        *others, delete = sorted(custom_ids(final), key=lambda each: each.endswith(":delete"))
        for custom_id in others:
            chosen = ["stronger"] if custom_id.endswith(":strength") else []
            await _use(channel, final, custom_id, chosen)
        await channel.wait(
            lambda: (
                len([a for a in channel.answers() if "no longer have the pictures" in a.content])
                == len(others)
            )
        )
        # Its requester can delete it nevertheless; the press is acknowledged first.
        await _use(channel, final, delete, [])
        await channel.wait(lambda: final.id not in channel.record.messages)


def _has_torch(pid: int) -> bool:
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for file in listed for child in file.read_text().split()]


@pytest.mark.parametrize(
    ("variables", "line", "status"),
    [
        ({"DISCORD_TOKEN": ""}, "there is no token", 1),
        ({"DISCORD_TOKEN": "not.the.token"}, "Discord refused the token", 1),
        ({"STYLEBOT_SIZE": "7"}, "STYLEBOT_SIZE", 2),
        ({"STYLEBOT_RECIPE": "fein"}, "STYLEBOT_RECIPE: `fein` is none of", 2),
        ({"STYLEBOT_DEVICES": "cuda:77"}, "STYLEBOT_DEVICES: the worker cannot paint", 1),
        ({"STYLEBOT_DISCORD_TOKEN_FILE": "/nowhere", "DISCORD_TOKEN": ""}, "/nowhere", 1),
    ],
)
async def test_a_start_that_cannot_work_ends_with_one_clear_line(
    settings, tmp_path, variables, line, status
):
    async with bot_process(settings, tmp_path / "one.log", **variables) as bot:
        assert await asyncio.wait_for(bot.process.wait(), WAIT_SECONDS) == status
    errors = [each for each in bot.output.splitlines() if each.startswith("stylebot: ")]
    assert len(errors) == 1
    assert line in errors[0]
    assert "Traceback" not in bot.output


async def test_a_second_bot_on_the_same_folder_refuses_to_start(channel, settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log", is_painting=False) as first:
        await first.wait_for_output("connected as")
        async with bot_process(settings, tmp_path / "two.log", is_painting=False) as second:
            assert await asyncio.wait_for(second.process.wait(), WAIT_SECONDS) == 1
        assert second.output.count("stylebot: ") == 1
        assert "Traceback" not in second.output
        assert first.process.returncode is None


async def test_an_intent_that_is_switched_off_is_named(channel, settings, tmp_path):
    application = channel.playground.state.application
    application.message_content = False
    try:
        async with bot_process(settings, tmp_path / "one.log", is_painting=False) as bot:
            assert await asyncio.wait_for(bot.process.wait(), WAIT_SECONDS) == 1
        assert "Message Content" in bot.output
        assert "Traceback" not in bot.output
    finally:
        application.message_content = True


async def test_check_does_not_connect(settings, tmp_path):
    async with bot_process(settings, tmp_path / "one.log", "check") as bot:
        assert await asyncio.wait_for(bot.process.wait(), WAIT_SECONDS) == 0
    for subject in ("token", "database", "pictures", "worker"):
        assert f"ok    {subject}:" in bot.output


async def test_sync_and_migrate_work_alone(channel, settings, tmp_path):
    for command, line in (("migrate", "up to date"), ("sync", "published")):
        async with bot_process(settings, tmp_path / f"{command}.log", command) as bot:
            assert await asyncio.wait_for(bot.process.wait(), WAIT_SECONDS) == 0
        assert line in bot.output
    assert channel.playground.state.application
