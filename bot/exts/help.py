"""`help` and `presets`: what the bot can do, with the pictures of its styles."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.exts.wishes import OPTIONS
from bot.presets import library
from bot.views import wording
from bot.views.picker import SHEET_NAME, presets_sheet

if TYPE_CHECKING:
    from bot.exts.services import Services

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["Help"]

COLOUR: Final = discord.Colour(0x8E6BD8)


class Help(commands.Cog):
    """How to ask for a painting."""

    def __init__(self, services: Services) -> None:
        self._prefix = services.settings.prefix

    @commands.hybrid_command(name="help")  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def help(self, ctx: commands.Context[Any]) -> None:
        """How to ask for a painting, and the styles there are."""
        prefix = self._prefix
        embed = discord.Embed(
            title="Paint a picture in the style of another",
            description=wording.HOW_TO_ASK.format(prefix=prefix),
            colour=COLOUR,
        )
        embed.add_field(
            name="Ways to ask",
            value="\n".join(line.format(prefix=prefix) for line in wording.WAYS_TO_ASK),
            inline=False,
        )
        options = [f"`{name}=…` {option.summary}" for name, option in OPTIONS.items()]
        embed.add_field(name="Options", value="\n".join([*options, wording.SWAP]), inline=False)
        embed.add_field(
            name="Afterwards",
            value="\n".join(line.format(prefix=prefix) for line in wording.AFTERWARDS),
            inline=False,
        )
        await self._send(ctx, embed)

    @commands.hybrid_command(name="presets", aliases=["styles"])  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def presets(self, ctx: commands.Context[Any]) -> None:
        """Show the styles I know by name."""
        lines = [f"{preset.emoji} **{preset.title}** `{preset.name}`" for preset in library.PRESETS]
        embed = discord.Embed(title="Styles", description="\n".join(lines), colour=COLOUR)
        embed.set_footer(text=wording.NAME_A_STYLE.format(prefix=self._prefix))
        await self._send(ctx, embed)

    async def _send(self, ctx: commands.Context[Any], embed: discord.Embed) -> None:
        """Answer with the sheet of styles below, to the member alone where that can be."""
        await ctx.defer(ephemeral=True)
        sheet = await asyncio.to_thread(library.picker_sheet)
        embed.set_image(url=f"attachment://{SHEET_NAME}")
        await ctx.reply(embed=embed, file=presets_sheet(sheet, library.PRESETS), ephemeral=True)
