"""What an artefact is stored from: bytes, a file, or another artefact; large ones as no bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from bot.artefacts.base import Artefacts

__all__ = [
    "ArtefactSource",
    "LocalFile",
    "StoredArtefact",
    "find_artefact",
    "size_of",
    "store_artefact",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFile:
    """A file on this machine, with its size in bytes; storing it may move it."""

    path: Path
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredArtefact:
    """An artefact that is copied, with its size in bytes."""

    key: str
    size: int


ArtefactSource: TypeAlias = bytes | LocalFile | StoredArtefact


def size_of(source: ArtefactSource) -> int:
    """Return the size in bytes."""
    return len(source) if isinstance(source, bytes) else source.size


async def find_artefact(artefacts: Artefacts, key: str) -> StoredArtefact:
    """Return an artefact as a source of copies.

    Raises:
        ArtefactMissingError: there is no such artefact.
        OSError: the storage cannot be reached.
    """
    return StoredArtefact(key=key, size=await artefacts.size(key))


async def store_artefact(artefacts: Artefacts, key: str, source: ArtefactSource) -> None:
    """Store an artefact from a source.

    Raises:
        ArtefactMissingError: the artefact to copy does not exist.
        StorageFullError: no space is left.
        OSError: the storage cannot be reached.
    """
    match source:
        case bytes():
            await artefacts.put(key, source)
        case LocalFile():
            await artefacts.put_file(key, source.path)
        case StoredArtefact():
            await artefacts.copy(source.key, key)
