"""The messenger's search of a channel, by a real client against a local Discord."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import discord
import pytest

from bot import client
from bot.delivery import messenger as messenger_module
from bot.delivery.messenger import Messenger
from bot.jobs.models import Announcement
from bot.ops.reply_pacer import ReplyPacer
from bot.playground.server import Playground
from bot.views.components.items import RoutedView, job_button
from bot.views.components.routes import JobAction

JOB, CHATTER = "0123456789ab", 250


@pytest.fixture
async def playground():
    async with Playground(rate_limit_scale=0) as running:
        client.set_discord_url(running.url)
        yield running


@pytest.fixture
async def messenger(playground):
    async with discord.Client(intents=discord.Intents.none()) as connected:
        await connected.login(playground.bot_token)
        yield Messenger(connected, ReplyPacer(messages=1, window=1, max_waiting=1))


def _chat(playground, channel):
    for number in range(CHATTER):
        playground.post_message(playground.scene.members[0], str(number), channel=channel)


@pytest.mark.parametrize("clock", ["right", "ahead", "unknown"])
async def test_a_message_is_found_however_many_came_before_or_after(
    playground, messenger, clock, monkeypatch
):
    monkeypatch.setattr(messenger_module, "HISTORY_MESSAGES", 200)
    monkeypatch.setattr(messenger_module, "CLOCK_SLACK", timedelta())  # all happens at once here
    channel = playground.state.add_channel(playground.scene.guild, clock)
    card = int(playground.post_message(playground.scene.members[0], "card", channel=channel).id)
    if clock != "unknown":
        _chat(playground, channel)
    origin = SimpleNamespace(channel_id=int(channel.id), guild_id=None)
    place = messenger.origin_channel(origin)
    sent_at = datetime.now(UTC)
    view = RoutedView(job_button(JOB, JobAction.AGAIN))
    sent = await messenger.post(place, nonce="n", content="here is", view=view)
    if clock != "ahead":
        _chat(playground, channel)
    sent_at = {"right": sent_at, "ahead": sent_at + timedelta(hours=3), "unknown": None}[clock]
    found = await messenger.find(place, JOB, Announcement.OUTCOME, after=card, sent_at=sent_at)
    assert found == sent
