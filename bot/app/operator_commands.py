"""The operator's commands: migrate, pause, drain, resume, sync, commands."""

from __future__ import annotations

import asyncio
import tempfile
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import discord

from bot.app.commands_page import commands_page
from bot.app.composition import compose, make_data_folder, new_store
from bot.app.login import log_in, read_token
from bot.errors import AccessDeniedError, DiscordError, DiscordRejectedError
from bot.ops.logging import configure_logging

if TYPE_CHECKING:
    from bot.jobs.models import QueueMode
    from bot.settings import Settings

__all__ = ["describe_commands", "migrate", "publish", "set_mode"]

POLL_SECONDS: Final = 1.0


async def migrate(settings: Settings) -> str:
    """Migrate the database to the newest schema; return what to print.

    Raises:
        ConfigurationError: another process uses the embedded database.
        StoreUnavailableError: the database cannot be reached.
    """
    configure_logging(settings)
    await asyncio.to_thread(make_data_folder, settings)
    async with new_store(settings):
        return "the database is up to date"


async def set_mode(settings: Settings, mode: QueueMode, *, wait: bool = False) -> str:
    """Set the queue mode for all bots that use this database, whether they run or not.

    Args:
        settings: names the database.
        mode: the new mode; it outlives restarts.
        wait: return only when no job is queued or running.

    Raises:
        ConfigurationError: there is no database yet, or its schema is not the newest.
        StoreUnavailableError: the database cannot be reached.
    """
    configure_logging(settings)
    store = new_store(settings)
    await store.open(exclusive=False)
    try:
        await store.queue.set_mode(mode)
        while True:
            counts = await store.count_by_state()
            unfinished = sum(number for state, number in counts.items() if not state.is_final)
            if not wait or unfinished == 0:
                return f"the queue is {mode}, {unfinished} jobs are unfinished"
            await asyncio.sleep(POLL_SECONDS)
    finally:
        await store.close()


async def publish(settings: Settings) -> str:
    """Publish the slash commands, changed or not; return what to print.

    Raises:
        ConfigurationError: there is no token, or Discord refused it.
        DiscordError: Discord declined the commands, or cannot be reached; its text says what to do.
    """
    configure_logging(settings)
    token = read_token(settings)
    async with compose(settings) as components:
        try:
            bot = await log_in(components.dependencies, token, attempts=1)
            try:
                await bot.publish_commands(force=True)
            finally:
                await bot.close()
        except DiscordError as error:
            raise DiscordError(_explain(error, settings)) from error
    return "the slash commands are published"


async def describe_commands(settings: Settings) -> str:
    """Return ``docs/commands.md``: all commands as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        empty = {"data_dir": Path(folder), "database_url": None, "artefacts_url": None}
        async with compose(settings.model_copy(update=empty)) as components:
            return await commands_page(components.dependencies)


def _explain(error: DiscordError, settings: Settings) -> str:
    """Return what a request to Discord failed of, and what to do."""
    answer, cause = " ".join(str(error).split()), error.__cause__
    status = cause.status if isinstance(cause, discord.HTTPException) else None
    is_rate_limit = isinstance(cause, discord.RateLimited)
    if is_rate_limit or status == HTTPStatus.TOO_MANY_REQUESTS:
        asked = getattr(cause, "retry_after", None)
        when = "later" if asked is None else f"in {asked:.0f} s"
        return f"Discord limits the rate of requests; try again {when}"
    if isinstance(error, AccessDeniedError):
        return (
            f"Discord denies access ({answer}): DISCORD_TOKEN must be that of an application whose "
            "commands you may change"
        )
    if isinstance(error, DiscordRejectedError):
        return f"Discord does not accept the commands ({answer})"
    if status is not None:
        return f"Discord fails ({answer}); try again later"
    hint = "" if settings.discord_url is None else " and STYLEBOT_DISCORD_URL"
    return f"Discord cannot be reached ({answer}): check the network{hint}"
