"""The `gallery` command: a member's results, page by page."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_errors import discord_request
from bot.errors import ArtefactMissingError, UnknownJobError
from bot.exts.backend.access import place_of
from bot.exts.backend.responders import check_can_send_picture, reply_ephemeral, show_typing
from bot.exts.jobs.gallery_search import is_found, read_search
from bot.exts.jobs.viewers import Viewers
from bot.presets.contact_sheet import contact_sheet
from bot.views.components import routes
from bot.views.components.routes import GalleryFilter
from bot.views.gallery import (
    PAGE,
    WORDS_FIELD,
    GalleryPage,
    GalleryPosition,
    SearchForm,
    caption,
    gallery_embed,
    gallery_file,
    gallery_view,
    opened_text,
)
from bot.views.result_picture import result_file
from bot.views.result_view import result_view
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

EDIT_SECONDS: Final = 60.0
REQUEST_OVERHEAD_BYTES: Final = 64 * 1024
"""Part of the upload limit left for the request's other contents."""

COLUMNS: Final = 3
TILE: Final = (280, 210)


class GalleryCommands(commands.Cog, description=text.SECTION):
    """Shows the results of a member's jobs."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._store = dependencies.store
        self._artefacts = dependencies.artefacts
        self._prefixes = dependencies.prefixes
        self._largest_size = dependencies.settings.largest_size

    @commands.hybrid_command(name="gallery", help=text.HELP)  # type: ignore[arg-type]
    @app_commands.describe(member=text.MEMBER, search=text.SEARCH_WORDS)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def gallery(
        self, ctx: commands.Context[Any], member: discord.User | None = None, *, search: str = ""
    ) -> None:
        """Show a member's results that everyone who sees the answer may see."""
        check_can_send_picture(ctx)
        await show_typing(ctx)
        subject = member or ctx.author
        only, words = read_search(search)
        position = GalleryPosition(
            opened_by=ctx.author.id, subject=subject.id, only=only, words=words
        )
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
            routes.GALLERY_NEWER: self.on_view_button,
            routes.GALLERY_OLDER: self.on_view_button,
            routes.GALLERY_VIEW: self.on_view_button,
            routes.GALLERY_OPEN: self.on_open_select,
            routes.GALLERY_SEARCH: self.on_search_button,
            routes.GALLERY_SEARCH_FORM: self.on_search_form,
        }

    async def on_view_button(
        self,
        interaction: discord.Interaction[Any],
        /,
        *,
        opened_by: int,
        subject: int,
        page: int,
        only: GalleryFilter = GalleryFilter.ALL,
        words: str = "",
    ) -> None:
        """Show another page of an open gallery, or other paintings."""
        position = GalleryPosition(
            opened_by=opened_by, subject=subject, page=page, only=only, words=words
        )
        await self._show(interaction, position)

    async def on_search_button(
        self, interaction: discord.Interaction[Any], /, *, opened_by: int, subject: int
    ) -> None:
        """Open the form that asks what to search for."""
        await interaction.response.send_modal(SearchForm(opened_by=opened_by, subject=subject))

    async def on_search_form(
        self, interaction: discord.Interaction[Any], /, *, opened_by: int, subject: int
    ) -> None:
        """Show the paintings that were searched for."""
        only, words = read_search(_entered_words(interaction))
        position = GalleryPosition(opened_by=opened_by, subject=subject, only=only, words=words)
        await self._show(interaction, position)

    async def on_open_select(
        self, interaction: discord.Interaction[Any], /, *, opened_by: int, values: tuple[str, ...]
    ) -> None:
        """Open a painting in full for the member alone, with the components of a result.

        Raises:
            UnknownJobError: it is not kept any more, or the member may not see it here.
            ArtefactMissingError: its picture is not kept any more.
        """
        job = await self._store.get(values[0] if values else "")
        viewers = Viewers(
            interaction.guild, interaction.channel_id, interaction.user, privately=True
        )
        if not viewers.may_see(job) or job.result_key is None:
            raise UnknownJobError(job.job_id)
        picture = await self._artefacts.get(job.result_key)
        limit = interaction.filesize_limit - REQUEST_OVERHEAD_BYTES
        file, _ = await result_file(job, picture, limit=limit)
        favourites = await self._store.favourites.list_for_member(opened_by)
        is_favourite = any(each.job_id == job.job_id for each in favourites)
        await reply_ephemeral(
            interaction,
            opened_text(job, is_favourite=is_favourite),
            file=file,
            view=result_view(job, largest_size=self._largest_size),
        )

    async def _show(self, interaction: discord.Interaction[Any], position: GalleryPosition) -> None:
        """Edit the message of an open gallery.

        Raises:
            DiscordError: it cannot be edited.
        """
        viewers = Viewers(
            interaction.guild,
            interaction.channel_id,
            interaction.user,
            privately=place_of(interaction).is_private,
        )
        page = await self._page(position, interaction.guild, viewers.may_see)
        name = await _name_of(interaction, position.subject)
        prefix = await self._prefixes.of_guild(interaction.guild_id)
        files = await self._files(page)
        async with discord_request(seconds=EDIT_SECONDS):
            await interaction.edit_original_response(
                embed=gallery_embed(page, name=name, prefix=prefix),
                attachments=files,
                view=gallery_view(page),
            )

    async def _page(
        self,
        position: GalleryPosition,
        guild: discord.Guild | None,
        may_see: Callable[[Job], bool],
    ) -> GalleryPage:
        """Load the requested page, or the nearest that exists."""
        guild_id = guild.id if guild is not None else None
        favourites = await self._store.favourites.list_for_member(position.opened_by)
        if position.only is GalleryFilter.FAVOURITES:
            jobs = await self._store.favourites.list_jobs(
                position.opened_by, guild_id=guild_id, limit=MOST_PAINTINGS
            )
        else:
            jobs = await self._store.list_succeeded(
                position.subject, guild_id=guild_id, limit=MOST_PAINTINGS
            )
        jobs = [job for job in jobs if is_found(job, position.words)]
        shown = [job for job in jobs if may_see(job)]
        last = max(0, -(-len(shown) // PAGE) - 1)
        page = min(max(0, position.page), last)
        is_own = position.opened_by == position.subject
        return GalleryPage(
            position=replace(position, page=page),
            jobs=shown[page * PAGE : (page + 1) * PAGE],
            total=len(shown),
            left_out=len(jobs) - len(shown) if is_own else 0,
            favourites=frozenset(each.job_id for each in favourites),
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


def _entered_words(interaction: discord.Interaction[Any]) -> str:
    """Read the text of a submitted search form."""
    data = cast("dict[str, Any]", interaction.data)
    for row in data.get("components", []):
        field = row.get("component", {})
        if field.get("custom_id") == WORDS_FIELD:
            return str(field.get("value") or "")
    return ""
