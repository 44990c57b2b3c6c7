"""Replies to messages, interactions and buttons, and the checks before a reply."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

import discord

from bot.discord_errors import discord_request, translate_discord_errors
from bot.errors import (
    AccessDeniedError,
    ArtefactMissingError,
    DiscordError,
    DiscordRejectedError,
    Refusal,
    RequestProblem,
    RequestRefused,
    UnknownJobError,
)
from bot.exts.backend.bot_permissions import check_permissions, explain_denied_interaction
from bot.jobs.models import Origin
from bot.ops.error_report import Where, count_error, report_error
from bot.ops.reply_pacer import ReplyTurn
from bot.views.text import errors as sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from discord.abc import MessageableChannel
    from discord.ext import commands

    from bot.ops.reply_pacer import ReplyPacer
    from bot.settings import Settings

__all__ = [
    "InteractionResponder",
    "MessageResponder",
    "Responder",
    "SuggestionResponder",
    "check_bot_permissions",
    "check_can_send_picture",
    "own_permissions",
    "priority_of",
    "reply_ephemeral",
    "send_reply",
    "sentence_for",
    "show_typing",
]

logger = logging.getLogger(__name__)

WARNING_EMOJI: Final = "⚠️"
REPLY_SECONDS: Final = 20.0
TYPING_SECONDS: Final = 1.0

FOR_MEMBERS_ALONE: Final = (ArtefactMissingError, Refusal, UnknownJobError)
"""Errors that answer a member and that no operator needs to act on."""


class Responder(Protocol):
    """The member who made a request, and the way to reply to them."""

    @property
    def origin(self) -> Origin:
        """The channel, the message and the member that the job belongs to."""
        ...

    @property
    def request_key(self) -> str:
        """A key that is unique to the request; the same request twice makes one job."""
        ...

    @property
    def member(self) -> discord.User | discord.Member:
        """The requester; a `Member` within a guild."""
        ...

    @property
    def channel(self) -> MessageableChannel:
        """The channel where the bot posts."""
        ...

    @property
    def permissions(self) -> discord.Permissions:
        """The bot's permissions in that channel."""
        ...

    async def reply(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Reply with a sentence, and buttons below it."""
        ...

    async def confirm(self, text: str) -> None:
        """Confirm that the request was accepted, if its kind needs an answer."""
        ...


def priority_of(member: discord.User | discord.Member | None, settings: Settings) -> int:
    """The priority of a member's jobs: 1 with one of the favoured roles, otherwise 0."""
    if not isinstance(member, discord.Member):
        return 0
    return int(any(role.id in settings.favoured_roles for role in member.roles))


class MessageResponder:
    """Replies to a message."""

    def __init__(self, message: discord.Message, pacer: ReplyPacer) -> None:
        self._message = message
        self._pacer = pacer
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
        """The bot's permissions in the message's channel."""
        return _own_permissions_at(self._message)

    async def reply(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Reply when it is the member's turn in the channel.

        Without permission, react with a warning and send a direct message.
        """
        origin = self.origin
        turn = await self._pacer.wait_for_turn(origin.channel_id, origin.requester_id, text)
        if turn is ReplyTurn.REPEATED:
            return
        if turn is ReplyTurn.SKIPPED:
            text, view = sentences.REPLY_SKIPPED, None
        try:
            async with discord_request(seconds=REPLY_SECONDS):
                await self._reply(text, view or discord.utils.MISSING)
        except DiscordError as error:
            count_error(Where.BACKEND, error)
            logger.warning("cannot reply to member %d: %s", self.origin.requester_id, error)

    async def confirm(self, text: str) -> None:
        """Do nothing: the card is the answer."""

    async def _reply(self, text: str, view: discord.ui.View) -> None:
        message = self._message
        try:
            await send_reply(
                message.channel,
                text,
                reference=message.to_reference(fail_if_not_exists=False),
                allowed_mentions=discord.AllowedMentions.none(),
                view=view,
            )
        except (AccessDeniedError, DiscordRejectedError):
            pass
        else:
            return
        try:
            with translate_discord_errors():
                await message.add_reaction(WARNING_EMOJI)
        except AccessDeniedError:
            logger.info("cannot react to message %d either", message.id)
        await message.author.send(text, allowed_mentions=discord.AllowedMentions.none(), view=view)


class InteractionResponder:
    """Replies to an acknowledged interaction, for the member alone."""

    def __init__(
        self, interaction: discord.Interaction[Any], *, reply_to: int | None = None
    ) -> None:
        """Make a responder.

        Args:
            interaction: deferred already.
            reply_to: id of the message that the result replies to, if any.

        Raises:
            RequestRefused: nothing can be posted in this kind of channel.
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
        """The bot's permissions in the interaction's channel, as Discord sent them."""
        return self._interaction.app_permissions

    async def reply(self, text: str, *, view: discord.ui.View | None = None) -> None:
        """Reply to the member alone."""
        await reply_ephemeral(self._interaction, text, view=view or discord.utils.MISSING)

    async def confirm(self, text: str) -> None:
        """Reply to the member alone."""
        await reply_ephemeral(self._interaction, text)


class SuggestionResponder(InteractionResponder):
    """Replies to a button below a refusal; the request is the refused one."""

    def __init__(
        self, interaction: discord.Interaction[Any], *, origin: Origin, request_key: str
    ) -> None:
        """Make a responder.

        Args:
            interaction: acknowledged already.
            origin: of the refused request.
            request_key: the same for several presses, so that they make one job.

        Raises:
            RequestRefused: nothing can be posted in this kind of channel.
        """
        super().__init__(interaction)
        self._client: discord.Client = interaction.client
        self.origin = origin
        self.request_key = request_key
        if self.channel.id != origin.channel_id:  # the refusal was sent as a direct message
            self.channel = interaction.client.get_partial_messageable(
                origin.channel_id, guild_id=origin.guild_id
            )

    @property
    def permissions(self) -> discord.Permissions:
        """The bot's permissions in the channel of the refused request."""
        if self._interaction.channel_id == self.origin.channel_id:
            return super().permissions
        return own_permissions(self._client, self.origin.channel_id) or super().permissions

    async def confirm(self, text: str) -> None:
        """Remove the buttons from the refusal, since the request was accepted."""
        try:
            async with discord_request(seconds=REPLY_SECONDS):
                await self._interaction.edit_original_response(view=None)
        except DiscordError as error:
            logger.info("cannot remove the buttons of a suggestion: %s", error)


def check_bot_permissions(responder: Responder) -> None:
    """Check that the bot can post a result in the channel of a request.

    Raises:
        RequestRefused: the bot lacks a permission in the channel; `detail` names it.
    """
    is_thread = isinstance(responder.channel, discord.Thread)
    check_permissions(responder.permissions, is_thread=is_thread)


async def send_reply(
    channel: MessageableChannel,
    text: str,
    *,
    reference: discord.MessageReference,
    **options: Any,  # noqa: ANN401 - further arguments of `send`, without files
) -> None:
    """Send a reply; if Discord refuses that it is one, send it as a message of its own.

    Raises:
        DiscordError: neither could be sent.
    """
    try:
        with translate_discord_errors():
            await channel.send(text, reference=reference, **options)
    except DiscordRejectedError as error:
        if not error.is_reply_refused:
            raise
        with translate_discord_errors():
            await channel.send(text, **options)


def _own_permissions_at(message: discord.Message) -> discord.Permissions:
    """Return the bot's permissions in a message's channel."""
    if message.guild is None or isinstance(message.channel, discord.PartialMessageable):
        return discord.Permissions.all_channel()
    return message.channel.permissions_for(message.guild.me)


def own_permissions(client: discord.Client, channel_id: int) -> discord.Permissions | None:
    """Return the bot's permissions in a channel of a guild; None if it is not known."""
    channel: Any = client.get_channel(channel_id)
    guild = getattr(channel, "guild", None)
    return None if guild is None else channel.permissions_for(guild.me)


def check_can_send_picture(ctx: commands.Context[Any]) -> None:
    """Check that the bot can reply to a command with a picture; to interactions it always can.

    Raises:
        RequestRefused: the bot lacks a permission in the channel; `detail` names it.
    """
    if ctx.interaction is None:
        is_thread = isinstance(ctx.channel, discord.Thread)
        check_permissions(_own_permissions_at(ctx.message), is_thread=is_thread)


def sentence_for(error: BaseException, *, doing: str) -> str:
    """Choose the sentence for an error; log and count what the operator should know of.

    Errors that the member can correct are not logged. An error without a sentence of its own is
    reported with a reference, which is also in the log.

    Args:
        error: the error.
        doing: what failed, for the log.
    """
    sentence = sentences.explain(error)
    if sentence is not None and isinstance(error, FOR_MEMBERS_ALONE):
        return sentence
    if sentence is not None:
        count_error(Where.BACKEND, error)
        logger.warning("%s failed: %s: %s", doing, type(error).__name__, error)
        return sentence
    return sentences.INTERNAL.format(reference=report_error(Where.BACKEND, doing, error))


async def show_typing(ctx: commands.Context[Any]) -> None:
    """Show the bot as typing an answer to a text command; interactions show that by themselves.

    The indicator is a courtesy: its errors and rate limits delay no command.
    """
    if ctx.interaction is not None:
        return
    try:
        async with discord_request(seconds=TYPING_SECONDS):
            await ctx.typing()
    except DiscordError as error:
        logger.debug("cannot show as typing: %s", error)


async def reply_ephemeral(
    interaction: discord.Interaction[Any],
    text: str,
    *,
    embed: discord.Embed = discord.utils.MISSING,
    view: discord.ui.View = discord.utils.MISSING,
    file: discord.File = discord.utils.MISSING,
    files: Sequence[discord.File] = discord.utils.MISSING,
) -> None:
    """Reply to an interaction for the member alone, whether it is acknowledged or not."""
    try:
        async with discord_request(seconds=REPLY_SECONDS):
            if interaction.response.is_done():
                await interaction.followup.send(
                    text, embed=embed, view=view, file=file, files=files, ephemeral=True
                )
            else:
                await interaction.response.send_message(
                    text, embed=embed, view=view, file=file, files=files, ephemeral=True
                )
    except DiscordError as error:
        explained = explain_denied_interaction(error, interaction)
        is_plain = all(each is discord.utils.MISSING for each in (embed, file, files))
        if explained is not error and not is_plain:
            await reply_ephemeral(interaction, sentence_for(explained, doing="a reply"))
            return
        count_error(Where.BACKEND, error)
        logger.warning("cannot reply to member %d: %s", interaction.user.id, error)
