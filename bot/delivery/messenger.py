"""Posting to a channel by its id alone: no cache is needed, so it works from the first second.

Discord's many ways to fail become four, by what the caller must do next.

::

    PostingError
    ├── TryLaterError       5xx, a rate limit too long to wait for, the network
    ├── MessageGoneError    the message that was to be edited does not exist any more
    ├── ChannelClosedError  we may not post there, or there is no there any more
    └── RejectedError       Discord understood and declined: too large, malformed
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

from bot.jobs.models import Announcement
from bot.views.card import card_footer
from bot.views.components.items import job_id_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import datetime

    from bot.jobs.models import Origin

__all__ = [
    "ChannelClosedError",
    "MessageGoneError",
    "Messenger",
    "MessengerError",
    "RejectedError",
    "TryLaterError",
    "plain_errors",
]

REQUEST_SECONDS: Final = 60.0
"""Longest time one request may take, discord.py's own retries and rate-limit waits included."""

HISTORY_MESSAGES: Final = 1000
"""How many messages are looked through for one that may have been sent before a crash."""

CLOCK_SLACK: Final = timedelta(minutes=3)
"""How far Discord's clock and ours may lie apart."""

UNKNOWN_MESSAGE: Final = 10008
REPLY_NEEDS_HISTORY: Final = 160002


class MessengerError(Exception):
    """A message could not be posted or edited."""


