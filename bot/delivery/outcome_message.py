"""Build the outcome message: the finished picture, reduced to the limit, or why there is none."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.views.card import COLOURS, shown_title
from bot.views.collage import before_after_style
from bot.views.recipe_summary import chosen
from bot.views.result_picture import result_file
from bot.views.result_view import result_view
from bot.views.text import jobs as text
from bot.views.text.quoting import plain

if TYPE_CHECKING:
    from bot.delivery.job_pictures import JobPictures
    from bot.jobs.models import Job

__all__ = [
    "MIN_PICTURE_BYTES",
    "REQUEST_OVERHEAD_BYTES",
    "OutcomeMessage",
    "build_outcome_message",
]

REQUEST_OVERHEAD_BYTES: Final = 64 * 1024
"""Part of the upload limit left for the request's other contents."""

MIN_PICTURE_BYTES: Final = 32 * 1024
"""Pictures are not reduced below this; a rejection of such a small one has other reasons."""

STRIP_STEM: Final = "before-after-style"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeMessage:
    """A message ready to be posted; its files can be sent once.

    Attributes:
        picture_bytes: size of the finished picture as attached; 0 without one.
    """

    content: str
    embed: discord.Embed | None
    files: list[discord.File]
    view: discord.ui.View
    picture_bytes: int


async def build_outcome_message(
    job: Job, pictures: JobPictures, *, limit: int, largest_size: int, is_private: bool
) -> OutcomeMessage:
    """Build the outcome message of an ended job.

    Args:
        job: the job.
        pictures: its pictures.
        limit: largest size of the finished picture in bytes; a larger one is re-encoded.
        largest_size: longest side that is painted, in pixels.
        is_private: whether it goes to the requester's DMs because the channel denies access.
    """
    result = pictures.result
    content = text.outcome(job, title=f"**{shown_title(job)}**", has_picture=result is not None)
    if is_private:
        content += " " + text.SENT_PRIVATELY.format(channel=f"<#{job.origin.channel_id}>")
    files, embed, picture_bytes = [], None, 0
    if result is not None:
        content += f"\n-# {' · '.join(chosen(job))}"
        file, picture_bytes = await result_file(job, result, limit=limit)
        files.append(file)
        strip = await asyncio.to_thread(_strip, job, pictures)
        if strip is not None:
            files.append(strip)
            embed = _strip_embed(job, strip)
    return OutcomeMessage(
        content=content,
        embed=embed,
        files=files,
        view=result_view(job, largest_size=largest_size),
        picture_bytes=picture_bytes,
    )


def _strip(job: Job, pictures: JobPictures) -> discord.File | None:
    """Return content, result and styles side by side, or None if one is missing."""
    if pictures.result is None or pictures.content is None or not pictures.styles:
        return None
    strip = before_after_style(pictures.content, pictures.result, pictures.styles)
    content, _, styles = plain(job.title).partition(" × ")
    alt_text = text.STRIP_ALT.format(content=content, styles=styles).strip()
    return discord.File(
        io.BytesIO(strip),
        filename=f"{STRIP_STEM}.webp",
        spoiler=job.spoiler,
        description=alt_text[:1024],
    )


def _strip_embed(job: Job, strip: discord.File) -> discord.Embed | None:
    """Return an embed that shows the strip; None for a spoiler, which only a file can hide."""
    if job.spoiler:
        return None
    embed = discord.Embed(colour=COLOURS[job.state])
    return embed.set_image(url=f"attachment://{strip.filename}")
