"""The context of commands; its replies to text commands wait for their turn in the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord.ext import commands

from bot.ops.reply_pacer import ReplyTurn
from bot.views.text import errors

if TYPE_CHECKING:
    import discord


__all__ = ["CommandContext"]


class CommandContext(commands.Context[Any]):
    """The context of one command."""

    async def reply(  # type: ignore[override]  # no command needs the message
        self,
        content: str | None = None,
        **kwargs: Any,  # noqa: ANN401 - passed on
    ) -> None:
        """Reply to the command, to an interaction at once.

        A repeated command whose answer is still waiting gets no second one.
        """
        if self.interaction is None:
            message = self.message
            turn = await self.bot.reply_pacer.wait_for_turn(
                message.channel.id, message.author.id, _question(message)
            )
            if turn is ReplyTurn.REPEATED:
                return
            if turn is ReplyTurn.SKIPPED:
                content, kwargs = errors.REPLY_SKIPPED, {}
        await super().reply(content, **kwargs)


def _question(message: discord.Message) -> str:
    """Return a key that is the same for messages to which one answer is enough."""
    if message.attachments:
        return f"message:{message.id}"
    reference = message.reference.message_id if message.reference is not None else None
    return f"{reference}:{message.content}"
