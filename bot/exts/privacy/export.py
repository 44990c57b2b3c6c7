"""Everything that is held about a member, as zip files small enough to be sent."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Final

from bot.artefacts.folder import PREVIEW, job_prefix
from bot.errors import ArtefactMissingError
from bot.views.privacy import HeldData

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from bot.artefacts.folder import Artefacts
    from bot.jobs.store import JobStore

__all__ = ["DataExport", "Entry", "holdings_of", "plan"]

MOST_JOBS: Final = 100_000
ENTRY_BYTES: Final = 512
"""What a file costs in a zip besides its bytes: two headers with its name."""

ENVELOPE_BYTES: Final = 64 * 1024
"""Room left in every message beside its zip."""

_WORKING: Final = ("snapshot-", "checkpoint-")
_SIGNATURES: Final = (
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"RIFF", "webp"),
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One picture to be taken out.

    Attributes:
        path: within the zip, without an extension.
        key: among the artefacts.
        size: bytes.
    """

    path: str
    key: str
    size: int


async def holdings_of(store: JobStore, member_id: int) -> HeldData:
    """What is held about a member.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    return HeldData(
        jobs=tuple(await store.jobs_of(member_id, limit=MOST_JOBS)),
        pickers=tuple(await store.pickers.of(member_id)),
        offers=tuple(await store.offers.of(member_id)),
        presets=tuple(await store.presets.added_by(member_id)),
    )


class DataExport:
    """Makes the zips, one after the other, so that only one is in memory.

    Args:
        artefacts: where the pictures are.
        limit: bytes one zip may have.
        most: how many zips there may be; the newest pictures come first.
    """

    def __init__(self, artefacts: Artefacts, *, limit: int, most: int) -> None:
        self._artefacts = artefacts
        self._limit = limit - ENVELOPE_BYTES
        self._most = most

    async def zips(self, holdings: HeldData) -> AsyncIterator[bytes]:
        """The zips; the first one also says in ``data.json`` what no picture shows.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        entries = [entry async for entry in self._entries(holdings)]
        described = describe(holdings)
        first = len(json.dumps(described)) + sum(len(entry.path) + 8 for entry in entries)
        parts, left_out = plan(entries, limit=self._limit, most=self._most, first=first)
        described["left_out"] = [entry.path for entry in left_out]
        text = json.dumps(described, indent=1, ensure_ascii=False).encode()
        for number, part in enumerate(parts):
            files = {"data.json": text} if number == 0 else {}
            for entry in part:
                try:
                    data = await self._artefacts.get(entry.key)
                except ArtefactMissingError:  # deleted since it was listed
                    continue
                files[f"{entry.path}.{_extension(data)}"] = data
            yield await asyncio.to_thread(_zipped, files)

    async def _entries(self, holdings: HeldData) -> AsyncIterator[Entry]:
        folders = {job_prefix(job.job_id): f"paintings/{_name(job)}" for job in holdings.jobs}
        folders |= {
            picker.content_key.rpartition("/")[0] + "/": f"waiting/{picker.message_id}"
            for picker in holdings.pickers
        }
        folders |= {
            preset.folder: f"styles/{preset.guild_id}-{preset.name}" for preset in holdings.presets
        }
        for prefix, folder in folders.items():
            async for info in self._artefacts.list(prefix):
                name = info.key.removeprefix(prefix)
                if name.endswith(PREVIEW) or name.startswith(_WORKING):
                    continue
                yield Entry(path=f"{folder}/{name}", key=info.key, size=info.size)


def describe(holdings: HeldData) -> dict[str, Any]:
    """All rows that are held, as JSON has them."""
    described: dict[str, Any] = json.loads(
        json.dumps(dataclasses.asdict(holdings), default=str, ensure_ascii=False)
    )
    return described


def plan(
    entries: Iterable[Entry], *, limit: int, most: int, first: int
) -> tuple[Sequence[Sequence[Entry]], Sequence[Entry]]:
    """Divide pictures among zips, in order.

    Args:
        entries: the pictures.
        limit: bytes of one zip.
        most: zips at most.
        first: bytes that the first zip carries besides.

    Returns:
        The zips, at least one, and what does not fit into any.
    """
    parts: list[list[Entry]] = [[]]
    left_out: list[Entry] = []
    filled = first + ENTRY_BYTES
    for entry in entries:
        cost = entry.size + ENTRY_BYTES
        if cost > limit:
            left_out.append(entry)
        elif filled + cost <= limit:
            parts[-1].append(entry)
            filled += cost
        elif len(parts) < most:
            parts.append([entry])
            filled = cost
        else:
            left_out.append(entry)
    return parts, left_out


def _name(job: Any) -> str:  # noqa: ANN401
    return f"{job.created_at:%Y-%m-%d}-{job.job_id}"


def _extension(data: bytes) -> str:
    return next((name for start, name in _SIGNATURES if data.startswith(start)), "bin")


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed
        for path, data in files.items():
            archive.writestr(path, data)
    return out.getvalue()
