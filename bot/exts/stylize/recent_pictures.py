"""Find the pictures that a member posted shortly before the request for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.discord_errors import discord_request
from bot.errors import DiscordError
from bot.exts.stylize.attachments import (
    FETCH_TIMEOUT_SECONDS,
    MessagePictures,
    is_other_file,
    pictures_on,
)
from bot.jobs.job_inputs import InputSource, RoleAssignment

if TYPE_CHECKING:
    from collections.abc import Collection

    import discord
    from discord.abc import MessageableChannel
    from yarl import URL

__all__ = ["find_recent_pictures"]

MOST_MESSAGES = 50
"""Messages that are looked through, of all members."""


async def find_recent_pictures(
    channel: MessageableChannel,
    member_id: int,
    *,
    seconds: float,
    origins: Collection[URL],
    before: discord.Message | None = None,
) -> MessagePictures:
    """Return the pictures on a member's newest message that has any; none if there is none.

    Args:
        channel: where it was posted.
        member_id: who posted it.
        seconds: age of the oldest message considered.
        origins: allowed origins of embedded and linked pictures.
        before: the request, if it is a message.
    """
    oldest = datetime.now(UTC) - timedelta(seconds=seconds)
    try:
        async with discord_request(seconds=FETCH_TIMEOUT_SECONDS):
            async for message in channel.history(
                limit=MOST_MESSAGES, before=before, after=oldest, oldest_first=False
            ):
                if message.author.id != member_id:
                    continue
                found = pictures_on(message, origins=origins, place=InputSource.RECENT)
                pictures = tuple(each for each in found if not is_other_file(each))
                if pictures:
                    several = len(pictures) > 1
                    order = RoleAssignment.FIRST if several else RoleAssignment.NAMED
                    return MessagePictures(pictures=pictures, order=order)
    except DiscordError:
        pass  # the history may not be read here: the member is asked for the picture
    return MessagePictures()
