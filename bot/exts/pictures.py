"""Finding the pictures a member means: attached, replied to, forwarded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import discord

from bot.errors import PictureProblem, PictureRefused, RequestProblem, RequestRefused
from bot.intake.request import PictureSource

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["pictures_meant_by", "pictures_on", "source_of"]

FETCH_SECONDS: Final = 10.0

# Discord guesses these from the name; bytes are only trusted after inspection.
_UNDECIDED: Final = frozenset({"application/octet-stream"})


async def pictures_meant_by(message: discord.Message) -> list[PictureSource]:
    """The pictures a message means, content first.

    Its own attachments count first of all. With fewer than two, the message it replies to is
    asked as well: what was there first is the content, what is attached to the reply the style.

    Raises:
        PictureRefused: one of the attachments is plainly no picture.
        RequestRefused: the message replied to cannot be seen any more.
    """
    own = pictures_on(message)
    reference = message.reference
    is_reply = reference is not None and reference.type is discord.MessageReferenceType.default
    if len(own) > 1 or not is_reply or reference is None or reference.message_id is None:
        return own
    replied_to = await _replied_to(message, reference)
    if replied_to is None:
        if own:
            return own
        raise RequestRefused(RequestProblem.MESSAGE_GONE)
    earlier = pictures_on(replied_to)
    return [*earlier[:1], *own] if own else earlier


def pictures_on(message: discord.Message) -> list[PictureSource]:
    """The pictures attached to a message, to what it forwards, or stuck on it.

    Raises:
        PictureRefused: one of the attachments is plainly no picture.
    """
    attachments: list[discord.Attachment] = list(message.attachments)
    stickers: list[discord.StickerItem] = list(message.stickers)
    for snapshot in message.message_snapshots:
        attachments += snapshot.attachments
        stickers += snapshot.stickers
    if attachments:
        return [source_of(attachment) for attachment in attachments]
    return list(_stuck(stickers))


def source_of(attachment: discord.Attachment) -> PictureSource:
    """An attachment as a picture to be fetched.

    Raises:
        PictureRefused: it is plainly no picture, such as a video.
    """
    kind = (attachment.content_type or "").partition(";")[0].strip().lower()
    if kind and kind not in _UNDECIDED and not kind.startswith("image/"):
        problem = PictureProblem.NOT_A_PICTURE
        if kind.startswith("video/"):
            problem = PictureProblem.UNSUPPORTED_FORMAT
        raise PictureRefused(problem, filename=attachment.filename, got=kind)
    return PictureSource(
        url=attachment.url,
        filename=attachment.filename.removeprefix("SPOILER_"),
        size=attachment.size,
        content_type=attachment.content_type,
        spoiler=attachment.is_spoiler(),
    )


def _stuck(stickers: Iterable[discord.StickerItem]) -> Iterable[PictureSource]:
    for sticker in stickers:
        name = f"{sticker.name}.{sticker.format.file_extension}"
        if sticker.format is discord.StickerFormatType.lottie:
            raise PictureRefused(PictureProblem.UNSUPPORTED_FORMAT, filename=name)
        yield PictureSource(url=sticker.url, filename=name)


async def _replied_to(
    message: discord.Message, reference: discord.MessageReference
) -> discord.Message | None:
    """The message replied to, fetched if need be; None where it cannot be had."""
    if isinstance(reference.resolved, discord.Message):
        return reference.resolved
    if isinstance(reference.resolved, discord.DeletedReferencedMessage):
        return None
    if reference.message_id is None:
        return None
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await message.channel.fetch_message(reference.message_id)
    except (discord.HTTPException, TimeoutError):
        return None
