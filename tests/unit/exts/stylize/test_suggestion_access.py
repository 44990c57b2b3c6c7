"""A refusal in direct messages serves members who can still read the request's channel."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import discord
import pytest

from bot.exts.stylize.suggestion_actions import _can_still_read
from bot.jobs.models import Origin

ORIGIN = Origin(guild_id=1, channel_id=2, message_id=3, requester_id=4)
GONE = discord.NotFound(SimpleNamespace(status=404, reason=""), {"code": 10007, "message": ""})


def press(*, member=None, view_channel=True, knows_channel=True, guild_id=None):
    channel = MagicMock()
    channel.permissions_for.return_value = discord.Permissions(view_channel=view_channel)
    guild = MagicMock(fetch_member=AsyncMock(side_effect=member))
    guild.get_channel_or_thread.return_value = channel if knows_channel else None
    client = SimpleNamespace(get_guild={1: guild}.get)
    return SimpleNamespace(client=client, guild_id=guild_id, user=SimpleNamespace(id=4))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"member": GONE}, False),  # they left, or were removed
        ({"view_channel": False}, False),
        ({"knows_channel": False}, False),
        ({"guild_id": 1}, False),  # no direct message
    ],
)
async def test_members_who_left_cannot_continue_a_request(facts, expected):
    assert await _can_still_read(press(**facts), ORIGIN) is expected


async def test_a_request_of_direct_messages_needs_no_guild():
    origin = Origin(guild_id=None, channel_id=2, message_id=3, requester_id=4)
    assert await _can_still_read(press(), origin) is False
