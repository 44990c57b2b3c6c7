"""The bot waits for an unreachable Discord or database at start, with a line per attempt."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from bot.app import App, login
from bot.ops.retry import Backoff
from bot.playground.server import Playground

from .conftest import CONTENT, STYLE, WAIT_SECONDS, ChannelClient, running, settings_for


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch):
    monkeypatch.setattr(login, "LOGIN_BACKOFF", Backoff(first=0.05, longest=0.1))


def _check_one_line_each(caplog, *attempts):
    for attempt in attempts:
        assert f"{attempt} failed, next attempt in" in caplog.text, attempt
    assert [each for each in caplog.records if each.exc_info] == []


async def test_a_discord_that_answers_with_errors_is_waited_for(tmp_path, caplog):
    async with Playground(rate_limit_scale=0) as playground:
        faults = playground.faults
        at_login = faults.fail(503, path=r"GET .*/users/@me$", count=2)
        at_gateway = faults.fail(503, path=r"GET .*/gateway/bot$", count=2)
        async with running(settings_for(playground, tmp_path)) as app:
            assert app.ready.is_set()
        assert at_login.hits == at_gateway.hits == 2
    _check_one_line_each(caplog, "the login", "connecting to the gateway")


@pytest.mark.postgres
async def test_a_database_and_a_discord_that_start_later_are_waited_for(
    tmp_path, caplog, restartable_postgres, unused_tcp_port
):
    playground = Playground(rate_limit_scale=0, port=unused_tcp_port)
    url = restartable_postgres.url("postgres")
    settings = settings_for(
        playground,
        tmp_path,
        database_url=url,
        discord_url=f"http://127.0.0.1:{unused_tcp_port}",
    )
    await asyncio.to_thread(restartable_postgres.kill)
    async with _starting(App(settings)) as app:
        await _logged(caplog, "opening the database failed")
        await asyncio.to_thread(restartable_postgres.start)
        await _logged(caplog, "the login failed")
        async with playground:
            await asyncio.wait_for(app.ready.wait(), WAIT_SECONDS)
            channel = ChannelClient(playground)
            channel.ask("!stylize passes=1", CONTENT, STYLE)
            await channel.final()
            await app.stop()
    _check_one_line_each(caplog, "opening the database", "the login")


@asynccontextmanager
async def _starting(app):
    start = asyncio.create_task(app.start())
    try:
        yield app
        await start
    finally:
        start.cancel()
        await app.stop()


async def _logged(caplog, words):
    async with asyncio.timeout(WAIT_SECONDS):
        while words not in caplog.text:
            await asyncio.sleep(0.02)
