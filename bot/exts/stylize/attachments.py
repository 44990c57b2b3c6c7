"""Find the pictures of a message: attachments, replies, forwards, embeds, links, stickers.

Nothing is validated here. Videos and vector stickers are returned as well, so that the refusal
can suggest what to do with the request.
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import discord
from yarl import URL

from bot.discord_errors import discord_request
from bot.errors import DiscordError
from bot.intake.download import is_allowed
from bot.intake.job_request import PictureSource
from bot.jobs.job_inputs import InputSource, RoleAssignment
from bot.views.text.requests import AVATAR_NAME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

__all__ = [
    "MessagePictures",
    "attached",
    "is_other_file",
    "pictures_of_request",
    "pictures_on",
    "source_of",
    "source_of_avatar",
    "source_of_emoji",
    "source_of_link",
    "source_of_upload",
]

FETCH_TIMEOUT_SECONDS: Final = 10.0
AVATAR_SIZE: Final = 1024
SPOILER_PREFIX: Final = "SPOILER_"

_UNKNOWN_TYPES: Final = frozenset({"", "application/octet-stream"})
_OTHER_TYPES: Final = frozenset({"text", "audio", "application", "font", "model", "message"})

LINK: Final = re.compile(r"(?P<hidden>\|\|\s*)?<?(?P<url>https?://[^\s<>|]+)>?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagePictures:
    """The pictures of a message and of the message it replies to.

    Attributes:
        pictures: the content first, as far as that is known.
        order: how it was decided which picture is the content.
        reply_is_missing: whether the message replied to cannot be read and is needed.
    """

    pictures: tuple[PictureSource, ...] = ()
    order: RoleAssignment = RoleAssignment.NAMED
    reply_is_missing: bool = False


async def pictures_of_request(
    message: discord.Message, *, origins: Collection[URL], previews: bool
) -> MessagePictures:
    """Return the pictures that a message is about, except links in its text.

    The message's own pictures come first. If there are fewer than two, the message it replies to
    is read too: its picture is the content, and the reply's picture is the style.

    Args:
        message: the request.
        origins: allowed origins of pictures.
        previews: whether link previews count; False if the links themselves do.
    """
    own = pictures_on(message, origins=origins, links=False, previews=previews)
    has_only_other_files = all(map(is_other_file, own))
    reference = message.reference
    is_reply = reference is not None and reference.type is discord.MessageReferenceType.default
    if len(own) > 1 or not is_reply or reference is None or reference.message_id is None:
        return MessagePictures(
            pictures=own, order=RoleAssignment.FIRST if len(own) > 1 else RoleAssignment.NAMED
        )
    replied_to = await _fetch_replied_to(message, reference)
    if replied_to is not None and has_only_other_files:
        own = ()
    if replied_to is None:
        return MessagePictures(pictures=own, reply_is_missing=not own)
    earlier = pictures_on(replied_to, origins=origins, place=InputSource.REPLIED_TO)
    pictures = (*earlier[:1], *own) if own else earlier
    return MessagePictures(
        pictures=pictures,
        order=RoleAssignment.GUESSED if len(pictures) > 1 else RoleAssignment.NAMED,
    )


def pictures_on(
    message: discord.Message,
    *,
    origins: Collection[URL],
    place: InputSource = InputSource.ATTACHED,
    links: bool = True,
    previews: bool = True,
) -> tuple[PictureSource, ...]:
    """Return the pictures on one message, including messages it forwards.

    Only one source is used, the first that has any: attachments, embeds, links to allowed
    hosts, stickers. A link and its preview are the same picture. Files that are no pictures are
    left out if there are pictures beside them.

    Args:
        message: the message.
        origins: allowed origins of embedded and linked pictures.
        place: the place recorded for the message's attachments.
        links: whether links in the text count.
        previews: whether pictures in embeds count.
    """
    found = [source_of(each, place=place) for each in message.attachments]
    embeds, texts = list(message.embeds), [message.content]
    stickers: list[discord.StickerItem] = list(message.stickers)
    for snapshot in message.message_snapshots:
        found += [source_of(each, place=InputSource.FORWARDED) for each in snapshot.attachments]
        embeds += snapshot.embeds
        texts.append(snapshot.content)
        stickers += snapshot.stickers
    if found:
        found = [each for each in found if not is_other_file(each)] or found
        # On the bot's own results, attachments after the first are other views of the same picture.
        me = message.guild.me if message.guild is not None else None
        return tuple(found[:1] if me is not None and message.author.id == me.id else found)
    return (
        tuple(_pictures_in_embeds(embeds if previews else (), origins))
        or tuple(_pictures_behind_links(texts if links else (), origins))
        or tuple(_pictures_of_stickers(stickers))
    )


def is_other_file(source: PictureSource) -> bool:
    """Return whether a file is certainly neither a picture nor a video, such as a text."""
    kind = (source.content_type or "").partition(";")[0].strip().lower()
    if kind in _UNKNOWN_TYPES:
        kind = mimetypes.guess_type(source.filename)[0] or ""
    if kind == "application/json" and source.place is InputSource.STICKER:
        return False  # a vector sticker, which has a sentence of its own
    return kind.partition("/")[0] in _OTHER_TYPES and kind not in _UNKNOWN_TYPES


def source_of(
    attachment: discord.Attachment, *, place: InputSource = InputSource.ATTACHED
) -> PictureSource:
    """Return the picture source of an attachment."""
    return _source(
        url=attachment.url,
        proxy_url=attachment.proxy_url,
        filename=attachment.filename,
        size=attachment.size,
        content_type=attachment.content_type,
        place=place,
    )


def attached(values: Mapping[str, Any], *names: str) -> list[PictureSource]:
    """Return the pictures among a slash command's parameters, in the order of these names."""
    return [source_of(values[name]) for name in names if name in values]


