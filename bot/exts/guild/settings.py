"""`settings`: what a server's managers decide; and which servers the bot is in at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import RequestProblem, RequestRefused
from bot.exts.backend.responders import defer, reply_ephemeral, sentence_for
from bot.exts.guild.policy import check_may_decide
from bot.views.guild_settings import rules_embed, rules_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.exts.backend.dependencies import Dependencies

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["GuildSettingsCommands"]


class GuildSettingsCommands(commands.Cog):
    """What a server's managers decide."""

    def __init__(self, dependencies: Dependencies, bot: commands.AutoShardedBot) -> None:
        self._guilds = dependencies.store.guilds
        self._bot = bot

    @commands.hybrid_command(name="settings")  # type: ignore[arg-type]
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def settings(self, ctx: commands.Context[Any]) -> None:
        """Choose the channels where paintings may be asked for, and who adds styles."""
        guild_id = _guild_id(ctx.guild)
        check_may_decide(ctx.permissions)
        await ctx.defer(ephemeral=True)
        rules = await self._guilds.rules(guild_id)
        await ctx.reply(embed=rules_embed(rules), view=rules_view(rules), ephemeral=True)

    async def pressed(self, interaction: discord.Interaction[Any], verb: str, subject: str) -> None:
        """A button takes a decision back."""
        usual: dict[str, Any] = {"channel_ids": ()}
        if verb == "norole":
            usual = {"manager_role_id": None}
        await self._decide(interaction, **usual)

    async def chose_channels(
        self, interaction: discord.Interaction[Any], channel_ids: Sequence[int]
    ) -> None:
        """A manager chose the channels where paintings may be asked for."""
        await self._decide(interaction, channel_ids=tuple(channel_ids))

    async def chose_role(self, interaction: discord.Interaction[Any], role_id: int | None) -> None:
        """A manager chose the role that looks after styles."""
        await self._decide(interaction, manager_role_id=role_id)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Note which servers the bot is in, where this process sees them all."""
        if self._bot.shard_ids is None:
            await self._guilds.seen({guild.id for guild in self._bot.guilds})

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was invited, perhaps again."""
        await self._guilds.joined(guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed; what the server decided is kept for a while."""
        await self._guilds.left(guild.id)

    async def _decide(self, interaction: discord.Interaction[Any], **changes: Any) -> None:  # noqa: ANN401
        if not await defer(interaction):
            return
        try:
            guild_id = _guild_id(interaction.guild)
            check_may_decide(interaction.permissions)
            rules = replace(await self._guilds.rules(guild_id), **changes)
            await self._guilds.decide(guild_id, rules)
            await interaction.edit_original_response(
                embed=rules_embed(rules), view=rules_view(rules)
            )
        except Exception as error:
            await reply_ephemeral(
                interaction, sentence_for(error, doing="changing a server's rules")
            )


def _guild_id(guild: discord.Guild | None) -> int:
    if guild is None:
        raise RequestRefused(RequestProblem.NO_GUILD)
    return guild.id
