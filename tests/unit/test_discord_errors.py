"""Each error of discord.py and of the network becomes one of four, by what the caller can do."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import aiohttp
import discord
import pytest

from bot.discord_errors import discord_request, translate_discord_errors
from bot.errors import (
    AccessDeniedError,
    DiscordRejectedError,
    DiscordUnavailableError,
    MessageNotFoundError,
)


def _http(kind, status, code=0, text="no"):
    response = SimpleNamespace(status=status, reason="because")
    return kind(response, {"code": code, "message": text})


@pytest.mark.parametrize(
    ("error", "translated"),
    [
        (_http(discord.NotFound, 404, 10008), MessageNotFoundError),
        (_http(discord.NotFound, 404, 10003), AccessDeniedError),
        (_http(discord.Forbidden, 403, 50013), AccessDeniedError),
        (_http(discord.Forbidden, 403, 50001), AccessDeniedError),
        (_http(discord.DiscordServerError, 503), DiscordUnavailableError),
        (_http(discord.HTTPException, 429), DiscordUnavailableError),
        (discord.RateLimited(40.0), DiscordUnavailableError),
        (aiohttp.ServerDisconnectedError(), DiscordUnavailableError),
        (ConnectionResetError(), DiscordUnavailableError),
        (TimeoutError(), DiscordUnavailableError),
        (_http(discord.HTTPException, 413, 40005), DiscordRejectedError),
        (_http(discord.HTTPException, 400, 50035), DiscordRejectedError),
        (_http(discord.HTTPException, 401, 50027), DiscordRejectedError),
        (_http(discord.Forbidden, 403, 160002), DiscordRejectedError),
    ],
)
def test_each_error_is_translated(error, translated):
    with pytest.raises(translated) as raised, translate_discord_errors():
        raise error
    assert raised.value.__cause__ is error


def test_an_error_without_a_message_is_named_in_the_log():
    with pytest.raises(DiscordUnavailableError, match="TimeoutError"), translate_discord_errors():
        raise TimeoutError


def test_details_are_kept():
    with pytest.raises(DiscordUnavailableError) as unavailable, translate_discord_errors():
        raise discord.RateLimited(40.0)
    assert unavailable.value.retry_after == 40.0
    with pytest.raises(DiscordRejectedError) as rejected, translate_discord_errors():
        raise _http(discord.HTTPException, 413, 40005)
    assert (rejected.value.is_too_large, rejected.value.is_reply_refused) == (True, False)
    with pytest.raises(DiscordRejectedError) as rejected, translate_discord_errors():
        raise _http(discord.Forbidden, 403, 160002)
    assert (rejected.value.is_too_large, rejected.value.is_reply_refused) == (False, True)
    with pytest.raises(DiscordRejectedError) as rejected, translate_discord_errors():
        raise _http(discord.HTTPException, 400, 50035, "In message_reference: Unknown message")
    assert rejected.value.is_reply_refused


def test_other_errors_pass_unchanged():
    with pytest.raises(KeyError), translate_discord_errors():
        raise KeyError


async def test_a_request_that_takes_too_long_is_cut_off():
    with pytest.raises(DiscordUnavailableError):
        async with discord_request(seconds=0.01):
            await asyncio.sleep(60)
