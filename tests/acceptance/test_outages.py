"""Outages of what the bot depends on: the database, the disk, the clock."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from bot.playground.server import Playground

from .conftest import CONTENT, STYLE, WAIT_SECONDS, ChannelClient, running, settings_for, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = 3600.0


@pytest.fixture(scope="module")
def settings(playground, tmp_path_factory):
    """A bot that requires free disk space."""
    return settings_for(playground, tmp_path_factory.mktemp("bot"), min_free_disk_bytes=1024)


@pytest.mark.usefixtures("app")
async def test_a_database_locked_for_a_moment_is_waited_for(channel, painting_gate, settings):
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        lock = await _lock_database(settings)
    with lock:
        await asyncio.sleep(4)
    await channel.final()
    await channel.card_saying("100%")
    assert len(channel.finals()) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("app")
async def test_a_database_locked_for_half_a_minute_loses_nothing_accepted(
    channel, painting_gate, settings
):
    with painting_gate.hold():
        channel.ask("!stylize passes=5", CONTENT, STYLE)
        await channel.card_saying("Painting")
        lock = await _lock_database(settings)
    with lock:
        channel.ask("!stylize passes=1", STYLE, CONTENT, author=channel.other)
        await asyncio.sleep(30)
        assert channel.finals() == []
    await _check_all_served(channel)


async def _check_all_served(channel):
    """Check that both members get a picture; one asks again if their request was refused."""
    await channel.final()
    await channel.card_saying("100%")
    # The request during the outage was refused, or accepted once the database was back.
    await channel.wait(
        lambda: len(channel.finals()) == 2 or _was_answered(channel, "Nothing is lost")
    )
    if len(channel.finals()) == 1:
        channel.ask("!stylize passes=1", STYLE, CONTENT, author=channel.other)
    await channel.wait(lambda: len(channel.finals()) == 2)
    await asyncio.sleep(1)
    assert len(channel.finals()) == len(channel.cards()) == 2


@pytest.mark.usefixtures("app")
async def test_a_disk_that_is_nearly_full_refuses_before_accepting(channel, monkeypatch):
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1023))
        channel.ask("!stylize passes=1", CONTENT, STYLE)
        await channel.answer("disk is", "full")
        assert channel.cards() == []
    channel.ask("!stylize passes=1", CONTENT, STYLE)
    await channel.final()


@pytest.mark.usefixtures("app")
async def test_a_disk_that_fills_during_a_job_delays_the_picture(
    channel, painting_gate, monkeypatch, caplog
):
    def no_room(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        with painting_gate.hold():
            channel.ask("!stylize passes=5", CONTENT, STYLE)
            await channel.card_saying("Painting")
            full.setattr(os, "fsync", no_room)
        async with asyncio.timeout(WAIT_SECONDS):
            while "recording the end of job" not in caplog.text:
                await asyncio.sleep(0.1)
        channel.ask("!stylize passes=1", STYLE, CONTENT, author=channel.other)
        await channel.answer("disk is", "full")
        assert channel.finals() == []
    final = await channel.final()
    assert channel.picture(final.attachments[0]).size == (64, 51)
    assert len(channel.finals()) == len(channel.cards()) == 1


# From here on each test has a Discord of its own: the client's address is one for the process, so
# the module's own bot is not used any more.


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_server_that_is_gone_for_half_a_minute_loses_nothing_accepted(
    tmp_path, painting_gate, new_postgres
):
    url = await new_postgres()
    async with (
        Playground(rate_limit_scale=0) as playground,
        running(settings_for(playground, tmp_path, database_url=url)),
    ):
        channel = ChannelClient(playground)
        with painting_gate.hold():
            channel.ask("!stylize passes=5", CONTENT, STYLE)
            await channel.card_saying("Painting")
            server = await _cut_off(url)
        with server:
            channel.ask("!stylize passes=1", STYLE, CONTENT, author=channel.other)
            await asyncio.sleep(30)
            assert channel.finals() == []
        await _check_all_served(channel)


@pytest.mark.slow
@pytest.mark.parametrize("apart", [-HOUR, HOUR])
async def test_wrong_clocks_cause_no_second_post(tmp_path, painting_gate, apart):
    """Discord's clock and ours are an hour apart, a response is lost, and the nonce has expired."""
    playground = Playground(rate_limit_scale=0)
    playground.clock.advance(apart)
    playground.state.ids._last = 0
    async with playground, running(settings_for(playground, tmp_path)):
        channel = ChannelClient(playground)
        with painting_gate.hold():
            channel.ask("!stylize passes=5", CONTENT, STYLE)
            await channel.card_saying("Painting")
            lost = playground.faults.lose_response(path=r"POST .*/messages$", count=1)
        await channel.final()
        assert lost.hits == 1
        playground.messages._nonces.clear()
        await asyncio.sleep(5)
        assert len(channel.finals()) == len(channel.cards()) == 1


def _was_answered(channel, words):
    return any(words in text_of(each) for each in channel.answers())


async def _cut_off(url):
    """Cut all clients off from a database server until the returned context exits."""
    folder = Path(url.split("host=")[1])
    socket = folder / ".s.PGSQL.5432"
    connection = await asyncpg.connect(user="postgres", host=str(folder), database="postgres")
    moved = socket.rename(socket.with_name("moved"))
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
        make_url(url).database,
    )
    await connection.close()
    back = ExitStack()
    back.callback(moved.rename, socket)
    return back


async def _lock_database(settings):
    """Lock the bot's database for writing until the returned context exits."""

    def lock():
        database = sqlite3.connect(
            settings.data_dir / "stylebot.sqlite3",
            isolation_level=None,
            timeout=WAIT_SECONDS,
            check_same_thread=False,
        )
        database.execute("BEGIN IMMEDIATE")
        return database

    # In a thread: the bot may be writing, and could not finish on a blocked loop.
    return closing(await asyncio.to_thread(lock))
