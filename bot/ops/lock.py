"""A lock that limits a data folder to one process; the system releases it if the process dies."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FolderLock"]


class FolderLock:
    """An exclusive lock on a file, held until it is released or the process ends.

    The file contains the holder's process id. It is never removed: otherwise two processes could
    lock two different files of the same name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Acquire the lock.

        Raises:
            ConfigurationError: another process, or another store of this one, holds it.
            OSError: the file cannot be created.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
        except OSError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            msg = (
                f"another bot (process {holder}) already uses {self._path.parent}: stop it, set "
                "STYLEBOT_DATA_DIR to another folder, or let several bots share a PostgreSQL "
                "database with STYLEBOT_DATABASE_URL"
            )
            raise ConfigurationError(msg) from error
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self._descriptor = descriptor

    def release(self) -> None:
        """Release the lock if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Windows locks bytes and forbids reading them: lock one far beyond the process id.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
