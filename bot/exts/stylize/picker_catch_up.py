"""Choices made by reaction while nobody listened: looked for once after each connection."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.discord_errors import discord_request
from bot.errors import DiscordError, StoreUnavailableError
from bot.views.picker import style_for_emoji

if TYPE_CHECKING:
    import discord

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.picker import PickerTable
    from bot.jobs.models import Picker
    from bot.presets.catalog import CatalogPreset

__all__ = ["catch_up"]

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 30.0


async def catch_up(
    client: discord.Client, dependencies: Dependencies, pickers: PickerTable
) -> None:
    """Look at the young pickers that nobody answered, and begin what was chosen on them."""
    patience = timedelta(seconds=dependencies.settings.picker_catch_up_seconds)
    try:
        missed = await dependencies.store.pickers.list_unused(since=datetime.now(UTC) - patience)
    except StoreUnavailableError as error:
        logger.warning("reactions made meanwhile go unseen: %s", error)
        return
    for picker in missed:
        if pickers.is_expired(picker):
            continue
        try:
            preset = await _missed_choice(client, dependencies, picker)
        except DiscordError as error:
            logger.info("picker %d cannot be read: %s", picker.message_id, error)
            continue
        if preset is not None:
            logger.info("a choice on picker %d was made meanwhile", picker.message_id)
            await pickers.choose(client, picker, preset, None)


async def _missed_choice(
    client: discord.Client, dependencies: Dependencies, picker: Picker
) -> CatalogPreset | None:
    """Return the preset that the requester chose by reaction, or None."""
    place = client.get_partial_messageable(picker.channel_id, guild_id=picker.guild_id)
    presets = await dependencies.catalog.presets(picker.guild_id)
    async with discord_request(seconds=LOOK_SECONDS):
        message = await place.fetch_message(picker.message_id)
        for reaction in message.reactions:
            preset = style_for_emoji(str(reaction.emoji), presets)
            if preset is None or reaction.count <= reaction.me:
                continue
            if picker.requester_id in [user.id async for user in reaction.users()]:
                return preset
    return None
