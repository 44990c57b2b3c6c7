"""``python -m bot.playground`` as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from bot.playground.__main__ import main
from bot.playground.server import Playground
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Overwrite

ROOT = Path(__file__).resolve().parents[3]


async def test_runs_until_terminated(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.playground",
        "--seed-members",
        "2",
        "--token",
        "a.b.c",
        "--ready-file",
        str(ready),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        announced = json.loads(line)
        assert json.loads(ready.read_text()) == announced
        assert [m["name"] for m in announced["members"]] == ["Ada", "Vincent"]
        assert announced["bot_token"] == "a.b.c"
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"{announced['url']}/api/v10/channels/{announced['channel_id']}",
                headers={"Authorization": f"Bot {announced['bot_token']}"},
            ) as response,
        ):
            assert (await response.json())["name"] == "stylize"
    finally:
        process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(process.wait(), 60)
    assert code == 0


def test_refuses_a_public_address(capsys) -> None:
    assert main(["--host", "0.0.0.0"]) == 1
    assert "loopback only" in capsys.readouterr().err


async def test_a_scene_is_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "scene.json"
    first = Playground()
    ada, general = first.scene.members[0], first.scene.general
    first.set_overwrite(general, Overwrite(id=ada.id, type=1, deny=Permission.SEND_MESSAGES))
    sent = first.post_message(
        first.scene.members[1], "hello", channel=first.scene.stylize, files=[("a.txt", b"text")]
    )
    first.react(ada, sent, "🌊")
    poll = {"question": {"text": "Which?"}, "answers": [{"poll_media": {"text": "This"}}]}
    voted = first.post_message(ada, channel=first.scene.stylize, poll=poll)
    first.vote(ada, voted, 1)
    first.threads.create(general, ada, "A thread")
    first.save_scene(path)
    second = Playground(scene_file=path)
    assert second.bot_token == first.bot_token
    assert second.scene == first.scene
    assert second.state.channels == first.state.channels
    assert second.state.guilds == first.state.guilds
    loaded = second.scene.stylize.messages[sent.id]
    assert loaded.author is second.scene.members[1]
    assert second.cdn.read(loaded.attachments[0]) == b"text"


def test_a_file_that_is_no_scene_is_refused(tmp_path: Path, capsys) -> None:
    path = tmp_path / "scene.json"
    for wrong in ("", "[]", '{"version": 9}', '{"version": 1}', '{"version": 1, "users": [1]}'):
        path.write_text(wrong)
        assert main(["--scene", str(path)]) == 1
        assert capsys.readouterr().err.startswith("playground: ")


def test_ids_and_times_repeat_with_a_fixed_clock() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first, second = (Playground(fixed_at=moment, token="a.b.c") for _ in range(2))
    for each in (first, second):
        each.post_message(each.scene.members[0], "hello", channel=each.scene.general)
        each.clock.advance(60)
        each.post_message(each.scene.members[0], "again", channel=each.scene.general)
    assert first.state.channels == second.state.channels
    assert first.clock.now() == moment + timedelta(seconds=60)


def test_documented_coverage_is_current(capsys) -> None:
    assert main(["--coverage"]) == 0
    page = (ROOT / "docs" / "playground.md").read_text(encoding="utf-8")
    assert page.endswith(capsys.readouterr().out), "run: python -m bot.playground --coverage"
