"""What is served: interactions are acknowledged first, and members in a cooldown are told once.

Commands, context menus, buttons, menus and forms all pass `Admission.admit_interaction` before
anything else is done. It waits for nothing but Discord: not for the database, and for no file.
Only what opens a form is not acknowledged here, since the form must be the first answer.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from bot.discord_errors import translate_discord_errors
from bot.errors import DiscordError
from bot.exts.backend.responders import MessageResponder, reply_ephemeral
from bot.ops.error_report import Where, count_error
from bot.views.text import errors as text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import discord

    from bot.errors import CooldownActive
    from bot.exts.backend.cooldowns import Cooldowns
    from bot.exts.backend.in_flight import InFlightRequests
    from bot.ops.reply_pacer import ReplyPacer

__all__ = ["Admission", "acknowledge"]

logger = logging.getLogger(__name__)

ALREADY_ACKNOWLEDGED: Final = 40060
"""Discord's code: another process of this bot was faster."""

OTHERS_FIRST_SECONDS: Final = 1.0
"""How long a process that stops leaves an interaction to the others that received it."""


class Admission:
    """Decides which interactions and messages this process serves, and answers the others.

    Several processes may receive the same one. Discord lets one process acknowledge an
    interaction, and that one serves it; a message is served by the one that claims it.

    Args:
        cooldowns: of members and guilds.
        in_flight: knows whether the bot is about to disconnect.
        reply_pacer: spaces the replies to messages.
        claim: whether this process is the first to claim a key.
    """

    def __init__(
        self,
        cooldowns: Cooldowns,
        in_flight: InFlightRequests,
        *,
        reply_pacer: ReplyPacer,
        claim: Callable[[str], Awaitable[bool]],
    ) -> None:
        self.cooldowns = cooldowns
        self._in_flight = in_flight
        self._reply_pacer = reply_pacer
        self._claim = claim

    async def admit_interaction(
        self, interaction: discord.Interaction[Any], *, opens_form: bool
    ) -> bool:
        """Acknowledge an interaction.

        Args:
            interaction: not answered yet.
            opens_form: whether its handler answers with a form at once.

        Returns:
            Whether this process serves it.
        """
        if self._in_flight.is_closed:
            await asyncio.sleep(OTHERS_FIRST_SECONDS)
            await reply_ephemeral(interaction, text.CUT_OFF)
            return False
        cooldown = self.cooldowns.count(interaction.user.id, interaction.guild_id)
        if cooldown is not None:
            await self._refuse(interaction, cooldown)
            return False
        return opens_form or await acknowledge(interaction)

    async def admit_message(self, message: discord.Message, key: str) -> bool:
        """Return whether this process serves a message that asks for something.

        Args:
            message: the message.
            key: identifies what it asks for.
        """
        member_id = message.author.id
        guild_id = message.guild.id if message.guild is not None else None
        cooldown = self.cooldowns.count(member_id, guild_id)
        if cooldown is None:
            return await self._claim(key)
        if self.cooldowns.is_untold(member_id, cooldown) and await self._claim(key):
            await MessageResponder(message, self._reply_pacer).reply(_sentence(cooldown))
        return False

    async def _refuse(
        self, interaction: discord.Interaction[Any], cooldown: CooldownActive
    ) -> None:
        """Tell the member once; acknowledge the rest without a word."""
        if self.cooldowns.is_untold(interaction.user.id, cooldown):
            await reply_ephemeral(interaction, _sentence(cooldown))
        elif await acknowledge(interaction) and interaction.message is None:
            try:
                with translate_discord_errors():
                    await interaction.delete_original_response()
            except DiscordError as error:
                logger.info("an answer in a cooldown was not removed: %s", error)


async def acknowledge(interaction: discord.Interaction[Any]) -> bool:
    """Acknowledge an interaction; False if another process did, or the three seconds were over.

    Components, and forms opened by one, are acknowledged silently; commands with a message for
    the member alone.
    """
    try:
        with translate_discord_errors():
            if interaction.message is not None:
                await interaction.response.defer()
            else:
                await interaction.response.defer(ephemeral=True, thinking=True)
    except DiscordError as error:
        if getattr(error.__cause__, "code", None) == ALREADY_ACKNOWLEDGED:
            logger.debug("interaction %d is served by another process", interaction.id)
        else:
            count_error(Where.BACKEND, error)
            logger.warning("interaction %d could not be acknowledged: %s", interaction.id, error)
        return False
    return True


def _sentence(cooldown: CooldownActive) -> str:
    return text.explain(cooldown) or str(cooldown)
