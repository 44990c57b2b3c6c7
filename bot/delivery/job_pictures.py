"""What is kept of a job, read for showing. What is missing is simply not shown."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.artefacts.folder import preview_key
from bot.errors import ArtefactMissingError
from bot.views.collage import inputs_sheet, small_inputs_sheet
from stylenet import images

if TYPE_CHECKING:
    from bot.artefacts.folder import Artefacts
    from bot.jobs.models import Job

__all__ = ["Gallery", "Pictures"]

logger = logging.getLogger(__name__)

SHEETS_KEPT: Final = 64

THUMBNAIL_SIDE: Final = 320
"""Longest side of the finished picture on its card, in pixels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pictures:
    """What there is to show of a job that has ended, encoded.

    Attributes:
        result: the finished picture; None where there is none.
        content: the reduced content picture; None where it is not kept.
        styles: the reduced style pictures; empty where one is not kept.
    """

    result: bytes | None = None
    content: bytes | None = None
    styles: tuple[bytes, ...] = ()


class Gallery:
    """Reads the pictures of jobs. Methods raise OSError where the storage cannot be reached."""

    def __init__(self, artefacts: Artefacts) -> None:
        self._artefacts = artefacts
        self._sheets: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    async def newest(self, job: Job) -> bytes | None:
        """The picture on the card, WebP: the newest snapshot, or the result made small."""
        picture = await self._get(job.result_key or job.snapshot_key)
        if picture is None or job.result_key is None:
            return picture
        return await asyncio.to_thread(_small, picture)

    async def inputs(self, job: Job, *, small: bool) -> bytes | None:
        """The pictures that were taken, on one sheet (WebP) with words or a small one without.

        Each is made once per job.
        """
        make = small_inputs_sheet if small else inputs_sheet
        keys = (make.__name__, job.content_key, *job.style_keys)
        if keys in self._sheets:
            self._sheets.move_to_end(keys)
            return self._sheets[keys]
        content, styles = await self._previews(job)
        if content is None or not styles:
            return None
        sheet = self._sheets[keys] = await asyncio.to_thread(make, content, styles)
        while len(self._sheets) > SHEETS_KEPT:
            self._sheets.popitem(last=False)
        return sheet

    async def all_of(self, job: Job) -> Pictures:
        """Everything the outcome shows."""
        if job.result_key is None:
            return Pictures()
        result = await self._get(job.result_key)
        if result is None:
            logger.error("the finished picture of job %s is gone", job.job_id)
        content, styles = await self._previews(job)
        return Pictures(result=result, content=content, styles=styles)

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
            # A newer snapshot took its place since the job was read, or the job was forgotten.
            logger.debug("%s is gone already", key)
            return None


def _small(picture: bytes) -> bytes:
    """A finished picture as a thumbnail: the whole of it is in the outcome."""
    image = images.decode(picture)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return images.encode(image, "webp")
