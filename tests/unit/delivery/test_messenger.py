"""Discord's many ways to fail become four, by what is to be done next."""

from __future__ import annotations

from types import SimpleNamespace

import aiohttp
import discord
import pytest

from bot.delivery.messenger import (
    ChannelClosedError,
    MessageGoneError,
    RejectedError,
    TryLaterError,
    plain_errors,
)


def _http(kind, status, code=0, text="no"):
    response = SimpleNamespace(status=status, reason="because")
    return kind(response, {"code": code, "message": text})


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (_http(discord.NotFound, 404, 10008), MessageGoneError),
        (_http(discord.NotFound, 404, 10003), ChannelClosedError),
        (_http(discord.Forbidden, 403, 50013), ChannelClosedError),
        (_http(discord.Forbidden, 403, 50001), ChannelClosedError),
        (_http(discord.DiscordServerError, 503), TryLaterError),
        (_http(discord.HTTPException, 429), TryLaterError),
        (discord.RateLimited(40.0), TryLaterError),
        (aiohttp.ServerDisconnectedError(), TryLaterError),
        (ConnectionResetError(), TryLaterError),
        (TimeoutError(), TryLaterError),
        (_http(discord.HTTPException, 413, 40005), RejectedError),
        (_http(discord.HTTPException, 400, 50035), RejectedError),
        (_http(discord.Forbidden, 403, 160002), RejectedError),
    ],
)
def test_each_failure_says_what_to_do_next(error, becomes):
    with pytest.raises(becomes), plain_errors():
        raise error


def test_details_survive():
    with pytest.raises(TryLaterError) as later, plain_errors():
        raise discord.RateLimited(40.0)
    assert later.value.after == 40.0
    with pytest.raises(RejectedError) as rejected, plain_errors():
        raise _http(discord.HTTPException, 413, 40005)
    assert rejected.value.too_large
    assert not rejected.value.no_reply
    with pytest.raises(RejectedError) as rejected, plain_errors():
        raise _http(discord.Forbidden, 403, 160002)
    assert rejected.value.no_reply
