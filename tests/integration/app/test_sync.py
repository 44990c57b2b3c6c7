"""The command ``sync`` against a local Discord that works, refuses, fails, or is not there."""

from __future__ import annotations

import asyncio

import pytest

from bot.__main__ import main
from bot.playground.server import Playground


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """discord.py waits between its own attempts."""
    really_sleep = asyncio.sleep
    monkeypatch.setattr(asyncio, "sleep", lambda seconds: really_sleep(min(seconds, 0.01)))


async def sync(monkeypatch, capsys, tmp_path, url, token):
    """Run the command in a thread, with an event loop of its own."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DISCORD_TOKEN": token,
        "STYLEBOT_DISCORD_URL": url,
        "STYLEBOT_DATA_DIR": str(tmp_path / "data"),
        "STYLEBOT_LOG_LEVEL": "ERROR",
    }.items():
        monkeypatch.setenv(name, value)
    status = await asyncio.to_thread(main, ["sync"])
    written = capsys.readouterr()
    assert "Traceback" not in written.err
    return status, written.out + written.err


async def test_the_commands_are_published(monkeypatch, capsys, tmp_path):
    async with Playground(rate_limit_scale=0) as playground:
        arguments = (monkeypatch, capsys, tmp_path, playground.url, playground.bot_token)
        assert await sync(*arguments) == (0, "the slash commands are published\n")
        assert (tmp_path / "data/published-commands.sha256").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("path", [r"GET .*/users/@me$", r"PUT .*/commands$"])
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "Discord"),
        (403, "Discord denies access"),
        (429, "Discord limits the rate of requests; try again"),
        (500, "Discord fails (500"),
        (503, "Discord fails (503"),
    ],
)
async def test_a_failure_is_one_sentence(monkeypatch, capsys, tmp_path, status, says, path):
    async with Playground(rate_limit_scale=0) as playground:
        if status == 429:
            playground.faults.rate_limit(3600, path=path)
        else:
            playground.faults.fail(status, path=path)
        arguments = (monkeypatch, capsys, tmp_path, playground.url, playground.bot_token)
        ended, written = await sync(*arguments)
    assert ended == 1
    (line,) = written.splitlines()
    assert line.startswith("stylebot: ")
    assert says in line


async def test_a_wrong_token_and_no_discord_are_one_sentence(monkeypatch, capsys, tmp_path):
    async with Playground(rate_limit_scale=0) as playground:
        url = playground.url
        ended, written = await sync(monkeypatch, capsys, tmp_path, url, "not.the.token")
        assert ended == 1
        assert written.startswith("stylebot: Discord refused the token")
    ended, written = await sync(monkeypatch, capsys, tmp_path, url, "not.the.token")
    assert ended == 1
    assert written.startswith("stylebot: Discord cannot be reached (")
    assert "check the network and STYLEBOT_DISCORD_URL" in written
