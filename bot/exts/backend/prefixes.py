"""The prefix of text commands: each guild's choice, or the operator's default."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from cachetools import TTLCache

from bot.errors import StoreUnavailableError
from bot.ops.error_report import Where, count_error
from bot.views.text.quoting import plain

if TYPE_CHECKING:
    from discord.ext import commands

    from bot.jobs.guilds import Guilds

__all__ = ["LONGEST_PREFIX", "Prefixes", "add_short_aliases", "is_plain_prefix", "is_valid_prefix"]

logger = logging.getLogger(__name__)

LONGEST_PREFIX: Final = 8
CACHE_SECONDS: Final = 60.0
"""How long another process may use a guild's earlier prefix."""

MOST_CACHED: Final = 10_000

SHORT_ALIASES: Final = {
    "stylize": ("paint",),
    "queue": ("q",),
    "cancel": ("stop",),
    "gallery": ("paintings",),
    "presets": ("styles",),
}
"""Other names of commands, which other bots are likely to have too."""


class Prefixes:
    """Looks up the prefix of a guild; remembers it for a while, since every message needs it.

    Args:
        guilds: their settings.
        default: the prefix where a guild has chosen none, and in direct messages.
    """

    def __init__(self, guilds: Guilds, default: str) -> None:
        self._guilds = guilds
        self._default = default
        self._cached: TTLCache[int, str] = TTLCache(MOST_CACHED, CACHE_SECONDS)

    async def of_guild(self, guild_id: int | None) -> str:
        """Return a guild's prefix; the default if the database cannot be reached."""
        if guild_id is None:
            return self._default
        cached = self._cached.get(guild_id)
        if cached is not None:
            return cached
        try:
            prefix = (await self._guilds.get_settings(guild_id)).prefix or self._default
        except StoreUnavailableError as error:
            count_error(Where.BACKEND, error)
            logger.warning("guild %d may have another prefix: %s", guild_id, error)
            return self._default
        self._cached[guild_id] = prefix
        return prefix

    async def of(self, ctx: commands.Context[Any]) -> str:
        """Return the prefix where a command was used."""
        return await self.of_guild(ctx.guild.id if ctx.guild is not None else None)

    def forget(self, guild_id: int) -> None:
        """Look the prefix up again, since it has changed."""
        self._cached.pop(guild_id, None)


def is_valid_prefix(text: str) -> bool:
    """Return whether a text can be a prefix: short, visible, one word, ending in a symbol.

    It is shown as code, which a backtick would end.
    """
    return (
        0 < len(text) <= LONGEST_PREFIX
        and text.isprintable()
        and text == plain(text)
        and not any(letter.isspace() or letter == "`" for letter in text)
        and not text[-1].isalnum()
        and not text.startswith(("/", "<", "@", "#"))
    )


def is_plain_prefix(ctx: commands.Context[Any]) -> bool:
    """Return whether a command was written in a guild with a prefix that other bots may share.

    A mention of the bot, a slash command and a direct message are meant for nobody else.
    """
    return ctx.interaction is None and ctx.guild is not None and not str(ctx.prefix).startswith("<")


def add_short_aliases(bot: commands.Bot | commands.AutoShardedBot) -> None:
    """Let commands be called by their short names too."""
    for name, aliases in SHORT_ALIASES.items():
        command = bot.get_command(name)
        if command is not None:
            command.aliases = [*command.aliases, *aliases]
            bot.all_commands.update(dict.fromkeys(aliases, command))
