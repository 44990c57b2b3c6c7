"""Temporary files for the pictures of requests, so that no request holds them in memory."""

from __future__ import annotations

import asyncio
import itertools
import logging
import shutil
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.ops.private_files import make_private_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["RequestFiles", "UploadFolder"]

logger = logging.getLogger(__name__)

LEFT_OVER_SECONDS: Final = 3600.0
"""Age from which a folder belongs to a process that was killed; no request takes that long."""


class RequestFiles:
    """The temporary files of one request."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def new_path(self) -> Path:
        """Return the path of a file that does not exist yet."""
        return self._folder / str(next(self._numbers))


class UploadFolder:
    """A folder with one folder per request, which is deleted when the request ends.

    Args:
        root: the folder; it is made when it is needed, closed to other users.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._is_swept = False

    @asynccontextmanager
    async def open_request(self) -> AsyncIterator[RequestFiles]:
        """Make a folder for one request, and delete it after the block.

        Raises:
            OSError: it cannot be made.
        """
        folder = await asyncio.to_thread(self._make)
        try:
            yield RequestFiles(folder)
        finally:
            # Not interrupted by a cancellation: the thread ends by itself.
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    def _make(self) -> Path:
        make_private_folder(self._root)
        if not self._is_swept:
            self._is_swept = True
            self._sweep()
        return Path(tempfile.mkdtemp(dir=self._root))

    def _sweep(self) -> None:
        """Delete what a killed process left."""
        oldest = time.time() - LEFT_OVER_SECONDS
        for folder in self._root.iterdir():
            if folder.stat().st_mtime < oldest:
                logger.info("deleting the files of an interrupted request in %s", folder)
                shutil.rmtree(folder, ignore_errors=True)