class TryLaterError(MessengerError):
    """It may work later. `after` is what Discord asked for in seconds, else None."""

    def __init__(self, why: str, *, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class MessageGoneError(MessengerError):
    """The message does not exist any more."""


class ChannelClosedError(MessengerError):
    """The bot may not post in this channel, or the channel does not exist any more."""


class RejectedError(MessengerError):
    """Discord declined the message as it is.

    Attributes:
        too_large: its files are why.
        no_reply: that it replies to a message is why.
    """

    def __init__(self, why: str, *, too_large: bool, no_reply: bool) -> None:
        super().__init__(why)
        self.too_large = too_large
        self.no_reply = no_reply


class Messenger:
    """Posts, edits and finds the bot's own messages."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def place(self, origin: Origin) -> discord.PartialMessageable:
        """The channel a request came from."""
        return self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)

    async def private_place(self, user_id: int) -> discord.PartialMessageable:
        """The direct-message channel with a member.

        Raises:
            PostingError: there can be none.
        """
        with plain_errors():
            async with asyncio.timeout(REQUEST_SECONDS):
                channel = await self._client.create_dm(discord.Object(user_id))
        return self._client.get_partial_messageable(channel.id)

    async def upload_limit(self, guild_id: int | None) -> int:
        """Bytes one file may have in a guild, whose boosts raise it, or in direct messages.

        Raises:
            PostingError: one of its four kinds.
        """
        if guild_id is None:
            return discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
        guild = self._client.get_guild(guild_id)
        if guild is None:  # the gateway has not told of it yet
            with plain_errors():
                async with asyncio.timeout(REQUEST_SECONDS):
                    guild = await self._client.fetch_guild(guild_id, with_counts=False)
        return guild.filesize_limit

    async def post(
        self,
        place: discord.PartialMessageable,
        *,
        nonce: str,
        reply_to: int | None = None,
        mention: int | None = None,
        content: str | None = None,
        embed: discord.Embed | None = None,
        files: Sequence[discord.File] = (),
        view: discord.ui.View | None = None,
    ) -> int:
        """Post a message and return its id; Discord keeps the nonce unique for a few minutes.

        Args:
            place: the channel.
            nonce: sent with ``enforce_nonce``: posted twice, it is one message.
            reply_to: the message replied to; if it is gone, the message stands on its own.
            mention: the one member who may be mentioned, or None.
            content: the text; mentions in it are dead but for `mention`.
            embed: the embed, or None.
            files: attachments; they can be sent once.
            view: the buttons, or None.

        Raises:
            PostingError: one of its four kinds.
        """
        who = [discord.Object(mention)] if mention is not None else False
        allowed = discord.AllowedMentions(
            everyone=False, roles=False, users=who, replied_user=False
        )
        reference = None
        if reply_to is not None:
            reference = discord.MessageReference(
                message_id=reply_to,
                channel_id=place.id,
                guild_id=place.guild_id,
                fail_if_not_exists=False,
            )
        # No overload of `send` takes "an embed or none, a view or none"; its body does.
        send: Any = place.send
        with plain_errors():
            async with asyncio.timeout(REQUEST_SECONDS):
                message = await send(
                    content,
                    embed=embed,
                    files=list(files),
                    view=view,
                    nonce=nonce,
                    reference=reference,
                    allowed_mentions=allowed,
                )
        return int(message.id)

    async def edit(
        self,
        place: discord.PartialMessageable,
        message_id: int,
        *,
        embed: discord.Embed,
        files: Sequence[discord.File] | None,
        view: discord.ui.View,
    ) -> None:
        """Edit a message in place.

        Args:
            place: its channel.
            message_id: which message.
            embed: what its embed becomes.
            files: what its attachments become; None keeps those it has.
            view: what its buttons become.

        Raises:
            PostingError: one of its four kinds.
        """
        message = place.get_partial_message(message_id)
        attachments = discord.utils.MISSING if files is None else list(files)
        with plain_errors():
            async with asyncio.timeout(REQUEST_SECONDS):
                await message.edit(embed=embed, attachments=attachments, view=view)

    async def delete(self, channel_id: int, message_id: int) -> None:
        """Delete a message of ours; one that is gone already, or its channel, is as good.

        Raises:
            PostingError: it cannot be deleted.
        """
        place = self._client.get_partial_messageable(channel_id)
        with plain_errors(), contextlib.suppress(discord.NotFound):
            async with asyncio.timeout(REQUEST_SECONDS):
                await place.get_partial_message(message_id).delete()

    async def find(
        self,
        place: discord.PartialMessageable,
        job_id: str,
        announcement: Announcement,
        *,
        after: int | datetime,
    ) -> int | None:
        """Look for a message that a process posted and did not live to record.

        Args:
            place: the channel.
            job_id: the job it is about.
            announcement: its card or its outcome.
            after: the id of a message that is certainly older, or, where there is none, a time
                by our clock. Ids are better: they are made of Discord's clock alone.

        Raises:
            PostingError: one of its four kinds; a channel whose history is hidden counts as
                closed.
        """
        me = self._client.user
        older = discord.Object(after) if isinstance(after, int) else after - CLOCK_SLACK
        with plain_errors():
            async with asyncio.timeout(REQUEST_SECONDS):
                async for message in place.history(
                    limit=HISTORY_MESSAGES, after=older, oldest_first=True
                ):
                    if me is None or message.author.id != me.id:
                        continue
                    if _announces(message, job_id, announcement):
                        return message.id
        return None


def _announces(message: discord.Message, job_id: str, announcement: Announcement) -> bool:
    """Whether a message of ours is that announcement of that job.

    A card carries the job's id in its footer; of an outcome the id is in its buttons only.
    """
    is_card = any(embed.footer.text == card_footer(job_id) for embed in message.embeds)
    if announcement is Announcement.CARD:
        return is_card
    return not is_card and job_id_of(message) == job_id


@contextlib.contextmanager
def plain_errors() -> Generator[None]:
    """Turn whatever Discord or the network raises within into one of the four.

    Raises:
        PostingError: one of its four kinds.
    """
    try:
        yield
    except discord.NotFound as error:
        if error.code == UNKNOWN_MESSAGE:
            raise MessageGoneError(str(error)) from error
        raise ChannelClosedError(str(error)) from error
    except discord.Forbidden as error:
        if error.code == REPLY_NEEDS_HISTORY:
            raise _rejected(error) from error
        raise ChannelClosedError(str(error)) from error
    except discord.RateLimited as error:
        raise TryLaterError(str(error), after=error.retry_after) from error
    except discord.HTTPException as error:
        if error.status >= 500 or error.status == 429:
            raise TryLaterError(str(error)) from error
        raise _rejected(error) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TryLaterError(repr(error)) from error


def _rejected(error: discord.HTTPException) -> RejectedError:
    no_reply = error.code == REPLY_NEEDS_HISTORY or "message_reference" in error.text
    return RejectedError(str(error), too_large=error.status == 413, no_reply=no_reply)
