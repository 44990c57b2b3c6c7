"""Finding the pictures a member means: attached, replied to, forwarded, linked, stuck on.

Nothing is judged here: a film or a drawing of another kind is found as well, so that the refusal
can offer what else to do with the request.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import discord
from yarl import URL

from bot.intake.download import is_allowed
from bot.intake.job_request import PictureSource
from bot.jobs.models import Order, Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = [
    "Found",
    "avatar_of",
    "emoji_as_picture",
    "linked_picture",
    "pictures_meant_by",
    "pictures_on",
    "source_of",
    "uploaded",
]

FETCH_SECONDS: Final = 10.0
AVATAR_SIZE: Final = 1024
SPOILER: Final = "SPOILER_"

LINK: Final = re.compile(r"(?P<hidden>\|\|\s*)?<?(?P<url>https?://[^\s<>|]+)>?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The pictures a message means.

    Attributes:
        pictures: the content first, as far as that can be known.
        order: how it can be known.
        is_gone: the message replied to cannot be seen any more.
    """

    pictures: tuple[PictureSource, ...] = ()
    order: Order = Order.NAMED
    is_gone: bool = False


async def pictures_meant_by(
    message: discord.Message, *, origins: Collection[URL], previews: bool
) -> Found:
    """The pictures a message means, links among its words aside.

    Its own count first of all. With fewer than two, the message it replies to is asked as well:
    what was there first is the content, what came with the reply the style.

    Args:
        message: what was written.
        origins: where pictures may come from.
        previews: whether the previews of links count; not where the links themselves do.
    """
    own = pictures_on(message, origins=origins, links=False, previews=previews)
    reference = message.reference
    is_reply = reference is not None and reference.type is discord.MessageReferenceType.default
    if len(own) > 1 or not is_reply or reference is None or reference.message_id is None:
        return Found(pictures=own, order=Order.FIRST if len(own) > 1 else Order.NAMED)
    replied_to = await _replied_to(message, reference)
    if replied_to is None:
        return Found(pictures=own, is_gone=not own)
    earlier = pictures_on(replied_to, origins=origins, place=Place.REPLIED_TO)
    pictures = (*earlier[:1], *own) if own else earlier
    return Found(pictures=pictures, order=Order.GUESSED if len(pictures) > 1 else Order.NAMED)


def pictures_on(
    message: discord.Message,
    *,
    origins: Collection[URL],
    place: Place = Place.ATTACHED,
    links: bool = True,
    previews: bool = True,
) -> tuple[PictureSource, ...]:
    """The pictures on a message, or on the one it forwards.

    Attachments count before pictures in embeds, those before links to allowed hosts, and those
    before stickers: a link has its preview beside it, and is one picture.

    Args:
        message: whose pictures.
        origins: where linked pictures may come from.
        place: where a plain attachment is said to be found.
        links: whether links among the words count.
        previews: whether pictures in embeds count.
    """
    found = [source_of(each, place=place) for each in message.attachments]
    embeds, texts = list(message.embeds), [message.content]
    stickers: list[discord.StickerItem] = list(message.stickers)
    for snapshot in message.message_snapshots:
        found += [source_of(each, place=Place.FORWARDED) for each in snapshot.attachments]
        embeds += snapshot.embeds
        texts.append(snapshot.content)
        stickers += snapshot.stickers
    if found:
        # Beside a painting of ours there may be other views of it.
        me = message.guild.me if message.guild is not None else None
        return tuple(found[:1] if me is not None and message.author.id == me.id else found)
    return (
        tuple(_embedded(embeds if previews else (), origins))
        or tuple(_linked(texts if links else (), origins))
        or tuple(_stuck(stickers))
    )


def source_of(attachment: discord.Attachment, *, place: Place = Place.ATTACHED) -> PictureSource:
    """An attachment as a picture to be fetched."""
    return _source(
        url=attachment.url,
        proxy_url=attachment.proxy_url,
        filename=attachment.filename,
        size=attachment.size,
        content_type=attachment.content_type,
        place=place,
    )


def uploaded(attachment: Mapping[str, Any]) -> PictureSource:
    """A file that came with a form, from Discord's own description of it."""
    return _source(
        url=str(attachment["url"]),
        proxy_url=str(attachment.get("proxy_url") or attachment["url"]),
        filename=str(attachment["filename"]),
        size=int(attachment["size"]),
        content_type=attachment.get("content_type"),
        place=Place.ATTACHED,
    )


def avatar_of(user: discord.User | discord.Member) -> PictureSource:
    """A member's picture of themself, as it is shown here."""
    avatar = user.display_avatar.replace(size=AVATAR_SIZE, static_format="png")
    return PictureSource(
        url=avatar.url, filename=f"{user.display_name}'s avatar", place=Place.AVATAR
    )


def emoji_as_picture(emoji: discord.PartialEmoji) -> PictureSource:
    """A custom emoji as a picture."""
    return PictureSource(url=emoji.url, filename=f":{emoji.name}:", place=Place.EMOJI)


def linked_picture(url: str, *, spoiler: bool = False) -> PictureSource:
    """What lies behind a link, which is fetched from allowed hosts only."""
    return PictureSource(
        url=url,
        filename=_filename(url).removeprefix(SPOILER),
        spoiler=spoiler or _filename(url).startswith(SPOILER),
        place=Place.LINKED,
    )


def _source(
    *,
    url: str,
    proxy_url: str,
    filename: str,
    size: int,
    content_type: str | None,
    place: Place,
) -> PictureSource:
    is_film = (content_type or "").lower().startswith("video/")
    return PictureSource(
        url=url,
        filename=filename.removeprefix(SPOILER),
        size=size,
        content_type=content_type,
        spoiler=filename.startswith(SPOILER),
        place=place,
        first_frame=_first_frame(proxy_url) if is_film else None,
    )


def _first_frame(proxy_url: str) -> str:
    """Discord's media proxy makes a still of a film when asked for another format."""
    separator = "&" if "?" in proxy_url else "?"
    return f"{proxy_url.rstrip('&')}{separator}format=webp"


def _embedded(embeds: Iterable[discord.Embed], origins: Collection[URL]) -> Iterator[PictureSource]:
    """The picture of each embed: its large one, else its small one."""
    for embed in embeds:
        for picture in (embed.image, embed.thumbnail):
            # Discord's own copy serves where the picture's own host is not allowed.
            addresses = [each for each in (picture.url, picture.proxy_url) if each]
            allowed = [each for each in addresses if is_allowed(each, origins)]
            if allowed:
                name = _filename(picture.url or allowed[0])
                yield PictureSource(
                    url=allowed[0],
                    filename=name.removeprefix(SPOILER),
                    spoiler=name.startswith(SPOILER),
                    place=Place.EMBEDDED,
                )
                break


def _linked(texts: Iterable[str], origins: Collection[URL]) -> Iterator[PictureSource]:
    for text in texts:
        for link in LINK.finditer(text):
            if is_allowed(link["url"], origins):
                yield linked_picture(link["url"], spoiler=link["hidden"] is not None)


def _stuck(stickers: Iterable[discord.StickerItem]) -> Iterator[PictureSource]:
    for sticker in stickers:
        is_drawn = sticker.format is not discord.StickerFormatType.lottie
        yield PictureSource(
            url=sticker.url,
            filename=sticker.name,
            content_type=None if is_drawn else "application/json",
            place=Place.STICKER,
        )


def _filename(url: str) -> str:
    try:
        name = PurePosixPath(URL(url).path).name
    except ValueError:
        name = ""
    return name or "picture"


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
