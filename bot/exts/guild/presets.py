"""The commands `style add`, `list`, `show` and `remove`: a guild's own presets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_errors import translate_discord_errors
from bot.errors import (
    AccessProblem,
    AccessRefused,
    DiscordRejectedError,
    PresetProblem,
    PresetRefused,
)
from bot.exts.backend.access import check, preset_subject
from bot.exts.backend.policy import Act
from bot.exts.backend.responders import check_can_send_picture, show_typing
from bot.exts.stylize.attachments import pictures_of_request, source_of
from bot.exts.stylize.parser import has_request_words
from bot.intake.download import allowed_origins
from bot.presets.catalog import find, nearest
from bot.presets.naming import split_emoji
from bot.views.components import routes
from bot.views.components.routes import PresetAction
from bot.views.guild_presets import (
    added_embed,
    added_view,
    list_embed,
    picture_file,
    removal_question,
    removal_view,
    show_embed,
    show_view,
)
from bot.views.picker import presets_sheet
from bot.views.text import guild as text
from bot.views.text.quoting import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.intake.job_request import PictureSource
    from bot.jobs.models import GuildPreset
    from bot.presets.catalog import CatalogPreset
    from bot.views.components.routes import Route

__all__ = ["GuildPresetCommands"]

MOST_CHOICES: Final = 25
Choices = list[app_commands.Choice[str]]


class GuildPresetCommands(commands.Cog, description=text.SECTION):
    """A guild's own presets."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._store = dependencies.store
        self._catalog = dependencies.catalog
        self._preset_editor = dependencies.preset_editor
        self._intake = dependencies.intake
        self._prefixes = dependencies.prefixes
        self._origins = allowed_origins(dependencies.settings)

    @commands.hybrid_group(  # type: ignore[arg-type]
        name="style", help=text.STYLE_HELP, invoke_without_command=True, case_insensitive=True
    )
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def style(self, ctx: commands.Context[Any], *, words: str = "") -> None:
        """List the presets; with pictures, do the same as `stylize`."""
        stylize = ctx.bot.get_command("stylize")
        if stylize is not None and (words or ctx.message.attachments or ctx.message.reference):
            await ctx.invoke(stylize, words=words)
        else:
            await self._list(ctx)

    @style.command(name="add", usage="<name> [emoji]", help=text.ADD_HELP)  # type: ignore[arg-type]
    @app_commands.describe(
        name=text.ADD_NAME,
        picture=text.ADD_PICTURE,
        emoji=text.ADD_EMOJI,
    )
    async def add(
        self,
        ctx: commands.Context[Any],
        *,
        name: str,
        picture: discord.Attachment | None = None,
        emoji: str | None = None,
    ) -> None:
        """Add a preset."""
        await self._check_can_manage_presets(ctx)
        guild = _guild(ctx.guild)
        check_can_send_picture(ctx)
        await show_typing(ctx)
        if emoji is None:
            name, emoji = split_emoji(name)
        if has_request_words(name):
            raise PresetRefused(PresetProblem.RESERVED_NAME, word=name)
        await self._preset_editor.check(guild.id, name, emoji)
        source = await self._picture(ctx, picture)
        async with self._intake.fetch(source, member_id=ctx.author.id) as (fetched, preview):
            preset = await self._preset_editor.add(
                guild.id,
                name,
                emoji=emoji,
                picture=fetched,
                preview=preview,
                alt_text=_description(picture or next(iter(ctx.message.attachments), None)),
                added_by=ctx.author.id,
            )
        try:
            with translate_discord_errors():
                await ctx.reply(
                    embed=added_embed(preset, prefix=await self._prefixes.of(ctx)),
                    file=picture_file(preview, preset.alt_text),
                    view=added_view(preset),
                    ephemeral=True,
                )
        except DiscordRejectedError as error:
            if "emoji" not in str(error).lower():
                raise
            await self._preset_editor.remove(guild.id, preset.name)
            raise PresetRefused(PresetProblem.BAD_EMOJI, word=preset.emoji) from error

    @style.command(name="list", help=text.LIST_HELP)  # type: ignore[arg-type]
    async def list(self, ctx: commands.Context[Any]) -> None:
        """List the presets."""
        await self._list(ctx)

    @style.command(name="show", help=text.SHOW_HELP)  # type: ignore[arg-type]
    @app_commands.describe(name=text.STYLE_NAME)
    async def show(self, ctx: commands.Context[Any], *, name: str) -> None:
        """Show one preset."""
        check(Act.SEE_PRESETS, ctx)
        guild = _guild(ctx.guild)
        check_can_send_picture(ctx)
        await show_typing(ctx)
        embed, file, view = await self._shown(guild.id, name)
        await ctx.reply(embed=embed, file=file, view=view, ephemeral=True)

    @style.command(name="remove", help=text.REMOVE_HELP)  # type: ignore[arg-type]
    @app_commands.describe(name=text.STYLE_NAME)
    async def remove(self, ctx: commands.Context[Any], *, name: str) -> None:
        """Ask whether to remove a preset."""
        await self._check_can_manage_presets(ctx)
        guild = _guild(ctx.guild)
        await show_typing(ctx)
        preset = await self._own(guild.id, name)
        await ctx.reply(removal_question(preset), view=removal_view(preset.name), ephemeral=True)

    @show.autocomplete("name")
    async def _suggest_any(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return _choices(await self._catalog.presets(interaction.guild_id), typed)

    @remove.autocomplete("name")
    async def _suggest_own(self, interaction: discord.Interaction[Any], typed: str) -> Choices:
        return _choices(await self._catalog.guild_presets(interaction.guild_id), typed)

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {routes.GUILD_PRESET: self.on_preset_button}

    async def on_preset_button(
        self, interaction: discord.Interaction[Any], /, *, action: PresetAction, name: str
    ) -> None:
        """Handle a button on a message about a preset.

        Raises:
            AccessRefused: the member may not manage presets.
            PresetRefused: there is none of that name.
        """
        await self._check_can_manage_presets(interaction)
        guild = _guild(interaction.guild)
        match action:
            case PresetAction.ASK:
                preset = await self._own(guild.id, name)
                await interaction.followup.send(
                    removal_question(preset), view=removal_view(preset.name), ephemeral=True
                )
            case PresetAction.REMOVE:
                preset = await self._preset_editor.remove(guild.id, name)
                removed = text.REMOVED.format(emoji=preset.emoji, title=escaped(preset.title))
                await interaction.edit_original_response(content=removed, view=None)
            case PresetAction.KEEP:
                await interaction.edit_original_response(content=text.KEPT, view=None)

    async def _list(self, ctx: commands.Context[Any]) -> None:
        check(Act.SEE_PRESETS, ctx)
        guild = _guild(ctx.guild)
        check_can_send_picture(ctx)
        await show_typing(ctx)
        own = await self._catalog.guild_presets(guild.id)
        files = [presets_sheet(await self._catalog.sheet(own), own)] if own else []
        await ctx.reply(
            embed=list_embed(own, prefix=await self._prefixes.of(ctx)), files=files, ephemeral=True
        )

    async def _shown(
        self, guild_id: int, name: str
    ) -> tuple[discord.Embed, discord.File, discord.ui.View]:
        presets = await self._catalog.presets(guild_id)
        preset = find(name, presets)
        if preset is None:
            near = nearest(name, presets)
            raise PresetRefused(PresetProblem.UNKNOWN, word=name, suggestion=near)
        own = await self._own(guild_id, name) if preset.guild_id is not None else None
        embed = show_embed(preset, own, prefix=await self._prefixes.of_guild(guild_id))
        file = picture_file(await preset.preview(), preset.alt_text)
        view = show_view(preset.name, emoji=preset.emoji, removable=own is not None)
        return embed, file, view

    async def _own(self, guild_id: int, name: str) -> GuildPreset:
        """Find one of the guild's own presets by its name.

        Raises:
            PresetRefused: there is none of that name.
        """
        own = await self._catalog.guild_presets(guild_id)
        found = find(name, own)
        for preset in await self._store.guild_presets.list_for_guild(guild_id):
            if found is not None and preset.name == found.name:
                return preset
        raise PresetRefused(PresetProblem.UNKNOWN, word=name, suggestion=nearest(name, own))

    async def _picture(
        self, ctx: commands.Context[Any], attached: discord.Attachment | None
    ) -> PictureSource:
        """Choose the picture that a preset is made of.

        Raises:
            PresetRefused: there is none.
        """
        if attached is not None:
            return source_of(attached)
        pictures: tuple[PictureSource, ...] = ()
        if ctx.interaction is None:
            found = await pictures_of_request(ctx.message, origins=self._origins, previews=True)
            pictures = found.pictures
        if not pictures:
            raise PresetRefused(PresetProblem.NO_PICTURE)
        return pictures[-1]

    async def _check_can_manage_presets(
        self, source: commands.Context[Any] | discord.Interaction[Any]
    ) -> None:
        guild_id = source.guild.id if source.guild is not None else None
        settings = None
        if guild_id is not None:
            settings = await self._store.guilds.get_settings(guild_id)
        check(Act.MANAGE_PRESETS, source, preset_subject(guild_id, settings))


def _guild(guild: discord.Guild | None) -> discord.Guild:
    if guild is None:
        raise AccessRefused(AccessProblem.NO_PRESETS_HERE)
    return guild


def _description(attachment: discord.Attachment | None) -> str | None:
    return attachment.description if attachment is not None else None


def _choices(presets: Sequence[CatalogPreset], typed: str) -> Choices:
    typed = typed.strip().lower()
    return [
        app_commands.Choice(name=f"{each.emoji} {plain(each.title)}", value=each.name)
        for each in presets
        if typed in each.title.lower() or typed in each.name
    ][:MOST_CHOICES]
