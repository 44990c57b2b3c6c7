"""Add a reaction for each preset to a picker, in the background."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from bot.discord_errors import discord_request, translate_discord_errors
from bot.errors import DiscordError, MessageNotFoundError
from bot.ops.error_report import Where
from bot.ops.tasks import BackgroundTasks

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    import discord

    from bot.presets.catalog import CatalogPreset

__all__ = ["ReactionOffers"]

logger = logging.getLogger(__name__)

EDIT_TIMEOUT_SECONDS: Final = 30.0


class ReactionOffers:
    """The pickers whose reactions are being added, one task for each."""

    def __init__(self) -> None:
        self._tasks = BackgroundTasks(Where.BACKEND)
        self._by_message: dict[int, asyncio.Task[None]] = {}
        self._closed = False

    async def close(self) -> None:
        """Stop adding reactions; the pickers' menus keep working."""
        self._closed = True
        await self._tasks.close()

    def start(
        self,
        message: discord.Message,
        presets: Sequence[CatalogPreset],
        *,
        fallback: discord.Embed,
        clear: bool | None = None,
    ) -> None:
        """Start adding reactions to a picker, instead of those of an earlier page.

        Args:
            message: the picker's message.
            presets: the presets on the page that it shows.
            fallback: embed to show if no reaction can be added.
            clear: whether to clear all earlier reactions at once (True) or to remove the bot's
                own one by one (False); None if there are none.
        """
        if self._closed:
            return
        self.stop(message.id)
        task = self._tasks.start(
            _add_reactions(message, presets, fallback=fallback, clear=clear),
            name=f"reactions of picker {message.id}",
        )
        self._by_message[message.id] = task
        task.add_done_callback(lambda ended: self._forget(message.id, ended))

    def stop(self, message_id: int) -> None:
        """Stop adding reactions to a picker."""
        task = self._by_message.get(message_id)
        if task is not None:
            task.cancel()

    def _forget(self, message_id: int, task: asyncio.Task[None]) -> None:
        if self._by_message.get(message_id) is task:
            del self._by_message[message_id]


async def _add_reactions(
    message: discord.Message,
    presets: Sequence[CatalogPreset],
    *,
    fallback: discord.Embed,
    clear: bool | None,
) -> None:
    """Add every preset's emoji; the member may choose before all of them are there."""
    added = 0
    try:
        with translate_discord_errors():
            if clear:
                await message.clear_reactions()
            elif clear is False:
                for reaction in message.reactions:
                    if reaction.me:
                        await message.remove_reaction(reaction.emoji, message.author)
            for preset in presets:
                await message.add_reaction(preset.emoji)
                added += 1
    except MessageNotFoundError:
        logger.debug("picker %d was deleted before all reactions were added", message.id)
    except DiscordError as error:
        logger.info("cannot add reactions to picker %d: %s", message.id, error)
        if added == 0:
            await _show_fallback(message, fallback)


async def _show_fallback(message: discord.Message, embed: discord.Embed) -> None:
    """Show the embed that mentions only the menu."""
    try:
        async with discord_request(seconds=EDIT_TIMEOUT_SECONDS):
            await message.edit(embed=embed)
    except DiscordError as error:
        logger.info("picker %d still announces reactions: %s", message.id, error)
