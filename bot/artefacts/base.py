"""The interface of artefact storage, and the check of its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

__all__ = ["ArtefactInfo", "Artefacts", "check_key"]

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtefactInfo:
    """An artefact's key, its size in bytes and when it was stored (aware, UTC)."""

    key: str
    size: int
    modified_at: datetime


class Artefacts(Protocol):
    """Storage for pictures and checkpoints. Invalid keys raise `ValueError`."""

    async def put(self, key: str, data: bytes) -> None:
        """Store bytes under a key, atomically and durably. An existing artefact is replaced.

        Raises:
            StorageFullError: no space is left.
            OSError: the storage cannot be reached.
        """
        ...

    async def put_file(self, key: str, file: Path) -> None:
        """Store a file's bytes under a key, as `put` does; the file may be moved.

        Raises:
            StorageFullError: no space is left.
            OSError: the storage cannot be reached, or the file not be read.
        """
        ...

    async def copy(self, source: str, key: str) -> None:
        """Store a copy of the artefact `source` under a key, as `put` does.

        Raises:
            ArtefactMissingError: there is no such artefact.
            StorageFullError: no space is left.
            OSError: the storage cannot be reached.
        """
        ...

    async def size(self, key: str) -> int:
        """Return the size of an artefact in bytes.

        Raises:
            ArtefactMissingError: there is no such artefact.
            OSError: the storage cannot be reached.
        """
        ...

    async def get(self, key: str) -> bytes:
        """Return the bytes under a key.

        Raises:
            ArtefactMissingError: there is no such artefact.
            OSError: the storage cannot be reached.
        """
        ...

    async def delete(self, key: str) -> None:
        """Delete an artefact, if it exists.

        Raises:
            OSError: the storage cannot be reached.
        """
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Delete every artefact whose key begins with a prefix.

        Args:
            prefix: ends in a slash.

        Returns:
            The number of deleted artefacts.

        Raises:
            OSError: the storage cannot be reached.
        """
        ...

    def list(self, prefix: str = "") -> AsyncIterator[ArtefactInfo]:
        """Iterate over the artefacts whose key begins with a prefix.

        Args:
            prefix: empty for all, or ends in a slash.

        Raises:
            OSError: the storage cannot be reached.
        """
        ...

    async def free_bytes(self) -> int | None:
        """Return the free space in bytes; None if the storage has no limit."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def check_key(key: str) -> str:
    """Return the key if it is valid.

    Raises:
        ValueError: it is not a relative path of plain names.
    """
    if not _KEY.fullmatch(key):
        msg = f"invalid artefact key: {key!r}"
        raise ValueError(msg)
    return key
