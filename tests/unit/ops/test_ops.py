"""Log formats and redaction, health checks and metrics, the folder lock."""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp
import pytest

from bot.errors import ConfigurationError, StyleBotError
from bot.ops import health, metrics
from bot.ops import logging as logging_module
from bot.ops.health import HealthServer
from bot.ops.lock import FolderLock
from bot.ops.logging import REPLACEMENT, configure_logging, redact
from bot.settings import Settings

TOKEN = "MTIz.a-very-secret.token"


@pytest.fixture
def configured():
    """Configure logging; forget the secrets to redact after the test."""
    yield configure_logging
    logging_module._secrets.clear()


@pytest.mark.parametrize("shape", ["text", "json"])
def test_the_token_is_never_logged(configured, capsys, shape):
    configured(Settings(_env_file=None, discord_token=TOKEN, log_format=shape))
    redact("another secret")
    log = logging.getLogger("test")
    log.warning("the token is %s", TOKEN)
    log.warning("and %s", {"nested": [TOKEN, "another secret"]})
    try:
        int(TOKEN)
    except ValueError:
        log.exception("failed")

    written = capsys.readouterr().err
    assert TOKEN not in written
    assert "another secret" not in written
    assert written.count(REPLACEMENT) == 4
    assert "Traceback" in written


def test_json_records_are_one_line_each(configured, capsys):
    configured(Settings(_env_file=None, log_format="json"))
    logging.getLogger("bot.test").warning("two\nlines")

    (line,) = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    assert (fields["level"], fields["logger"], fields["message"]) == (
        "WARNING",
        "bot.test",
        "two\nlines",
    )
    assert fields["time"].endswith("+00:00")


def test_no_words_of_a_member_look_like_a_line_of_the_log(configured, capsys):
    configured(Settings(_env_file=None))
    name = "a\n2026-01-01 00:00:00.000Z CRITICAL bot: x\r\x1b[2J\x85\u2028\u202egnp.png"
    logging.getLogger("bot.test").warning("accepted %s", name)
    first, *others = capsys.readouterr().err.split("\n")
    assert first.endswith("accepted a")
    assert all(line.startswith("    ") for line in others[:-1])
    assert not set("\r\x1b\x85\u2028\u202e") & set("".join(others))


def test_text_records_respect_the_level(configured, capsys):
    configured(Settings(_env_file=None, log_level="WARNING"))
    logging.getLogger("bot.test").info("below the level")
    logging.getLogger("bot.test").warning("hello")
    logging.getLogger("discord.http").info("a library's detail")

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("Z WARNING  bot.test: hello")
    configured(Settings(_env_file=None, log_level="ERROR"))
    logging.getLogger("discord.http").warning("rate limited")
    assert capsys.readouterr().err == ""


async def _get(server: HealthServer, path: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{server.port}{path}", headers=headers) as response,
    ):
        return response.status, await response.text()


async def test_health_readiness_and_metrics():
    broken = asyncio.Event()

    async def check() -> None:
        if broken.is_set():
            raise RuntimeError("a secret cause")

    async def refresh() -> None:
        metrics.JOBS.labels("queued").set(7)

    server = HealthServer("127.0.0.1", 0, {"database": check}, refresh=refresh)
    await server.start()
    try:
        assert (await _get(server, "/healthz"))[0] == 200
        assert (await _get(server, "/readyz"))[0] == 200
        status, body = await _get(server, "/metrics")
        assert status == 200
        assert 'stylebot_jobs{state="queued"} 7.0' in body
        assert 'stylebot_ready{check="database"} 1.0' in body

        broken.set()
        assert (await _get(server, "/healthz"))[0] == 200
        status, body = await _get(server, "/readyz")
        assert status == 503
        assert json.loads(body)["checks"] == {"database": "RuntimeError"}
        assert "secret" not in body
        assert 'stylebot_ready{check="database"} 0.0' in (await _get(server, "/metrics"))[1]
        assert (await _get(server, "/nothing"))[0] == 404

        taken = HealthServer("127.0.0.1", server.port, {})
        with pytest.raises(ConfigurationError, match="STYLEBOT_HEALTH_PORT"):
            await taken.start()
    finally:
        await server.close()
    await server.close()  # closing twice is allowed


async def test_readiness_says_why_not_and_the_log_when_that_changes(monkeypatch, caplog):
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.01)
    caplog.set_level(logging.INFO)
    reasons = {"discord": StyleBotError("not logged in yet: 503"), "workers": None}

    async def check_discord():
        if reasons["discord"]:
            raise reasons["discord"]

    async def check_workers():
        await asyncio.Event().wait()

    server = HealthServer("127.0.0.1", 0, {"discord": check_discord, "workers": check_workers})
    await server.start()
    try:
        for _ in range(2):
            status, body = await _get(server, "/readyz")
            assert status == 503
            assert json.loads(body)["checks"] == {
                "discord": "not logged in yet: 503",
                "workers": "no answer within 0.01 s",
            }
        reasons["discord"] = None
        await _get(server, "/readyz")
    finally:
        await server.close()
    said = [each.getMessage() for each in caplog.records if each.name == "bot.ops.health"]
    assert said[1:] == [
        "check discord: StyleBotError: not logged in yet: 503",
        "check workers: no answer within 0.01 s",
        "check discord: passes again",
    ]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8080", 200),
        ("LOCALHOST:9", 200),
        ("[::1]:8080", 200),
        ("stylebot:8080", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("127.0.0.1.evil.example", 421),
        ("10.0.0.1", 421),
    ],
)
async def test_only_hosts_that_are_meant_are_answered(host, status):
    server = HealthServer("127.0.0.1", 0, {}, allowed_hosts={"stylebot"})
    await server.start()
    try:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await _get(server, path, Host=host))[0] == status
    finally:
        await server.close()


def test_a_folder_lock_has_one_holder(tmp_path):
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    first.acquire()
    with pytest.raises(ConfigurationError, match="already uses"):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()
