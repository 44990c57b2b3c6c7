"""Post, edit, find and delete the bot's own messages by channel id, without a cache.

Every method that sends a request may raise `bot.errors.DiscordError`, as one of its four
subclasses.
"""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.discord_errors import discord_request
from bot.jobs.models import Announcement
from bot.views.card import card_footer
from bot.views.components.items import job_id_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.jobs.models import Origin
    from bot.ops.reply_pacer import ReplyPacer

__all__ = ["Messenger"]

REQUEST_SECONDS: Final = 60.0
"""Longest time one request may take, discord.py's own retries and rate-limit waits included."""

SEARCH_SECONDS: Final = 120.0
"""Longest time of one search of a channel's history."""

HISTORY_MESSAGES: Final = 1000
"""How many messages one search reads, in pages of 100."""

CLOCK_SLACK: Final = timedelta(minutes=3)
"""Largest difference assumed between Discord's clock and ours."""


class Messenger:
    """Posts, edits, finds and deletes the bot's own messages."""

    def __init__(self, client: discord.Client, reply_pacer: ReplyPacer) -> None:
        """Make a messenger.

        Args:
            client: logged in before the first request.
            reply_pacer: learns of every message, so that replies leave room for them.
        """
        self._client = client
        self._reply_pacer = reply_pacer

    def origin_channel(self, origin: Origin) -> discord.PartialMessageable:
        """Return the channel a request came from; sends no request."""
        return self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)

    async def dm_channel(self, user_id: int) -> discord.PartialMessageable:
        """Open the direct-message channel with a member.

        Raises:
            DiscordError: it cannot be opened.
        """
        async with discord_request(seconds=REQUEST_SECONDS):
            channel = await self._client.create_dm(discord.Object(user_id))
        return self._client.get_partial_messageable(channel.id)

    async def upload_limit(self, guild_id: int | None) -> int:
        """Return the largest size of one file in bytes; a guild's boosts raise it.

        Args:
            guild_id: the guild, or None for direct messages.

        Raises:
            DiscordError: the guild cannot be fetched.
        """
        if guild_id is None:
            return discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        guild = self._client.get_guild(guild_id)
        if guild is None:  # the gateway has not sent it yet
            async with discord_request(seconds=REQUEST_SECONDS):
                guild = await self._client.fetch_guild(guild_id, with_counts=False)
        return guild.filesize_limit

    async def post(
        self,
        channel: discord.PartialMessageable,
        *,
        nonce: str,
        reply_to: int | None = None,
        mention: int | None = None,
        content: str | None = None,
        embed: discord.Embed | None = None,
        files: Sequence[discord.File] = (),
        view: discord.ui.View | None = None,
    ) -> int:
        """Post a message and return its id.

        Args:
            channel: where to post.
            nonce: sent with ``enforce_nonce``: for a few minutes, Discord answers a second post
                with the same nonce with the first message.
            reply_to: id of the message to reply to; if it was deleted, the post is no reply.
            mention: the only member who may be mentioned, or None.
            content: the text.
            embed: the embed, or None.
            files: attachments; each can be sent once.
            view: the buttons, or None.

        Raises:
            DiscordError: the message was not posted, or the answer was lost.
        """
        mentioned = [discord.Object(mention)] if mention is not None else False
        allowed_mentions = discord.AllowedMentions(
            everyone=False, roles=False, users=mentioned, replied_user=False
        )
        reference = None
        if reply_to is not None:
            reference = discord.MessageReference(
                message_id=reply_to,
                channel_id=channel.id,
                guild_id=channel.guild_id,
                fail_if_not_exists=False,
            )
        # No overload of `send` takes "an embed or None, a view or None"; its body does.
        send: Any = channel.send
        self._reply_pacer.note_message(channel.id)
        async with discord_request(seconds=REQUEST_SECONDS):
            message = await send(
                content,
                embed=embed,
                files=list(files),
                view=view,
                nonce=nonce,
                reference=reference,
                allowed_mentions=allowed_mentions,
            )
        return int(message.id)

    async def edit(
        self,
        channel: discord.PartialMessageable,
        message_id: int,
        *,
        embed: discord.Embed,
        files: Sequence[discord.File] | None,
        view: discord.ui.View,
    ) -> None:
        """Edit a message in place.

        Args:
            channel: its channel.
            message_id: the message.
            embed: the new embed.
            files: the new attachments; None keeps the present ones.
            view: the new buttons.

        Raises:
            DiscordError: the message was not edited, or the answer was lost.
        """
        message = channel.get_partial_message(message_id)
        attachments = discord.utils.MISSING if files is None else list(files)
        async with discord_request(seconds=REQUEST_SECONDS):
            await message.edit(embed=embed, attachments=attachments, view=view)

    async def delete(self, channel_id: int, message_id: int) -> None:
        """Delete a message; do nothing if it or its channel does not exist any more.

        Raises:
            DiscordError: it was not deleted, or the answer was lost.
        """
        channel = self._client.get_partial_messageable(channel_id)
        async with discord_request(seconds=REQUEST_SECONDS):
            with contextlib.suppress(discord.NotFound):
                await channel.get_partial_message(message_id).delete()

    async def find(
        self,
        channel: discord.PartialMessageable,
        job_id: str,
        announcement: Announcement,
        *,
        after: int | None,
        sent_at: datetime | None = None,
    ) -> int | None:
        """Search the channel for a message that was posted but whose id was not recorded.

        Up to `HISTORY_MESSAGES` messages are read in each of three ways, until the message is
        found or everything after `after` has been read: from the time of the request on, from the
        newest message back, and from `after` on. The first does not depend on how many messages
        came before or since; the others do not depend on our clock.

        Args:
            channel: where to search.
            job_id: the job it is about.
            announcement: its card or its outcome.
            after: the id of an older message, or None if there is none.
            sent_at: when the request that may have posted it was sent, by our clock; None if that
                is unknown.

        Returns:
            The message's id, or None if it was not found.

        Raises:
            DiscordError: the history cannot be read.
        """
        oldest = after or 0
        # The start of each search, and whether it reads from there on or from the newest back.
        searches = [(oldest, False), (oldest, True)]
        if sent_at is not None:
            sent_after = discord.utils.time_snowflake(sent_at - CLOCK_SLACK)
            searches.insert(0, (max(oldest, sent_after), True))
        for start, oldest_first in searches:
            count = 0
            async with discord_request(seconds=SEARCH_SECONDS):
                async for message in channel.history(
                    limit=HISTORY_MESSAGES,
                    after=discord.Object(start),
                    oldest_first=oldest_first,
                ):
                    count += 1
                    if self._announces(message, job_id, announcement):
                        return message.id
            if start == oldest and count < HISTORY_MESSAGES:
                break  # every message was read
        return None

    def _announces(self, message: discord.Message, job_id: str, announcement: Announcement) -> bool:
        """Return whether a message is the bot's own and makes this announcement of this job.

        A card has the job's id in its footer, an outcome only in its buttons.
        """
        bot_user = self._client.user
        if bot_user is None or message.author.id != bot_user.id:
            return False
        is_card = any(embed.footer.text == card_footer(job_id) for embed in message.embeds)
        if announcement is Announcement.CARD:
            return is_card
        return not is_card and job_id_of(message) == job_id
