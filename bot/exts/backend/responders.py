"""Answering the member who asked, in the one way that is still possible."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any, Final, Protocol

import discord

from bot.errors import RequestProblem, RequestRefused
from bot.jobs.models import Origin
from bot.views.text import sentences

if TYPE_CHECKING:
    from discord.abc import MessageableChannel
    from discord.ext import commands

    from bot.settings import Settings

__all__ = [
    "InteractionResponder",
    "MessageResponder",
    "Responder",
    "SuggestionResponder",
    "check_may_paint_here",
    "check_may_show_here",
    "defer",
    "priority_of",
    "reply_ephemeral",
    "sentence_for",
]

logger = logging.getLogger(__name__)

WARNING_SIGN: Final = "⚠️"
ANSWER_SECONDS: Final = 20.0

NEEDED: Final = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": "Attach Files",
}
"""Permissions a painting needs in its channel, by discord.py's name and by Discord's."""


class Responder(Protocol):
    """Whoever asked, by whatever way: knows where answers go."""

    @property
    def origin(self) -> Origin:
        """Where the painting goes, and to whom."""
        ...

    @property
    def request_key(self) -> str:
        """What makes the request unique."""
        ...

    @property
    def member(self) -> discord.User | discord.Member:
        """Who asked; a member of the guild where there is one."""
        ...

    @property
    def channel(self) -> MessageableChannel:
        """Where the bot posts."""
        ...

    @property
    def permissions(self) -> discord.Permissions:
        """What the bot may do there."""
        ...

    async def say(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Answer with one sentence, and buttons under it."""
        ...

    async def accepted(self, text: str) -> None:
        """Close the request where it cannot simply be left, as an interaction cannot."""
        ...


def priority_of(member: discord.User | discord.Member | None, settings: Settings) -> int:
    """Above 0 for a member of one of the roles that the operator favours."""
    if not isinstance(member, discord.Member):
        return 0
    return int(any(role.id in settings.favoured_roles for role in member.roles))


