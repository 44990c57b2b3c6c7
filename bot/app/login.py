"""The token, the login and the gateway connection, with errors an operator can act on."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import discord

from bot.client import StyleBot
from bot.discord_errors import NETWORK_ERRORS, translate_discord_errors
from bot.errors import ConfigurationError, DiscordError, DiscordUnavailableError
from bot.ops.error_report import Where
from bot.ops.logging import redact
from bot.ops.retry import Backoff, retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.exts.backend.dependencies import Dependencies
    from bot.settings import Settings

__all__ = ["connect", "log_in", "read_token"]

LOGIN_BACKOFF: Final = Backoff(first=2.0, longest=60.0)

LOGIN_NOT_CONFIGURED: Final = (
    "there is no token: set DISCORD_TOKEN, or STYLEBOT_DISCORD_TOKEN_FILE to a file that holds it"
)
LOGIN_REFUSED: Final = (
    "Discord refused the token: copy it again from https://discord.com/developers/applications "
    "→ your application → Bot → Reset Token, into DISCORD_TOKEN"
)
INTENT_MISSING: Final = (
    "the Message Content intent is off: switch it on at "
    "https://discord.com/developers/applications → your application → Bot → Privileged Gateway "
    "Intents, and start again"
)

AUTHENTICATION_FAILED: Final = 4004
"""The gateway's close code for a token it does not accept."""


def read_token(settings: Settings) -> str:
    """Return the token, and keep it out of the log from now on.

    Raises:
        ConfigurationError: there is none, or its file cannot be read.
    """
    try:
        token = settings.token()
    except OSError as error:
        msg = f"STYLEBOT_DISCORD_TOKEN_FILE cannot be read: {error}"
        raise ConfigurationError(msg) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("STYLEBOT_DISCORD_TOKEN_FILE is not a text file") from error
    if token is None:
        raise ConfigurationError(LOGIN_NOT_CONFIGURED)
    redact(token)
    if not token.isascii() or not token.isprintable():
        raise ConfigurationError(LOGIN_REFUSED)  # it cannot even be sent
    return token


async def log_in(
    dependencies: Dependencies,
    token: str,
    *,
    attempts: int | None = None,
    on_failure: Callable[[Exception], None] | None = None,
) -> StyleBot:
    """Return a logged-in client.

    Args:
        dependencies: what its commands use.
        token: the bot's token.
        attempts: attempts in all; None to retry for as long as Discord cannot be reached.
        on_failure: called with each error after which it is tried again.

    Raises:
        ConfigurationError: Discord refused the token.
        DiscordError: the last attempt failed.
    """
    return await retry(
        lambda: _try_log_in(dependencies, token),
        on=DiscordError,
        what="the login",
        where=Where.PROCESS,
        attempts=attempts,
        backoff=LOGIN_BACKOFF,
        on_failure=on_failure,
    )


async def _try_log_in(dependencies: Dependencies, token: str) -> StyleBot:
    bot = StyleBot(dependencies)
    try:
        with translate_discord_errors():
            await bot.login(token)
    except BaseException as error:
        await bot.close()
        if isinstance(error, discord.LoginFailure):
            raise ConfigurationError(LOGIN_REFUSED) from error
        raise
    return bot


async def connect(bot: StyleBot, *, on_failure: Callable[[Exception], None] | None = None) -> None:
    """Connect to the gateway and reconnect until the bot is closed.

    The first connection is retried for as long as Discord cannot be reached; discord.py itself
    restores a connection that breaks later. `on_failure` is called with each error before that.

    Raises:
        ConfigurationError: a privileged intent is switched off, or the token was revoked.
        DiscordError: the client has closed itself after an error.
    """
    logging.getLogger("discord.shard").addFilter(_drop_expected_traceback)
    try:
        await retry(
            lambda: _try_connect(bot),
            on=DiscordUnavailableError,
            what="connecting to the gateway",
            where=Where.PROCESS,
            backoff=LOGIN_BACKOFF,
            on_failure=on_failure,
        )
    except discord.PrivilegedIntentsRequired as error:
        raise ConfigurationError(INTENT_MISSING) from error
    except discord.ConnectionClosed as error:
        if error.code == AUTHENTICATION_FAILED:
            raise ConfigurationError(LOGIN_REFUSED) from error
        raise ConfigurationError(f"Discord closed the connection permanently: {error}") from error


async def _try_connect(bot: StyleBot) -> None:
    try:
        with translate_discord_errors():
            await bot.connect(reconnect=True)
    except (DiscordError, discord.GatewayNotFound) as error:
        cause = error.__cause__
        if isinstance(cause, discord.HTTPException) and cause.status == HTTPStatus.UNAUTHORIZED:
            raise ConfigurationError(LOGIN_REFUSED) from error
        if bot.is_closed():  # a closed client cannot connect again
            raise DiscordError(f"the gateway connection has ended: {error}") from error
        raise DiscordUnavailableError(str(cause or error)) from error


def _drop_expected_traceback(record: logging.LogRecord) -> bool:
    """Log a failed connection, which discord.py retries, in one line without a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, (*NETWORK_ERRORS, discord.DiscordException)):
        record.msg, record.args = f"{record.getMessage()} {error!r}", ()
        record.exc_info = None
    return True
