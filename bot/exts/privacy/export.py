"""Export of everything that is held about a member, as zip files small enough to be sent."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import tempfile
import zipfile
from typing import TYPE_CHECKING, Any, Final, cast

from bot.artefacts.keys import PREVIEW, job_prefix
from bot.errors import ArtefactMissingError
from bot.views.privacy import HeldData
from stylenet import images

if TYPE_CHECKING:
    import io
    from collections.abc import AsyncIterator, Iterable, Sequence
    from pathlib import Path

    from bot.artefacts.base import Artefacts
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore

__all__ = ["DataExport", "ExportFile", "load_held_data", "plan"]

MOST_JOBS: Final = 100_000
FILE_OVERHEAD_BYTES: Final = 512
"""Overhead of a file in a zip: two headers with its name."""

ENVELOPE_BYTES: Final = 64 * 1024
"""Bytes reserved for the rest of the request that sends a zip."""

_WORKING: Final = ("snapshot-", "checkpoint-")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ExportFile:
    """A picture to be exported.

    Attributes:
        path: within the zip, without an extension.
        key: of the artefact.
        size: in bytes.
    """

    path: str
    key: str
    size: int


async def load_held_data(store: JobStore, member_id: int) -> HeldData:
    """Load everything that is held about a member.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    return HeldData(
        jobs=tuple(await store.list_for_member(member_id, limit=MOST_JOBS)),
        pickers=tuple(await store.pickers.list_for_member(member_id)),
        offers=tuple(await store.saved_requests.list_for_member(member_id)),
        presets=tuple(await store.guild_presets.list_added_by(member_id)),
        favourites=tuple(await store.favourites.list_for_member(member_id)),
    )


class DataExport:
    """Makes the zips one by one on the disk, so that only one picture is in memory.

    Args:
        artefacts: where the pictures are stored.
        folder: where each zip is until it is sent; nobody else can open it.
        limit: size of a zip, in bytes.
        most: number of zips; the newest pictures come first.
    """

    def __init__(self, artefacts: Artefacts, *, folder: Path, limit: int, most: int) -> None:
        self._artefacts = artefacts
        self._folder = folder
        self._limit = limit - ENVELOPE_BYTES
        self._most = most

    async def zips(self, held: HeldData) -> AsyncIterator[io.BufferedIOBase]:
        """Make the zips; the first one contains all records as ``data.json``.

        Each is closed when the next one is asked for.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        files = [file async for file in self._files(held)]
        described = _describe(held)
        first = len(json.dumps(described)) + sum(len(file.path) + 8 for file in files)
        parts, left_out = plan(files, limit=self._limit, most=self._most, first=first)
        described["left_out"] = [file.path for file in left_out]
        text = json.dumps(described, indent=1, ensure_ascii=False).encode()
        for number, part in enumerate(parts):
            with tempfile.TemporaryFile(dir=self._folder) as zipped:
                # The pictures are compressed already.
                with zipfile.ZipFile(zipped, "w", zipfile.ZIP_STORED) as archive:
                    if number == 0:
                        archive.writestr("data.json", text)
                    for file in part:
                        await self._add(archive, file)
                zipped.seek(0)
                yield cast("io.BufferedIOBase", zipped)

    async def _add(self, archive: zipfile.ZipFile, file: ExportFile) -> None:
        try:
            data = await self._artefacts.get(file.key)
        except ArtefactMissingError:  # deleted since it was listed
            return
        extension = images.file_extension(data) or "bin"
        await asyncio.to_thread(archive.writestr, f"{file.path}.{extension}", data)

    async def _files(self, held: HeldData) -> AsyncIterator[ExportFile]:
        folders = {job_prefix(job.job_id): f"paintings/{_name(job)}" for job in held.jobs}
        folders |= {
            picker.content_key.rpartition("/")[0] + "/": f"waiting/{picker.message_id}"
            for picker in held.pickers
        }
        folders |= {
            preset.folder: f"styles/{preset.guild_id}-{preset.name}" for preset in held.presets
        }
        borrowed = _borrowed_keys(held)
        for prefix, folder in folders.items():
            async for info in self._artefacts.list(prefix):
                name = info.key.removeprefix(prefix)
                if name.endswith(PREVIEW) or name.startswith(_WORKING) or info.key in borrowed:
                    continue
                yield ExportFile(path=f"{folder}/{name}", key=info.key, size=info.size)


def _borrowed_keys(held: HeldData) -> set[str]:
    """Return the keys of other members' pictures, which this member saw reduced at most."""
    keys: set[str | None] = set()
    for job in held.jobs:
        interpretation = job.interpretation
        if interpretation is None:
            continue
        pictures = zip(job.style_keys, interpretation.styles, strict=False)
        for key, picture in ((job.content_key, interpretation.content), *pictures):
            if picture.is_borrowed:
                keys.add(key)
        if interpretation.mask is not None and interpretation.mask.is_borrowed:
            keys.update(job.mask_keys)
    for picker in held.pickers:
        if picker.content is not None and picker.content.is_borrowed:
            folder = picker.content_key.rpartition("/")[0]
            keys |= {picker.content_key, f"{folder}/mask"}
    return {key for key in keys if key is not None}


def _describe(held: HeldData) -> dict[str, Any]:
    """Convert all records to JSON's types."""
    described: dict[str, Any] = json.loads(
        json.dumps(dataclasses.asdict(held), default=str, ensure_ascii=False)
    )
    return described


def plan(
    files: Iterable[ExportFile], *, limit: int, most: int, first: int
) -> tuple[Sequence[Sequence[ExportFile]], Sequence[ExportFile]]:
    """Divide pictures among zips, in order.

    Args:
        files: the pictures.
        limit: size of a zip, in bytes.
        most: number of zips.
        first: size of ``data.json``, in bytes.

    Returns:
        The files of each zip, at least one zip, and the files that fit into none.
    """
    parts: list[list[ExportFile]] = [[]]
    left_out: list[ExportFile] = []
    filled = first + FILE_OVERHEAD_BYTES
    for file in files:
        cost = file.size + FILE_OVERHEAD_BYTES
        if cost > limit:
            left_out.append(file)
        elif filled + cost <= limit:
            parts[-1].append(file)
            filled += cost
        elif len(parts) < most:
            parts.append([file])
            filled = cost
        else:
            left_out.append(file)
    return parts, left_out


def _name(job: Job) -> str:
    return f"{job.created_at:%Y-%m-%d}-{job.job_id}"
