"""Read the pictures that a job's card and outcome show; a missing one is not shown."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cachetools import LRUCache

from bot.artefacts.keys import preview_key
from bot.errors import ArtefactMissingError
from bot.ops.error_report import Where, count_error
from bot.views.collage import inputs_sheet, small_inputs_sheet
from stylenet import images

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts
    from bot.jobs.models import Job

__all__ = ["JobPictureReader", "JobPictures"]

logger = logging.getLogger(__name__)

CACHED_SHEETS: Final = 64

THUMBNAIL_SIDE: Final = 320
"""Longest side of the finished picture on its card, in pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobPictures:
    """The pictures of an ended job, encoded.

    Attributes:
        result: the finished picture, or None.
        content: the preview of the content picture, or None.
        styles: the previews of the style pictures; empty if any is missing.
    """

    result: bytes | None = None
    content: bytes | None = None
    styles: tuple[bytes, ...] = ()


class JobPictureReader:
    """Reads the pictures of jobs. Every method raises OSError if the artefacts are unavailable."""

    def __init__(self, artefacts: Artefacts) -> None:
        self._artefacts = artefacts
        self._sheets: LRUCache[tuple[str, ...], bytes] = LRUCache(CACHED_SHEETS)

    async def newest(self, job: Job) -> bytes | None:
        """Return the picture on the card as WebP: the newest snapshot, or the result reduced."""
        picture = await self._get(job.result_key or job.snapshot_key)
        if picture is None or job.result_key is None:
            return picture
        return await asyncio.to_thread(_thumbnail, picture)

    async def inputs(self, job: Job, *, small: bool) -> bytes | None:
        """Return the inputs on one sheet as WebP, or None if one is missing.

        Args:
            job: whose inputs; its sheets are cached.
            small: a small sheet without captions instead of a large one with them.
        """
        draw = small_inputs_sheet if small else inputs_sheet
        key = (draw.__name__, job.content_key, *job.style_keys)
        sheet = self._sheets.get(key)
        if sheet is None:
            content, styles = await self._previews(job)
            if content is None or not styles:
                return None
            sheet = self._sheets[key] = await asyncio.to_thread(draw, content, styles)
        return sheet

    async def outcome_pictures(self, job: Job) -> JobPictures:
        """Return the pictures that the outcome message shows."""
        if job.result_key is None:
            return JobPictures()
        result = await self._get(job.result_key)
        if result is None:
            count_error(Where.DELIVERY, "ArtefactMissingError")
            logger.error("the finished picture of job %s is missing", job.job_id)
        content, styles = await self._previews(job)
        return JobPictures(result=result, content=content, styles=styles)

    async def _previews(self, job: Job) -> tuple[bytes | None, tuple[bytes, ...]]:
        content = await self._get(preview_key(job.content_key))
        styles = [await self._get(preview_key(key)) for key in job.style_keys]
        return content, tuple(each for each in styles if each) if all(styles) else ()

    async def _get(self, key: str | None) -> bytes | None:
        if key is None:
            return None
        try:
            return await self._artefacts.get(key)
        except ArtefactMissingError:
            # A newer snapshot has replaced it since the job was read, or the job was deleted.
            logger.debug("%s does not exist any more", key)
            return None


def _thumbnail(picture: bytes) -> bytes:
    image = images.decode(picture)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return images.encode(image, "webp")
