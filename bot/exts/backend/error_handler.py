"""The handler of all errors of commands: a sentence for the member, details for the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import AccessProblem, AccessRefused
from bot.exts.backend.bot_permissions import explain_denial, explain_denied_interaction
from bot.exts.backend.prefixes import is_plain_prefix
from bot.exts.backend.responders import MessageResponder, reply_ephemeral, sentence_for
from bot.views.text import errors as text

if TYPE_CHECKING:
    from bot.exts.backend.prefixes import Prefixes
    from bot.ops.reply_pacer import ReplyPacer

__all__ = ["ErrorHandler"]

_FOR_ANOTHER_BOT: Final = (commands.TooManyArguments, commands.BadArgument)
_WRAPPERS: Final = (
    commands.CommandInvokeError,
    commands.HybridCommandError,
    app_commands.CommandInvokeError,
)
"""Errors that discord.py raises in place of the command's own one, their `original`."""

logger = logging.getLogger(__name__)


class ErrorHandler(commands.Cog):
    """Replies to members whose command failed."""

    def __init__(
        self, bot: commands.AutoShardedBot, prefixes: Prefixes, reply_pacer: ReplyPacer
    ) -> None:
        self._bot = bot
        self._prefixes = prefixes
        self._reply_pacer = reply_pacer
        self._previous = bot.tree.on_error

    async def cog_load(self) -> None:
        """Handle the errors of slash commands too."""
        self._bot.tree.on_error = self.on_app_command_error  # type: ignore[method-assign]

    async def cog_unload(self) -> None:
        """Restore the previous handler."""
        self._bot.tree.on_error = self._previous  # type: ignore[method-assign]

    @commands.Cog.listener()
    async def on_command_error(
        self, ctx: commands.Context[Any], error: commands.CommandError
    ) -> None:
        """Reply to a failed text command.

        Unknown commands and arguments are left alone: they may be meant for another bot.
        """
        if isinstance(error, commands.CommandNotFound):
            return
        if isinstance(error, _FOR_ANOTHER_BOT) and is_plain_prefix(ctx):
            return
        prefix = await self._prefixes.of(ctx)
        doing = f"command {ctx.command}"
        if ctx.interaction is not None:
            cause = explain_denied_interaction(_cause(error), ctx.interaction)
            await reply_ephemeral(ctx.interaction, _sentence(cause, doing=doing, prefix=prefix))
            return
        responder = MessageResponder(ctx.message, self._reply_pacer)
        is_thread = isinstance(ctx.channel, discord.Thread)
        cause = explain_denial(_cause(error), responder.permissions, is_thread=is_thread)
        await responder.reply(_sentence(cause, doing=doing, prefix=prefix))

    async def on_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """Reply to a failed slash command or Apps menu entry."""
        command = interaction.command.qualified_name if interaction.command else "?"
        cause = explain_denied_interaction(_cause(error), interaction)
        sentence = _sentence(cause, doing=f"command /{command}", prefix="/")
        await reply_ephemeral(interaction, sentence)


def _cause(error: BaseException) -> BaseException:
    """Return the error that a command raised itself."""
    while isinstance(error, _WRAPPERS):
        error = error.original
    return error


def _sentence(error: BaseException, *, doing: str, prefix: str) -> str:
    match error:
        case app_commands.CommandNotFound() | app_commands.CommandSignatureMismatch():
            sentence = text.COMMANDS_CHANGED
        case commands.NotOwner():
            refused = AccessRefused(AccessProblem.NOT_THE_OPERATOR)
            sentence = sentence_for(refused, doing=doing)
        case commands.CheckFailure() | app_commands.CheckFailure():
            sentence = text.NOT_FOR_YOU
        case commands.UserInputError():
            sentence = text.INPUT_NOT_UNDERSTOOD.format(prefix=prefix)
        case _:
            sentence = sentence_for(error, doing=doing)
    return sentence
