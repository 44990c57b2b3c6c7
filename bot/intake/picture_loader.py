"""Load the pictures of a request: download and inspect new ones, find stored ones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.artefacts.keys import preview_key
from bot.artefacts.sources import ArtefactSource, LocalFile, find_artefact
from bot.errors import ArtefactMissingError, PictureProblem, PictureRefused
from bot.intake.download import allowed_origins, download
from bot.intake.fair_slots import FairSlots
from bot.intake.inspection import MAX_CONCURRENT
from bot.intake.job_request import SavedPicture
from bot.jobs.job_inputs import InputSource
from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import aiohttp

    from bot.artefacts.base import Artefacts
    from bot.intake.inspection import Inspector
    from bot.intake.inspection_reply import InspectedPicture
    from bot.intake.job_request import PictureSource
    from bot.intake.upload_folder import RequestFiles
    from bot.settings import Settings

__all__ = ["LoadedPicture", "PictureLoader"]

INSPECTIONS_PER_MEMBER: Final = 1
"""Pictures of one member inspected at the same time, so that the others have a slot."""

# Discord derives the content type from the file name, so this one says nothing.
UNKNOWN_CONTENT_TYPES: Final = frozenset({"application/octet-stream"})


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LoadedPicture:
    """A picture that can be stored.

    Attributes:
        source: encoded, as the member sent it.
        preview: a reduced copy, encoded (WebP); None if none is stored.
        size: width and height in pixels; None if unknown.
        is_single_color: whether all pixels are about alike; False if unknown.
    """

    source: ArtefactSource
    preview: bytes | None
    size: tuple[int, int] | None = None
    is_single_color: bool = False


class PictureLoader:
    """Loads pictures.

    Args:
        settings: limits on size and download time, and the allowed hosts.
        artefacts: where stored pictures are read.
        inspector: a started inspector.
        session: the HTTP session for downloads.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        artefacts: Artefacts,
        inspector: Inspector,
        session: aiohttp.ClientSession,
    ) -> None:
        self._max_bytes = settings.max_upload_bytes
        self._timeout = settings.download_timeout_seconds
        self._origins = allowed_origins(settings)
        self._artefacts = artefacts
        self._inspector = inspector
        self._inspections = FairSlots(MAX_CONCURRENT, per_member=INSPECTIONS_PER_MEMBER)
        self._session = session

    async def load_all(
        self,
        sources: Sequence[PictureSource | SavedPicture],
        *,
        member_id: int,
        files: RequestFiles,
    ) -> list[LoadedPicture]:
        """Load several pictures of one member concurrently.

        Args:
            sources: the pictures.
            member_id: whose turn the inspections are.
            files: where new pictures are until they are stored.

        Raises:
            PictureRefused: one of the pictures cannot be used.
            ArtefactMissingError: a stored picture is gone.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self.load(source, member_id=member_id, files=files))
                    for source in sources
                ]
        except ExceptionGroup as errors:
            # One refusal is reported; the first is enough.
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def load(
        self, source: PictureSource | SavedPicture, *, member_id: int, files: RequestFiles
    ) -> LoadedPicture:
        """Load one picture, a new one into one of `files`.

        Raises:
            PictureRefused: the picture cannot be used.
            ArtefactMissingError: a stored picture is gone.
        """
        if isinstance(source, SavedPicture):
            return await self._read_saved(source)
        file, inspected = await self._download(source, files.new_path(), member_id=member_id)
        return LoadedPicture(
            source=file,
            preview=await asyncio.to_thread(images.encode, inspected.preview, "webp"),
            size=(inspected.width, inspected.height),
            is_single_color=inspected.is_single_color,
        )

    async def _download(
        self, source: PictureSource, path: Path, *, member_id: int
    ) -> tuple[LocalFile, InspectedPicture]:
        """Download a picture and inspect it; members share the inspections fairly.

        Raises:
            PictureRefused: the picture cannot be used.
        """
        _check_content_type(source)
        if source.size is not None and source.size > self._max_bytes:
            raise PictureRefused(
                PictureProblem.TOO_MANY_BYTES,
                filename=source.filename,
                got=str(source.size),
                limit=str(self._max_bytes),
            )
        size = await download(
            self._session,
            source.url,
            path,
            filename=source.filename,
            origins=self._origins,
            max_bytes=self._max_bytes,
            timeout=self._timeout,
        )
        async with self._inspections.slot(member_id):
            inspected = await self._inspector.inspect(path, filename=source.filename)
        return LocalFile(path=path, size=size), inspected

    async def _read_saved(self, picture: SavedPicture) -> LoadedPicture:
        source = await find_artefact(self._artefacts, picture.key)
        try:
            preview = await self._artefacts.get(preview_key(picture.key))
        except ArtefactMissingError:
            preview = None  # the card is shown without it
        return LoadedPicture(source=source, preview=preview, size=picture.size)


def _check_content_type(source: PictureSource) -> None:
    """Reject what Discord announces as something else than a picture, before downloading it.

    Raises:
        PictureRefused: it is a video, a vector sticker or another kind of file.
    """
    content_type = (source.content_type or "").partition(";")[0].strip().lower()
    if (
        not content_type
        or content_type in UNKNOWN_CONTENT_TYPES
        or content_type.startswith("image/")
    ):
        return
    if source.place is InputSource.STICKER:
        problem = PictureProblem.DRAWN_STICKER
    elif content_type.startswith("video/"):
        problem = PictureProblem.FILM
    else:
        problem = PictureProblem.NOT_A_PICTURE
    raise PictureRefused(problem, filename=source.filename, got=content_type)
