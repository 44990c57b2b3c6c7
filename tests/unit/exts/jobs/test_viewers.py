"""Which results an answer may show, given who will see it."""

from __future__ import annotations

from unittest.mock import MagicMock

import discord
import pytest

from bot.exts.jobs.viewers import Viewers
from bot.jobs.models import Origin

HERE, OPEN, CLOSED, ADULT, PRIVATE_THREAD, GONE = 10, 11, 12, 13, 14, 15
MEMBER, OTHER = 4, 5
READ = discord.Permissions(view_channel=True, read_message_history=True)


def channel(guild, *, nsfw=False, everyone=READ, member=READ, kind=discord.TextChannel):
    made = MagicMock(spec=kind)
    made.guild = guild
    made.is_nsfw.return_value = nsfw
    made.permissions_for.side_effect = lambda who: (
        everyone if isinstance(who, discord.Role) else member
    )
    if kind is discord.Thread:
        made.is_private.return_value = True
    return made


@pytest.fixture
def guild():
    """A guild with an open, a closed and an age-restricted channel, and a private thread."""
    made = MagicMock(spec=discord.Guild, id=1)
    made.default_role = MagicMock(spec=discord.Role)
    channels = {
        HERE: channel(made),
        OPEN: channel(made),
        CLOSED: channel(made, everyone=discord.Permissions.none()),
        ADULT: channel(made, nsfw=True),
        PRIVATE_THREAD: channel(made, kind=discord.Thread),
    }
    made.get_channel_or_thread.side_effect = channels.get
    return made


@pytest.fixture
def may_see(guild, make_job):
    """Ask whether a result from one channel may be shown in another."""
    member = MagicMock(spec=discord.Member)
    member.id = MEMBER

    def ask(where, *, requester=OTHER, here=HERE, privately=False, in_guild=True):
        viewers = Viewers(guild if in_guild else None, here, member, privately=privately)
        origin = Origin(guild_id=1, channel_id=where, message_id=3, requester_id=requester)
        return viewers.may_see(make_job(origin=origin))

    return ask


@pytest.mark.parametrize("requester", [MEMBER, OTHER])
def test_a_result_may_be_shown_in_its_own_channel(may_see, requester):
    assert may_see(HERE, requester=requester)


def test_a_public_answer_shows_what_everyone_can_read(may_see):
    assert may_see(OPEN)
    assert not may_see(CLOSED)
    assert not may_see(CLOSED, requester=MEMBER)


def test_a_private_answer_shows_what_the_member_can_read_and_all_of_their_own(may_see):
    assert may_see(CLOSED, privately=True)
    assert not may_see(PRIVATE_THREAD, privately=True)
    assert may_see(PRIVATE_THREAD, requester=MEMBER, privately=True)


def test_a_closed_channel_is_closed_to_a_member_who_cannot_read_it(may_see, guild):
    guild.get_channel_or_thread(CLOSED).permissions_for.side_effect = None
    guild.get_channel_or_thread(CLOSED).permissions_for.return_value = discord.Permissions(
        view_channel=True
    )
    assert not may_see(CLOSED, privately=True)


@pytest.mark.parametrize("privately", [False, True])
@pytest.mark.parametrize("requester", [MEMBER, OTHER])
def test_an_age_restricted_result_stays_in_age_restricted_channels(may_see, requester, privately):
    assert not may_see(ADULT, requester=requester, privately=privately)
    assert may_see(ADULT, requester=requester, privately=privately, here=ADULT)


def test_an_age_restricted_channel_shows_another_ones_results(may_see, guild):
    guild.get_channel_or_thread(OPEN).is_nsfw.return_value = True
    assert may_see(ADULT, here=OPEN)


def test_a_deleted_channel_only_leaves_ones_own_in_private(may_see):
    assert not may_see(GONE)
    assert not may_see(GONE, privately=True)
    assert may_see(GONE, requester=MEMBER, privately=True)


def test_direct_messages_show_ones_own(may_see):
    for privately in (True, False):
        assert may_see(CLOSED, requester=MEMBER, privately=privately, in_guild=False)
    assert not may_see(OPEN, privately=True, in_guild=False)
