"""The interface of artefact storage, and the check of its keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

__all__ = ["ArtefactInfo", "Artefacts", "check_key"]

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ArtefactInfo:
    """One artefact: its key, its size in bytes and when it was put (aware, UTC)."""

    key: str
    size: int
    modified_at: datetime


class Artefacts(Protocol):
    """Where pictures and checkpoints are kept. Keys that are not plain raise ValueError."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep the bytes under the key, replacing what was there, atomically and durably.

        Raises:
            StorageFullError: there is no room left.
            OSError: the storage cannot be reached.
        """
        ...

    async def get(self, key: str) -> bytes:
        """The bytes under the key.

        Raises:
            ArtefactMissingError: there are none.
            OSError: the storage cannot be reached.
        """
        ...

    async def delete(self, key: str) -> None:
        """Delete what is under the key; nothing happens when there is nothing."""
        ...

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything whose key begins with the prefix, which ends in a slash.

        Returns:
            How many artefacts there were.
        """
        ...

    def list(self, prefix: str = "") -> AsyncIterator[ArtefactInfo]:
        """Everything whose key begins with the prefix, which is empty or ends in a slash."""
        ...

    async def free_bytes(self) -> int | None:
        """Room that is left, in bytes; None where there is no such bound."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


def check_key(key: str) -> str:
    """The key, if it is plain.

    Raises:
        ValueError: it is not, and might lead outside the folder.
    """
    if not _KEY.fullmatch(key):
        msg = f"not a plain artefact key: {key!r}"
        raise ValueError(msg)
    return key
