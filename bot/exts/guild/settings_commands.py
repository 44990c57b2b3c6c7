"""The `settings` command, and the record of which guilds the bot is in."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import AccessProblem, AccessRefused
from bot.exts.backend.access import check
from bot.exts.backend.policy import Act
from bot.exts.backend.prefixes import LONGEST_PREFIX, is_plain_prefix, is_valid_prefix
from bot.exts.backend.responders import reply_ephemeral, show_typing
from bot.ops.error_report import Where
from bot.ops.retry import retry_until_available
from bot.views.components import routes
from bot.views.components.routes import GuildSetting
from bot.views.guild_settings import CONTROLS, settings_embed, settings_view
from bot.views.text import guild as text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.jobs.models import GuildSettings
    from bot.views.components.routes import Route

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["GuildSettingsCommands"]


class GuildSettingsCommands(commands.Cog, description=text.SETTINGS_SECTION):
    """A guild's settings."""

    def __init__(self, dependencies: Dependencies, bot: commands.AutoShardedBot) -> None:
        self._guilds = dependencies.store.guilds
        self._prefixes = dependencies.prefixes
        self._default_prefix = dependencies.settings.prefix
        self._bot = bot

    @commands.hybrid_command(name="settings", help=text.SETTINGS_HELP)  # type: ignore[arg-type]
    @app_commands.describe(prefix=text.PREFIX_PARAMETER)
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def settings(self, ctx: commands.Context[Any], *, prefix: str | None = None) -> None:
        """Show the settings, with menus to change them; set the prefix if one is given.

        Raises:
            TooManyArguments: the words are no prefix, so they are rather meant for another bot.
        """
        is_prefix = prefix is None or is_valid_prefix(prefix.strip())
        if not is_prefix and is_plain_prefix(ctx):
            raise commands.TooManyArguments
        check(Act.CHANGE_SETTINGS, ctx)
        guild_id = _guild_id(ctx.guild)
        await show_typing(ctx)
        settings = await self._guilds.get_settings(guild_id)
        if not is_prefix:
            await ctx.reply(text.BAD_PREFIX.format(longest=LONGEST_PREFIX), ephemeral=True)
            return
        if prefix is not None:
            settings = replace(settings, prefix=prefix.strip())
            await self._set(guild_id, settings)
        await ctx.reply(
            embed=settings_embed(settings, default_prefix=self._default_prefix),
            view=settings_view(settings),
            ephemeral=True,
        )

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {
            routes.SETTING: self.on_setting_select,
            routes.SETTING_RESET: self.on_reset_button,
            routes.SETTING_RESET_CHANNELS: partial(
                self.on_reset_button, setting=GuildSetting.CHANNELS
            ),
            routes.SETTING_RESET_MANAGER_ROLE: partial(
                self.on_reset_button, setting=GuildSetting.MANAGER_ROLE
            ),
        }

    async def on_setting_select(
        self,
        interaction: discord.Interaction[Any],
        /,
        *,
        setting: GuildSetting,
        values: tuple[str, ...],
    ) -> None:
        """Change a setting to the selected values."""
        await self._change(interaction, setting, values)

    async def on_reset_button(
        self, interaction: discord.Interaction[Any], /, *, setting: GuildSetting
    ) -> None:
        """Reset a setting to its default."""
        await self._change(interaction, setting, ())

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Record which guilds the bot is in, if this process has all shards."""
        if self._bot.shard_ids is None:
            await retry_until_available(
                lambda: self._guilds.sync_membership({guild.id for guild in self._bot.guilds}),
                what="recording the guilds",
                where=Where.BACKEND,
            )

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Record that the bot was invited."""
        await self._record_membership(guild.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Record that the bot was removed; the settings are kept for a while."""
        await self._record_membership(guild.id)

    async def _record_membership(self, guild_id: int) -> None:
        """Record whether the bot is in a guild, as of when the database can be reached."""

        async def record() -> None:
            is_member = self._bot.get_guild(guild_id) is not None
            await (self._guilds.mark_joined if is_member else self._guilds.mark_left)(guild_id)

        await retry_until_available(
            record, what=f"recording the membership in guild {guild_id}", where=Where.BACKEND
        )

    async def _change(
        self, interaction: discord.Interaction[Any], setting: GuildSetting, values: tuple[str, ...]
    ) -> None:
        """Save a changed setting and show all of them.

        Raises:
            AccessRefused: the member may not manage the guild.
        """
        check(Act.CHANGE_SETTINGS, interaction)
        guild_id = _guild_id(interaction.guild)
        control = CONTROLS[setting]
        if setting is GuildSetting.PREFIX and not all(map(is_valid_prefix, values)):
            await reply_ephemeral(interaction, text.BAD_PREFIX.format(longest=LONGEST_PREFIX))
            return
        old = await self._guilds.get_settings(guild_id)
        settings = replace(old, **{control.field: control.parse(values)})
        await self._set(guild_id, settings)
        await interaction.edit_original_response(
            embed=settings_embed(settings, default_prefix=self._default_prefix),
            view=settings_view(settings),
        )

    async def _set(self, guild_id: int, settings: GuildSettings) -> None:
        await self._guilds.set_settings(guild_id, settings)
        self._prefixes.forget(guild_id)


def _guild_id(guild: discord.Guild | None) -> int:
    if guild is None:
        raise AccessRefused(AccessProblem.NO_SETTINGS_HERE)
    return guild.id