class MessageResponder:
    """A member who wrote a message."""

    def __init__(self, message: discord.Message) -> None:
        self._message = message
        self.origin = Origin(
            guild_id=message.guild.id if message.guild else None,
            channel_id=message.channel.id,
            message_id=message.id,
            requester_id=message.author.id,
        )
        self.request_key = f"message:{message.id}"
        self.member = message.author
        self.channel: MessageableChannel = message.channel

    @property
    def permissions(self) -> discord.Permissions:
        """What the bot may do in the message's channel."""
        message = self._message
        if message.guild is None or isinstance(message.channel, discord.PartialMessageable):
            return discord.Permissions.all_channel()
        return message.channel.permissions_for(message.guild.me)

    async def say(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Reply; where that is not allowed, put a warning sign on the message and write a DM."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._say(text, view or discord.utils.MISSING)
        except (discord.HTTPException, TimeoutError) as error:
            logger.warning("member %d cannot be answered: %s", self.origin.requester_id, error)

    async def accepted(self, text: str) -> None:
        """Nothing: the card is the answer."""

    async def _say(self, text: str, view: discord.ui.View) -> None:
        message = self._message
        try:
            reference = message.to_reference(fail_if_not_exists=False)
            await message.channel.send(
                text,
                reference=reference,
                allowed_mentions=discord.AllowedMentions.none(),
                view=view,
            )
        except discord.Forbidden:
            pass
        else:
            return
        try:
            await message.add_reaction(WARNING_SIGN)
        except discord.Forbidden:
            logger.info("no warning sign may be put on message %d either", message.id)
        await message.author.send(text, allowed_mentions=discord.AllowedMentions.none(), view=view)


class InteractionResponder:
    """A member who used a slash command or the Apps menu; acknowledged before this is made."""

    def __init__(
        self, interaction: discord.Interaction[Any], *, reply_to: int | None = None
    ) -> None:
        """Make an asker of an interaction that happened in a channel.

        Args:
            interaction: deferred already.
            reply_to: the message its painting replies to, if it was about one.

        Raises:
            RequestRefused: the channel is of a kind nothing can be posted in.
        """
        channel = interaction.channel
        if channel is None or isinstance(channel, (discord.ForumChannel, discord.CategoryChannel)):
            raise RequestRefused(RequestProblem.NOT_ALLOWED_HERE)
        self._interaction = interaction
        self.origin = Origin(
            guild_id=interaction.guild_id,
            channel_id=channel.id,
            message_id=reply_to,
            requester_id=interaction.user.id,
        )
        self.request_key = f"interaction:{interaction.id}"
        self.member = interaction.user
        self.channel: MessageableChannel = channel

    @property
    def permissions(self) -> discord.Permissions:
        """What Discord says the bot may do in the interaction's channel."""
        return self._interaction.app_permissions

    async def say(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Answer so that only the member sees it."""
        await reply_ephemeral(self._interaction, text, view=view or discord.utils.MISSING)

    async def accepted(self, text: str) -> None:
        """Answer so that only the member sees it."""
        await reply_ephemeral(self._interaction, text)


class SuggestionResponder(InteractionResponder):
    """A member who pressed a button under a refusal: the request is the one that was refused."""

    def __init__(
        self, interaction: discord.Interaction[Any], *, origin: Origin, request_key: str
    ) -> None:
        """Make an asker of a press.

        Args:
            interaction: acknowledged already.
            origin: where the refused request came from.
            request_key: makes one painting of several presses.

        Raises:
            RequestRefused: the channel is of a kind nothing can be posted in.
        """
        super().__init__(interaction)
        self.origin = origin
        self.request_key = request_key
        if self.channel.id != origin.channel_id:  # the refusal was said in a direct message
            self.channel = interaction.client.get_partial_messageable(
                origin.channel_id, guild_id=origin.guild_id
            )

    async def accepted(self, text: str) -> None:
        """Take the buttons off the refusal, for they have done what they could."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._interaction.edit_original_response(view=None)
        except (discord.HTTPException, TimeoutError) as error:
            logger.info("the buttons of an offer stay: %s", error)


def check_may_paint_here(responder: Responder) -> None:
    """Make sure the painting can be posted before anything is done for it.

    Raises:
        RequestRefused: the bot lacks a permission in the channel; `detail` names it.
    """
    permissions = responder.permissions
    missing = [title for name, title in NEEDED.items() if not getattr(permissions, name)]
    if isinstance(responder.channel, discord.Thread) and permissions.send_messages_in_threads:
        missing = [title for title in missing if title != NEEDED["send_messages"]]
    if missing:
        raise RequestRefused(RequestProblem.NOT_ALLOWED_HERE, detail=", ".join(missing))


def check_may_show_here(ctx: commands.Context[Any]) -> None:
    """Make sure a picture can be posted where a command was written; elsewhere it always can.

    Raises:
        RequestRefused: the bot lacks a permission in the channel; `detail` names it.
    """
    if ctx.interaction is None:
        check_may_paint_here(MessageResponder(ctx.message))


def sentence_for(error: BaseException, *, doing: str) -> str:
    """The sentence a member reads; an error not meant for members is logged under a reference.

    Args:
        error: what went wrong.
        doing: what was being done, for the log.
    """
    text = sentences.explain(error)
    if text is not None:
        return text
    reference = secrets.token_hex(4)
    logger.error("%s failed [reference %s]", doing, reference, exc_info=error)
    return sentences.INTERNAL.format(reference=reference)


async def defer(interaction: discord.Interaction[Any]) -> bool:
    """Acknowledge within Discord's three seconds; False where it was too late even so.

    A press on a button is acknowledged without a word, and so is a form that one opened; a
    command with a note for the member alone.
    """
    try:
        if interaction.message is not None:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
    except discord.InteractionResponded:
        return True
    except discord.HTTPException as error:
        logger.warning("interaction %d could not be acknowledged: %s", interaction.id, error)
        return False
    return True


async def reply_ephemeral(
    interaction: discord.Interaction[Any],
    text: str,
    *,
    embed: discord.Embed = discord.utils.MISSING,
    view: discord.ui.View = discord.utils.MISSING,
    file: discord.File = discord.utils.MISSING,
) -> None:
    """Tell the member something that nobody else sees; acknowledges if that is still to be done."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            if interaction.response.is_done():
                await interaction.followup.send(
                    text, embed=embed, view=view, file=file, ephemeral=True
                )
            else:
                await interaction.response.send_message(
                    text, embed=embed, view=view, file=file, ephemeral=True
                )
    except (discord.HTTPException, TimeoutError) as error:
        logger.warning("member %d cannot be answered: %s", interaction.user.id, error)
