"""The `gallery` command: a member's results, page by page."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import ArtefactMissingError
from bot.exts.backend.access import place_of
from bot.exts.backend.responders import check_can_send_picture, show_typing
from bot.exts.jobs.viewers import Viewers
from bot.presets.contact_sheet import contact_sheet
from bot.views.components import routes
from bot.views.gallery import (
    PAGE,
    GalleryPage,
    GalleryPosition,
    caption,
    gallery_embed,
    gallery_file,
    gallery_view,
)
from bot.views.text import gallery as text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.jobs.models import Job
    from bot.views.components.routes import Route

__all__ = ["GalleryCommands"]

MOST_PAINTINGS: Final = 600
"""Number of results in a gallery at most, newest first."""

COLUMNS: Final = 3
TILE: Final = (280, 210)


class GalleryCommands(commands.Cog, description=text.SECTION):
    """Shows the results of a member's jobs."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._store = dependencies.store
        self._artefacts = dependencies.artefacts
        self._prefixes = dependencies.prefixes

    @commands.hybrid_command(name="gallery", help=text.HELP)  # type: ignore[arg-type]
    @app_commands.describe(member=text.MEMBER)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def gallery(self, ctx: commands.Context[Any], member: discord.User | None = None) -> None:
        """Show a member's results that everyone who sees the answer may see."""
        check_can_send_picture(ctx)
        await show_typing(ctx)
        subject = member or ctx.author
        position = GalleryPosition(opened_by=ctx.author.id, subject=subject.id)
        viewers = Viewers(
            ctx.guild,
            ctx.channel.id,
            ctx.author,
            privately=place_of(ctx).is_private,
        )
        page = await self._page(position, ctx.guild, viewers.may_see)
        prefix = await self._prefixes.of(ctx)
        embed = gallery_embed(page, name=subject.display_name, prefix=prefix)
        await ctx.reply(
            embed=embed, files=await self._files(page), view=gallery_view(page), ephemeral=True
        )

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {
            routes.GALLERY_NEWER: self.on_page_button,
            routes.GALLERY_OLDER: self.on_page_button,
        }

    async def on_page_button(
        self, interaction: discord.Interaction[Any], /, *, opened_by: int, subject: int, page: int
    ) -> None:
        """Show another page of an open gallery."""
        position = GalleryPosition(opened_by=opened_by, subject=subject, page=page)
        viewers = Viewers(
            interaction.guild,
            interaction.channel_id,
            interaction.user,
            privately=place_of(interaction).is_private,
        )
        shown = await self._page(position, interaction.guild, viewers.may_see)
        name = await _name_of(interaction, subject)
        prefix = await self._prefixes.of_guild(interaction.guild_id)
        await interaction.edit_original_response(
            embed=gallery_embed(shown, name=name, prefix=prefix),
            attachments=await self._files(shown),
            view=gallery_view(shown),
        )

    async def _page(
        self,
        position: GalleryPosition,
        guild: discord.Guild | None,
        may_see: Callable[[Job], bool],
    ) -> GalleryPage:
        """Load the requested page, or the nearest that exists."""
        guild_id = guild.id if guild is not None else None
        jobs = await self._store.list_succeeded(
            position.subject, guild_id=guild_id, limit=MOST_PAINTINGS
        )
        shown = [job for job in jobs if may_see(job)]
        last = max(0, -(-len(shown) // PAGE) - 1)
        page = min(max(0, position.page), last)
        is_own = position.opened_by == position.subject
        return GalleryPage(
            position=replace(position, page=page),
            jobs=shown[page * PAGE : (page + 1) * PAGE],
            total=len(shown),
            left_out=len(jobs) - len(shown) if is_own else 0,
        )

    async def _files(self, page: GalleryPage) -> list[discord.File]:
        """Make the page's sheet of thumbnails, unless the page is empty."""
        if not page.jobs:
            return []
        pictures = await asyncio.gather(*(self._picture(job) for job in page.jobs))
        titles = map(caption, page.jobs)
        samples = list(zip(titles, pictures, strict=True))
        sheet = await asyncio.to_thread(
            contact_sheet, samples, first=page.first, columns=COLUMNS, tile=TILE
        )
        return [gallery_file(sheet, page)]

    async def _picture(self, job: Job) -> bytes | None:
        """Load the result; None if it is a spoiler, or was deleted meanwhile."""
        if job.spoiler or job.result_key is None:
            return None
        try:
            return await self._artefacts.get(job.result_key)
        except ArtefactMissingError:
            return None


async def _name_of(interaction: discord.Interaction[Any], member_id: int) -> str:
    """Get the display name of the gallery's member."""
    if member_id == interaction.user.id:
        return interaction.user.display_name
    user: discord.User = await interaction.client.fetch_user(member_id)
    return user.display_name
