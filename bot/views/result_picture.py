"""The finished picture as a file to attach, re-encoded if it is too large."""

from __future__ import annotations

import asyncio
import io
import re
from typing import TYPE_CHECKING, Final

import discord

from bot.views.text import jobs as text
from bot.views.text.quoting import plain
from stylenet import images

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["filename", "result_file"]

MAX_STEM_LENGTH: Final = 60


async def result_file(job: Job, picture: bytes, *, limit: int) -> tuple[discord.File, int]:
    """Make a file of a finished picture.

    Args:
        job: the job.
        picture: its finished picture, encoded.
        limit: largest size in bytes; a larger picture is re-encoded in a thread.

    Returns:
        The file and its size in bytes.
    """
    fitting, extension = picture, "png"
    if len(picture) > limit:
        fitting, extension = await asyncio.to_thread(_fit, picture, limit)
    file = discord.File(
        io.BytesIO(fitting),
        filename=filename(job, extension),
        spoiler=job.spoiler,
        description=text.RESULT_ALT.format(title=plain(job.title))[:1024],
    )
    return file, len(fitting)


def filename(job: Job, extension: str) -> str:
    """Return a file name in ASCII for the finished picture, made from the job's title."""
    without_extensions = re.sub(r"\.[A-Za-z]{3,4}\b", "", job.title)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", without_extensions).strip("-").lower()
    return f"{stem[:MAX_STEM_LENGTH].strip('-') or 'painting'}.{extension}"


def _fit(picture: bytes, limit: int) -> tuple[bytes, str]:
    return images.encode_to_fit(images.decode(picture, keep_alpha=True), limit)
