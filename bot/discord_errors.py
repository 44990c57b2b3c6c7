"""Translate what discord.py and the network raise into `bot.errors.DiscordError`."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import aiohttp
import discord

from bot.errors import (
    AccessDeniedError,
    DiscordError,
    DiscordRejectedError,
    DiscordUnavailableError,
    MessageNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

__all__ = ["NETWORK_ERRORS", "discord_request", "translate_discord_errors"]

NETWORK_ERRORS: Final = (aiohttp.ClientError, OSError)
"""What a dropped, refused or timed-out connection raises; `TimeoutError` is an `OSError`."""

# Discord's error codes.
UNKNOWN_MESSAGE: Final = 10008
REPLY_NEEDS_HISTORY: Final = 160002


@contextlib.asynccontextmanager
async def discord_request(*, seconds: float) -> AsyncGenerator[None]:
    """Limit the requests in the block to `seconds` and translate their errors.

    The limit includes discord.py's own retries and its waits for rate limits.

    Raises:
        DiscordError: one of its four subclasses.
    """
    with translate_discord_errors():
        async with asyncio.timeout(seconds):
            yield


@contextlib.contextmanager
def translate_discord_errors() -> Generator[None]:
    """Translate the errors of the Discord requests in the block; other errors pass unchanged.

    Keep file access out of the block: an `OSError` counts as a failed connection.

    Raises:
        DiscordError: one of its four subclasses.
    """
    try:
        yield
    except (discord.HTTPException, discord.RateLimited, *NETWORK_ERRORS) as error:
        raise _translated(error) from error


def _translated(error: Exception) -> DiscordError:
    match error:
        case discord.NotFound(code=code) if code == UNKNOWN_MESSAGE:
            return MessageNotFoundError(str(error))
        case discord.Forbidden(code=code) if code == REPLY_NEEDS_HISTORY:
            return _rejected(error)
        case discord.NotFound() | discord.Forbidden():
            return AccessDeniedError(str(error))
        case discord.RateLimited(retry_after=seconds):
            return DiscordUnavailableError(str(error), retry_after=seconds)
        case discord.HTTPException(status=status) if status < 500 and status != 429:
            return _rejected(error)
        case _:  # many network errors have no text of their own
            return DiscordUnavailableError(str(error) or repr(error))


def _rejected(error: discord.HTTPException) -> DiscordRejectedError:
    return DiscordRejectedError(
        str(error),
        is_too_large=error.status == 413,
        is_reply_refused=error.code == REPLY_NEEDS_HISTORY or "message_reference" in error.text,
    )
