"""What the outcome's message holds: the finished picture, made to fit, or why there is none."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.views import wording
from bot.views.buttons import Verb, job_view
from bot.views.card import shown_title
from stylenet import images

if TYPE_CHECKING:
    from bot.jobs.model import Job

__all__ = ["ENVELOPE_BYTES", "SMALLEST_LIMIT_BYTES", "Letter", "filename", "write"]

ENVELOPE_BYTES: Final = 64 * 1024
"""Room left for the rest of the request beside the picture."""

SMALLEST_LIMIT_BYTES: Final = 256 * 1024
"""A picture is not made smaller than this to fit."""

LONGEST_STEM: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A message ready to be posted; its files can be sent once."""

    content: str
    files: list[discord.File]
    view: discord.ui.View


async def write(job: Job, picture: bytes | None, *, limit: int, privately: bool) -> Letter:
    """Make the outcome's message.

    Args:
        job: the job, which has ended.
        picture: the finished picture's encoded bytes; None where there is none.
        limit: bytes the picture may have; a larger one is encoded anew, in a thread.
        privately: whether it goes to the requester directly, because the channel is closed.
    """
    content = wording.outcome(job, title=f"**{shown_title(job)}**", has_picture=picture is not None)
    if privately:
        content += " " + wording.SENT_PRIVATELY.format(channel=f"<#{job.origin.channel_id}>")
    files = []
    if picture is not None:
        fitting, extension = picture, "png"
        if len(picture) > limit:
            fitting, extension = await asyncio.to_thread(_fit, picture, limit)
        files.append(
            discord.File(
                io.BytesIO(fitting),
                filename=filename(job, extension),
                spoiler=job.spoiler,
                description=f"{job.title}, painted by style transfer"[:1024],
            )
        )
    verbs = [Verb.AGAIN, Verb.DETAILS, Verb.DELETE]
    return Letter(content=content, files=files, view=job_view(job.job_id, verbs))


def filename(job: Job, extension: str) -> str:
    """A name for the finished picture that says what it is, in plain letters."""
    without_extensions = re.sub(r"\.[A-Za-z]{3,4}\b", "", job.title)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", without_extensions).strip("-").lower()
    return f"{stem[:LONGEST_STEM].strip('-') or 'painting'}.{extension}"


def _fit(picture: bytes, limit: int) -> tuple[bytes, str]:
    return images.encode_to_fit(images.decode(picture), limit)
