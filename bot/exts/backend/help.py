"""`help` and `presets`: what the bot can do, with the pictures of its styles."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.backend.command_docs import command_docs
from bot.exts.backend.responders import MessageResponder, check_may_show_here
from bot.views.components.items import start_view
from bot.views.help import command_embed, help_embed, presets_embed
from bot.views.picker import SHEET_NAME, presets_sheet
from bot.views.text import sentences

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.exts.backend.command_docs import Entry
    from bot.exts.backend.dependencies import Dependencies

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["Help"]

MOST_SHOWN: Final = 20
"""Styles on the sheet below the one page; `presets` has them all."""

PAINTING: Final = "stylize"
"""The command whose misspelling is worth a button, since pictures may be waiting with it."""

MOST_CHOICES: Final = 25
SHORTEST_GUESS: Final = 4
NEARNESS: Final = 0.75
"""How alike an unknown command must be to one of ours: other bots may share the prefix."""


class Help(commands.Cog):
    """How it works."""

    def __init__(
        self,
        dependencies: Dependencies,
        bot: commands.AutoShardedBot,
        *,
        misspelt: Callable[[discord.Message, str], Awaitable[None]],
    ) -> None:
        """Make the cog.

        Args:
            dependencies: the rooms behind the counter.
            bot: the client.
            misspelt: told of a message that nearly calls for a painting, with the words after it.
        """
        self._misspelt = misspelt
        self._prefix = dependencies.settings.prefix
        self._catalog = dependencies.catalog
        self._bot = bot

    @commands.hybrid_command(name="help")  # type: ignore[arg-type]
    @app_commands.describe(command="A command to be explained; empty for the one page")
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def guide(self, ctx: commands.Context[Any], *, command: str | None = None) -> None:
        """How to ask for a painting, and the styles there are; or all about one command."""
        check_may_show_here(ctx)
        await ctx.defer(ephemeral=True)
        if command is not None:
            await self._explain(ctx, command.strip().lstrip(f"/{self._prefix}").lower())
            return
        presets = await self._catalog.presets(ctx.guild.id if ctx.guild else None)
        shown = presets[:MOST_SHOWN]
        sheet = await self._catalog.sheet(shown)
        embed = help_embed(prefix=self._prefix, sheet=SHEET_NAME)
        file = presets_sheet(sheet, shown)
        await ctx.reply(embed=embed, file=file, view=start_view(), ephemeral=True)

    @commands.hybrid_command(name="presets", aliases=["styles"])  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def presets(self, ctx: commands.Context[Any]) -> None:
        """Show every style there is here: this server's own and the built-in ones."""
        check_may_show_here(ctx)
        await ctx.defer(ephemeral=True)
        presets = await self._catalog.presets(ctx.guild.id if ctx.guild else None)
        own = sum(preset.guild_id is not None for preset in presets)
        embed = presets_embed(presets, own=own, prefix=self._prefix, sheet=SHEET_NAME)
        sheet = await self._catalog.sheet(presets)
        file = presets_sheet(sheet, presets)
        await ctx.reply(embed=embed, file=file, view=start_view(), ephemeral=True)

    @guide.autocomplete("command")
    async def _suggest_commands(
        self, _: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        names = [name for name in self._entries() if typed.strip().lower() in name]
        return [app_commands.Choice(name=name, value=name) for name in names[:MOST_CHOICES]]

    @commands.Cog.listener()
    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError
    ) -> None:
        """An unknown command that is nearly one of ours gets a hint; any other is not for us."""
        written = (ctx.invoked_with or "").lower()
        if (
            not isinstance(error, commands.CommandNotFound)
            or ctx.prefix != self._prefix
            or len(written) < SHORTEST_GUESS
            or (ctx.guild is None and ctx.message.attachments)  # served all the same
        ):
            return
        names = {name: command.name for command in self._bot.commands if not command.hidden
                 for name in (command.name, *command.aliases)}  # fmt: skip
        near = get_close_matches(written, names, n=1, cutoff=NEARNESS)
        if near and names[near[0]] == PAINTING:
            await self._misspelt(ctx.message, ctx.view.read_rest())
        elif near:
            text = sentences.NEAR_COMMAND.format(name=f"{self._prefix}{near[0]}")
            await MessageResponder(ctx.message).say(text)

    async def _explain(self, ctx: commands.Context[Any], name: str) -> None:
        entries = self._entries()
        entry = entries.get(name)
        if entry is not None:
            embed = command_embed(entry, prefix=self._prefix)
            await ctx.reply(embed=embed, ephemeral=True)
            return
        near = get_close_matches(name, list(entries), n=1)
        hint = sentences.NO_SUCH_COMMAND.format(name=sentences.quoted(name), prefix=self._prefix)
        if near:
            hint += f" Did you mean `{self._prefix}help {near[0]}`?"
        await ctx.reply(hint, ephemeral=True)

    def _entries(self) -> dict[str, Entry]:
        """The commands for everyone, by each of their names."""
        return {
            name: entry
            for chapter in command_docs(self._bot)
            if not chapter.is_hidden
            for entry in chapter.entries
            for name in (entry.name, *entry.aliases)
        }
