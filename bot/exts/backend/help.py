"""The commands `help` and `presets`, and hints for misspelt commands."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.backend.command_docs import command_docs
from bot.exts.backend.prefixes import is_plain_prefix
from bot.exts.backend.responders import MessageResponder, check_can_send_picture, show_typing
from bot.views.components.items import start_view
from bot.views.help import command_embed, help_embed, presets_embed
from bot.views.picker import SHEET_NAME, presets_sheet
from bot.views.text import help as text
from bot.views.text.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.exts.backend.dependencies import Dependencies
    from bot.views.help import CommandDoc

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["HelpCommands"]

MOST_SHOWN: Final = 20
"""Presets on the help page; `presets` shows all."""

PAINTING: Final = "stylize"
"""The command whose misspelling is answered with a button, since pictures come with it."""

MOST_CHOICES: Final = 25
SHORTEST_HINTED: Final = 4
LEAST_SIMILARITY: Final = 0.75
"""Similarity, in 0..1, that makes a hint: other bots may share the prefix."""


class HelpCommands(commands.Cog, description=text.SECTION):
    """Explains the commands and shows the presets."""

    def __init__(
        self,
        dependencies: Dependencies,
        bot: commands.AutoShardedBot,
        *,
        misspelt: Callable[[discord.Message, str], Awaitable[None]],
    ) -> None:
        """Make the cog.

        Args:
            dependencies: shared by the cogs.
            bot: the client.
            misspelt: called with a message that misspells `stylize`, and the words after it.
        """
        self._misspelt = misspelt
        self._prefixes = dependencies.prefixes
        self._reply_pacer = dependencies.reply_pacer
        self._catalog = dependencies.catalog
        self._bot = bot

    @commands.hybrid_command(name="help", help=text.GUIDE_HELP)  # type: ignore[arg-type]
    @app_commands.describe(command=text.GUIDE_COMMAND)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def guide(self, ctx: commands.Context[Any], *, command: str | None = None) -> None:
        """Show the help page, or explain one command."""
        check_can_send_picture(ctx)
        await show_typing(ctx)
        if command is not None:
            await self._explain(ctx, command)
            return
        presets = await self._catalog.presets(ctx.guild.id if ctx.guild else None)
        shown = presets[:MOST_SHOWN]
        sheet = await self._catalog.sheet(shown)
        embed = help_embed(prefix=await self._prefixes.of(ctx), sheet=SHEET_NAME)
        file = presets_sheet(sheet, shown)
        await ctx.reply(embed=embed, file=file, view=start_view(), ephemeral=True)

    @commands.hybrid_command(name="presets", ignore_extra=False, help=text.PRESETS_HELP)  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def presets(self, ctx: commands.Context[Any]) -> None:
        """Show every preset: the guild's own and the built-in ones."""
        check_can_send_picture(ctx)
        await show_typing(ctx)
        presets = await self._catalog.presets(ctx.guild.id if ctx.guild else None)
        own = sum(preset.guild_id is not None for preset in presets)
        prefix = await self._prefixes.of(ctx)
        embed = presets_embed(presets, own=own, prefix=prefix, sheet=SHEET_NAME)
        sheet = await self._catalog.sheet(presets)
        file = presets_sheet(sheet, presets)
        await ctx.reply(embed=embed, file=file, view=start_view(), ephemeral=True)

    @guide.autocomplete("command")
    async def _suggest_commands(
        self, _: discord.Interaction[Any], typed: str
    ) -> list[app_commands.Choice[str]]:
        names = [name for name in self._docs() if typed.strip().lower() in name]
        return [app_commands.Choice(name=name, value=name) for name in names[:MOST_CHOICES]]

    @commands.Cog.listener()
    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError
    ) -> None:
        """Hint at the right command for an unknown one that is similar; ignore any other."""
        near = self._similar_command(ctx) if isinstance(error, commands.CommandNotFound) else None
        if near is None:
            return
        if self._names()[near] == PAINTING:
            await self._misspelt(ctx.message, ctx.view.read_rest())
        else:
            hint = text.NEAR_COMMAND.format(name=f"{ctx.prefix}{near}")
            await MessageResponder(ctx.message, self._reply_pacer).reply(hint)

    def resembles_command(self, ctx: commands.Context[Any]) -> bool:
        """Return whether a message with an unknown command is answered with a hint."""
        return self._similar_command(ctx) is not None

    def _similar_command(self, ctx: commands.Context[Any]) -> str | None:
        """Return the name or alias that an unknown command misspells; None if there is none."""
        written = (ctx.invoked_with or "").lower()
        if (
            ctx.prefix is None
            or ctx.prefix.startswith("<")
            or len(written) < SHORTEST_HINTED
            or (ctx.guild is None and ctx.message.attachments)  # the message listener serves it
        ):
            return None
        return next(iter(get_close_matches(written, self._names(), 1, LEAST_SIMILARITY)), None)

    def _names(self) -> dict[str, str]:
        """The commands that are not hidden, by each of their names and aliases."""
        return {
            name: command.name
            for command in self._bot.commands
            if not command.hidden
            for name in (command.name, *command.aliases)
        }

    async def _explain(self, ctx: commands.Context[Any], written: str) -> None:
        """Explain a command, or hint at one with a similar name.

        Raises:
            TooManyArguments: there is none, so the question is rather for another bot.
        """
        docs, prefix = self._docs(), await self._prefixes.of(ctx)
        name = written.strip().removeprefix("/").removeprefix(prefix).lower()
        if name in docs:
            embed = command_embed(docs[name], prefix=prefix)
            await ctx.reply(embed=embed, ephemeral=True)
            return
        near = next(iter(get_close_matches(name, list(docs), n=1)), None)
        if near is None and is_plain_prefix(ctx):
            raise commands.TooManyArguments
        hint = text.no_such_command(quoted(name), near=near, prefix=prefix)
        await ctx.reply(hint, ephemeral=True)

    def _docs(self) -> dict[str, CommandDoc]:
        """The commands that are not hidden, by each of their names."""
        return {
            name: command
            for section in command_docs(self._bot)
            if not section.is_hidden
            for command in section.commands
            for name in (command.name, *command.aliases)
        }
