"""Cooldowns of members and guilds, and what members are told of them."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import discord
import pytest

from bot.exts.backend.admission import Admission
from bot.exts.backend.cooldowns import Cooldowns
from bot.exts.backend.in_flight import InFlightRequests
from bot.ops.reply_pacer import ReplyPacer
from bot.settings import Settings


def pacer():
    return ReplyPacer(messages=100, window=1, max_waiting=1)


def cooldowns(member=2, guild=3, seconds=10.0):
    return Cooldowns(
        Settings(
            _env_file=None,
            max_uses_per_member=member,
            max_uses_per_guild=guild,
            cooldown_seconds=seconds,
        )
    )


def test_a_member_and_a_guild_have_limits_that_end_with_the_time():
    limits = cooldowns()
    assert limits.count(1, 7, now=100) is None
    assert limits.count(1, 7, now=101) is None
    refused = limits.count(1, 7, now=102)
    assert (refused.scope, refused.seconds) == ("member", 8)
    assert limits.count(2, 7, now=102) is None  # what was refused does not count for the guild
    refused = limits.count(3, 7, now=103)
    assert (refused.scope, refused.seconds) == ("guild", 7)
    assert limits.count(3, 8, now=103) is None
    assert limits.count(4, None, now=103) is None  # direct messages are of no guild
    assert limits.count(1, 7, now=111) is None


def test_zero_turns_a_limit_off():
    limits = cooldowns(member=0, guild=0)
    assert {limits.count(1, 7, now=100) for _ in range(1000)} == {None}


def test_a_member_is_told_once_for_each_cooldown():
    limits = cooldowns(member=1)
    limits.count(1, 7, now=100)
    refused = limits.count(1, 7, now=101)
    assert limits.is_untold(1, refused, now=101)
    assert not limits.is_untold(1, refused, now=102)
    assert limits.was_told(1, now=102)
    assert limits.is_untold(1, refused, now=111)
    assert not limits.was_told(2, now=102)


def interaction(message=None):
    made = MagicMock(spec=discord.Interaction)
    made.configure_mock(
        id=1, user=SimpleNamespace(id=4), guild_id=7, message=message, response=AsyncMock(),
        followup=AsyncMock(), delete_original_response=AsyncMock(),
    )  # fmt: skip
    made.response.is_done = MagicMock(return_value=False)
    return made


@pytest.mark.parametrize("message", [None, object()])
async def test_of_the_presses_in_a_cooldown_the_first_is_answered_and_all_are_acknowledged(message):
    admission = Admission(
        cooldowns(member=1),
        InFlightRequests(),
        reply_pacer=pacer(),
        claim=AsyncMock(return_value=True),
    )
    used = [interaction(message) for _ in range(3)]
    served = [await admission.admit_interaction(each, opens_form=False) for each in used]
    assert served == [True, False, False]
    first, told, silent = used
    first.response.defer.assert_awaited_once()
    told.response.send_message.assert_awaited_once()
    assert "try again in" in told.response.send_message.await_args.args[0]
    told.response.defer.assert_not_awaited()
    silent.response.defer.assert_awaited_once()
    silent.response.send_message.assert_not_awaited()
    # No answer is left that says for a quarter of an hour that the bot is thinking.
    assert silent.delete_original_response.await_count == (message is None)


async def test_a_form_is_not_acknowledged_before_it_opens():
    admission = Admission(
        cooldowns(), InFlightRequests(), reply_pacer=pacer(), claim=AsyncMock(return_value=True)
    )
    used = interaction()
    assert await admission.admit_interaction(used, opens_form=True)
    used.response.defer.assert_not_awaited()
    admission.cooldowns.count(4, 7)
    assert not await admission.admit_interaction(used, opens_form=True)


async def test_of_the_messages_in_a_cooldown_one_is_answered_by_one_process():
    claim = AsyncMock(return_value=True)
    admission = Admission(cooldowns(member=1), InFlightRequests(), reply_pacer=pacer(), claim=claim)
    message = MagicMock(spec=discord.Message, id=1)
    message.author.id, message.guild.id = 4, 7
    message.channel.send = AsyncMock()
    served = [await admission.admit_message(message, f"command:{number}") for number in range(4)]
    assert served == [True, False, False, False]
    message.channel.send.assert_awaited_once()
    assert [call.args for call in claim.await_args_list] == [("command:0",), ("command:1",)]
