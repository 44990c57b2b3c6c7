"""The `privacy` command: show, export or delete what is held about a member."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord_errors import translate_discord_errors
from bot.errors import AccessDeniedError
from bot.exts.backend.responders import reply_ephemeral, sentence_for, show_typing
from bot.exts.privacy.export import DataExport, load_held_data
from bot.ops.error_report import Where
from bot.ops.tasks import BackgroundTasks
from bot.views.components import routes
from bot.views.components.routes import PrivacyAction
from bot.views.privacy import (
    Erased,
    confirmation_question,
    confirmation_view,
    deletion_report,
    held_data_embed,
    privacy_view,
)
from bot.views.text import privacy as text

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from bot.exts.backend.component_router import Handler
    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.backend.in_flight import InFlightRequests
    from bot.views.components.routes import Route

# mypy cannot infer the type variables of `hybrid_command`, hence the ignores below.
__all__ = ["PrivacyCommands"]

logger = logging.getLogger(__name__)

EXPORTS_AT_ONCE: Final = 2
ERASE_SECONDS: Final = 600.0
"""How long to wait for the messages to be deleted; the interaction expires after 15 minutes."""

ERASE_POLL_SECONDS: Final = 0.25


class PrivacyCommands(commands.Cog, description=text.SECTION):
    """What is held about a member."""

    def __init__(
        self,
        dependencies: Dependencies,
        bot: commands.AutoShardedBot,
        *,
        in_flight: InFlightRequests,
    ) -> None:
        self._store = dependencies.store
        self._artefacts = dependencies.artefacts
        self._settings = dependencies.settings
        self._bot = bot
        self._in_flight = in_flight
        self._tasks = BackgroundTasks(Where.BACKEND)
        self._exporting = asyncio.Semaphore(EXPORTS_AT_ONCE)

    async def cog_unload(self) -> None:
        """Cancel running exports and deletions; a deletion is one transaction."""
        await self._tasks.close()

    @commands.hybrid_command(name="privacy", ignore_extra=False, help=text.HELP)  # type: ignore[arg-type]
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    async def privacy(self, ctx: commands.Context[Any]) -> None:
        """Show what is held about the member, by direct message if used in a channel."""
        await show_typing(ctx)
        held = await load_held_data(self._store, ctx.author.id)
        embed = held_data_embed(
            held,
            retention_days=self._settings.retention_days,
            picker_seconds=self._settings.picker_seconds,
            guild_name=self._guild_name,
        )
        view = privacy_view(ctx.author.id, held)
        if ctx.interaction is not None or ctx.guild is None:
            await ctx.reply(embed=embed, view=view, ephemeral=True)
            return
        try:
            with translate_discord_errors():
                await ctx.author.send(embed=embed, view=view)
        except AccessDeniedError:
            await ctx.reply(text.NO_DM)
        else:
            await ctx.reply(text.SENT)

    @property
    def handlers(self) -> Mapping[Route, Handler]:
        """The handlers by route."""
        return {routes.PRIVACY: self.on_privacy_button}

    async def on_privacy_button(
        self, interaction: discord.Interaction[Any], /, *, action: PrivacyAction, member_id: int
    ) -> None:
        """Handle a button on a member's own privacy message."""
        match action:
            case PrivacyAction.EXPORT:
                self._start(interaction, self._export(interaction), "export")
            case PrivacyAction.ASK:
                await self._ask(interaction, member_id)
            case PrivacyAction.KEEP:
                await interaction.edit_original_response(content=text.KEPT, view=None)
            case PrivacyAction.FORGET | PrivacyAction.ERASE:
                await interaction.edit_original_response(content=text.FORGETTING, view=None)
                erase = action is PrivacyAction.ERASE
                self._start(
                    interaction, self._delete_data(interaction, messages_too=erase), "forget"
                )

    def _guild_name(self, guild_id: int) -> str | None:
        guild = self._bot.get_guild(guild_id)
        return guild.name if guild is not None else None

    def _start(
        self, interaction: discord.Interaction[Any], work: Coroutine[Any, Any, None], what: str
    ) -> None:
        """Run slow work in the background; a second press while it runs changes nothing."""

        async def run() -> None:
            with self._in_flight.track(functools.partial(reply_ephemeral, interaction)):
                try:
                    await work
                except Exception as error:
                    await reply_ephemeral(interaction, sentence_for(error, doing=what))

        name = f"{what} for {interaction.user.id}"
        if self._tasks.is_running(name):
            work.close()
        else:
            self._tasks.start(run(), name=name)

    async def _ask(self, interaction: discord.Interaction[Any], member_id: int) -> None:
        """Ask for confirmation before anything is deleted."""
        held = await load_held_data(self._store, member_id)
        if held.is_empty:
            await reply_ephemeral(interaction, deletion_report(held, erased=None))
            return
        await interaction.followup.send(
            confirmation_question(held, self._guild_name),
            view=confirmation_view(member_id),
            ephemeral=True,
        )

    async def _export(self, interaction: discord.Interaction[Any]) -> None:
        held = await load_held_data(self._store, interaction.user.id)
        export = DataExport(
            self._artefacts,
            folder=self._settings.data_dir,
            limit=interaction.filesize_limit,
            most=self._settings.max_export_files,
        )
        number = 0
        async with self._exporting:
            async for zipped in export.zips(held):
                number += 1
                await interaction.followup.send(
                    text.EXPORT_PART.format(number=number),
                    file=discord.File(zipped, filename=f"stylebot-{number}.zip"),
                    ephemeral=True,
                )

    async def _delete_data(
        self, interaction: discord.Interaction[Any], *, messages_too: bool
    ) -> None:
        """Delete everything about the member, then report how many messages are deleted."""
        member_id = interaction.user.id
        before = await load_held_data(self._store, member_id)
        deleted = await self._store.retention.delete_member_data(
            member_id, delete_messages=messages_too
        )
        logger.info("deleted everything about a member: %d jobs", len(deleted.jobs))
        erased = None
        if messages_too:
            erased = await self._wait_for_deletion(
                {message_id for _, message_id in deleted.messages}
            )
        await interaction.edit_original_response(content=deletion_report(before, erased=erased))

    async def _wait_for_deletion(self, message_ids: set[int]) -> Erased:
        """Wait until no message waits to be deleted, or `ERASE_SECONDS` are over."""
        deadline = time.monotonic() + ERASE_SECONDS
        while True:
            standing = await self._store.pending_deletions.get_status(message_ids)
            if standing.waiting == 0 or time.monotonic() > deadline:
                return Erased(
                    messages=len(message_ids), waiting=standing.waiting, stuck=standing.abandoned
                )
            await asyncio.sleep(ERASE_POLL_SECONDS)
