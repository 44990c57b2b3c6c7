"""``python -m bot.playground`` as a process."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp

from bot.playground.__main__ import main

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


def test_documented_coverage_is_current(capsys) -> None:
    assert main(["--coverage"]) == 0
    page = (ROOT / "docs" / "playground.md").read_text(encoding="utf-8")
    assert page.endswith(capsys.readouterr().out), "run: python -m bot.playground --coverage"
