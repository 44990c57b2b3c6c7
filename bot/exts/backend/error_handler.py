"""One place where every error ends: a sentence for the member, the rest for the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from discord import app_commands
from discord.ext import commands

from bot.exts.backend.responders import MessageResponder, reply_ephemeral, sentence_for
from bot.views.text import sentences

if TYPE_CHECKING:
    import discord

__all__ = ["Errors"]

logger = logging.getLogger(__name__)


class Errors(commands.Cog):
    """Answers for whatever went wrong anywhere."""

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot
        self._previous = bot.tree.on_error

    async def cog_load(self) -> None:
        """Take over the slash commands' errors too."""
        self._bot.tree.on_error = self.on_app_command_error  # type: ignore[method-assign]

    async def cog_unload(self) -> None:
        """Hand them back."""
        self._bot.tree.on_error = self._previous  # type: ignore[method-assign]

    @commands.Cog.listener()
    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError
    ) -> None:
        """A text command failed. Words that are no command of ours are left alone."""
        if isinstance(error, commands.CommandNotFound):
            return
        text = self._sentence(error, doing=f"command {ctx.command}")
        if ctx.interaction is not None:
            await reply_ephemeral(ctx.interaction, text)
        else:
            await MessageResponder(ctx.message).say(text)

    async def on_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """A slash command or an Apps menu entry failed."""
        command = interaction.command.qualified_name if interaction.command else "?"
        await reply_ephemeral(interaction, self._sentence(error, doing=f"command /{command}"))

    def _sentence(self, error: Exception, *, doing: str) -> str:
        match error:
            case (
                commands.CommandInvokeError(original=cause)
                | commands.HybridCommandError(original=cause)
                | app_commands.CommandInvokeError(original=cause)
            ):
                text = self._sentence(cause, doing=doing)
            case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
                text = sentences.COMMANDS_CHANGED
            case commands.NotOwner():
                text = sentences.OPERATOR_ONLY
            case commands.CheckFailure() | app_commands.CheckFailure():
                text = sentences.NOT_FOR_YOU
            case commands.UserInputError():
                text = sentences.INPUT_NOT_UNDERSTOOD.format(prefix=self._prefix)
            case _:
                text = sentence_for(error, doing=doing)
        return text

    @property
    def _prefix(self) -> str:
        return str(getattr(self._bot, "text_prefix", ""))
