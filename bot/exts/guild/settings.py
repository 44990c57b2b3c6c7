"""`settings`: what a server's managers decide; and which servers the bot is in at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import RequestProblem, RequestRefused
from bot.exts.guild.policy import check_may_decide
from bot.views.components import routes
from bot.views.components.routes import SettingsAction
from bot.views.guild_settings import rules_embed, rules_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.views.components.routes import Route

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

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {
            routes.SETTINGS: self.on_reset_button,
            routes.SETTINGS_CHANNELS: self.on_channels_select,
            routes.SETTINGS_ROLE: self.on_role_select,
        }

    async def on_reset_button(
        self, interaction: discord.Interaction[Any], /, *, action: SettingsAction
    ) -> None:
        """Reset one setting to its default."""
        match action:
            case SettingsAction.EVERYWHERE:
                await self._change(interaction, channel_ids=())
            case SettingsAction.NO_ROLE:
                await self._change(interaction, manager_role_id=None)

    async def on_channels_select(
        self, interaction: discord.Interaction[Any], /, *, values: tuple[str, ...]
    ) -> None:
        """Restrict requests to the selected channels."""
        await self._change(interaction, channel_ids=tuple(map(int, values)))

    async def on_role_select(
        self, interaction: discord.Interaction[Any], /, *, values: tuple[str, ...]
    ) -> None:
        """Let the selected role manage the guild's presets."""
        await self._change(interaction, manager_role_id=int(values[0]) if values else None)

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

    async def _change(self, interaction: discord.Interaction[Any], **changes: Any) -> None:  # noqa: ANN401
        """Save changed settings and show them.

        Raises:
            RequestRefused: the member may not manage the guild.
        """
        guild_id = _guild_id(interaction.guild)
        check_may_decide(interaction.permissions)
        rules = replace(await self._guilds.rules(guild_id), **changes)
        await self._guilds.decide(guild_id, rules)
        await interaction.edit_original_response(embed=rules_embed(rules), view=rules_view(rules))


def _guild_id(guild: discord.Guild | None) -> int:
    if guild is None:
        raise RequestRefused(RequestProblem.NO_GUILD)
    return guild.id