def source_of_upload(attachment: Mapping[str, Any]) -> PictureSource:
    """Return the picture source of a file submitted with a form.

    Args:
        attachment: the attachment object from Discord's API.
    """
    return _source(
        url=str(attachment["url"]),
        proxy_url=str(attachment.get("proxy_url") or attachment["url"]),
        filename=str(attachment["filename"]),
        size=int(attachment["size"]),
        content_type=attachment.get("content_type"),
        place=InputSource.ATTACHED,
    )


def source_of_avatar(user: discord.User | discord.Member) -> PictureSource:
    """Return the picture source of a user's avatar, in a guild the guild's avatar."""
    avatar = user.display_avatar.replace(size=AVATAR_SIZE, static_format="png")
    return PictureSource(
        url=avatar.url,
        filename=AVATAR_NAME.format(name=user.display_name),
        place=InputSource.AVATAR,
    )


def source_of_emoji(emoji: discord.PartialEmoji) -> PictureSource:
    """Return the picture source of a custom emoji."""
    return PictureSource(url=emoji.url, filename=f":{emoji.name}:", place=InputSource.EMOJI)


def source_of_link(url: str, *, spoiler: bool = False) -> PictureSource:
    """Return the picture source of a link; the caller checks that its host is allowed."""
    return PictureSource(
        url=url,
        filename=_filename(url).removeprefix(SPOILER_PREFIX),
        spoiler=spoiler or _filename(url).startswith(SPOILER_PREFIX),
        place=InputSource.LINKED,
    )


def _source(
    *,
    url: str,
    proxy_url: str,
    filename: str,
    size: int,
    content_type: str | None,
    place: InputSource,
) -> PictureSource:
    is_video = (content_type or "").lower().startswith("video/")
    return PictureSource(
        url=url,
        filename=filename.removeprefix(SPOILER_PREFIX),
        size=size,
        content_type=content_type,
        spoiler=filename.startswith(SPOILER_PREFIX),
        place=place,
        first_frame=_first_frame_url(proxy_url) if is_video else None,
    )


def _first_frame_url(proxy_url: str) -> str:
    """Return the URL of a still: Discord's media proxy makes one if asked for a picture format."""
    separator = "&" if "?" in proxy_url else "?"
    return f"{proxy_url.rstrip('&')}{separator}format=webp"


def _pictures_in_embeds(
    embeds: Iterable[discord.Embed], origins: Collection[URL]
) -> Iterator[PictureSource]:
    """Yield each embed's image, or its thumbnail if it has no image."""
    for embed in embeds:
        for picture in (embed.image, embed.thumbnail):
            # Use Discord's proxied copy if the picture's own host is not allowed.
            addresses = [each for each in (picture.url, picture.proxy_url) if each]
            allowed = [each for each in addresses if is_allowed(each, origins)]
            if allowed:
                name = _filename(picture.url or allowed[0])
                yield PictureSource(
                    url=allowed[0],
                    filename=name.removeprefix(SPOILER_PREFIX),
                    spoiler=name.startswith(SPOILER_PREFIX),
                    place=InputSource.EMBEDDED,
                )
                break


def _pictures_behind_links(
    texts: Iterable[str], origins: Collection[URL]
) -> Iterator[PictureSource]:
    for text in texts:
        for link in LINK.finditer(text):
            if is_allowed(link["url"], origins):
                yield source_of_link(link["url"], spoiler=link["hidden"] is not None)


def _pictures_of_stickers(stickers: Iterable[discord.StickerItem]) -> Iterator[PictureSource]:
    for sticker in stickers:
        is_vector = sticker.format is discord.StickerFormatType.lottie
        yield PictureSource(
            url=sticker.url,
            filename=sticker.name,
            content_type="application/json" if is_vector else None,
            place=InputSource.STICKER,
        )


def _filename(url: str) -> str:
    try:
        name = PurePosixPath(URL(url).path).name
    except ValueError:
        name = ""
    return name or "picture"


async def _fetch_replied_to(
    message: discord.Message, reference: discord.MessageReference
) -> discord.Message | None:
    """Return the message replied to, fetched if not cached; None if it cannot be read."""
    if isinstance(reference.resolved, discord.Message):
        return reference.resolved
    if isinstance(reference.resolved, discord.DeletedReferencedMessage):
        return None
    if reference.message_id is None:
        return None
    try:
        async with discord_request(seconds=FETCH_TIMEOUT_SECONDS):
            return await message.channel.fetch_message(reference.message_id)
    except DiscordError:
        return None
