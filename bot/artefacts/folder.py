"""Artefacts as files in a folder."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.artefacts.base import ArtefactInfo, check_key
from bot.artefacts.keys import PARTIAL
from bot.errors import ArtefactMissingError, ConfigurationError, StorageFullError
from bot.ops.private_files import (
    make_private_file,
    make_private_folder,
    open_private,
    protect_folder,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

__all__ = ["FolderArtefacts"]

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


class FolderArtefacts:
    """Artefacts as files in a folder. File operations run in threads, off the event loop.

    Only the user that runs the bot can read them: other users cannot enter the folder, also if an
    earlier version made it open to them.

    Raises:
        ConfigurationError: the folder cannot be created or written to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            make_private_folder(root)
            protect_folder(root)
            probe = root / f"{PARTIAL}{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            msg = f"pictures cannot be kept in {root}: {error}"
            raise ConfigurationError(msg) from error

    async def put(self, key: str, data: bytes) -> None:
        """See `Artefacts.put`."""

        def write(part: Path) -> None:
            with open(part, "xb", opener=open_private) as file:
                file.write(data)

        await asyncio.to_thread(self._store, self._path(key), write)

    async def put_file(self, key: str, file: Path) -> None:
        """See `Artefacts.put_file`; the file is moved if it is on the same file system."""

        def move(part: Path) -> None:
            try:
                file.replace(part)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                _copy_privately(file, part)

        await asyncio.to_thread(self._store, self._path(key), move)

    async def copy(self, source: str, key: str) -> None:
        """See `Artefacts.copy`."""
        original = self._path(source)
        copying = asyncio.to_thread(
            self._store, self._path(key), lambda part: _copy_privately(original, part)
        )
        with _translate_missing(source):
            await copying

    async def size(self, key: str) -> int:
        """See `Artefacts.size`."""
        with _translate_missing(key):
            status = await asyncio.to_thread(self._path(key).stat)
        return status.st_size

    async def get(self, key: str) -> bytes:
        """See `Artefacts.get`."""
        with _translate_missing(key):
            return await asyncio.to_thread(self._path(key).read_bytes)

    async def delete(self, key: str) -> None:
        """See `Artefacts.delete`."""
        path = self._path(key)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def delete_prefix(self, prefix: str) -> int:
        """See `Artefacts.delete_prefix`."""
        folder = self._folder(prefix)
        return await asyncio.to_thread(_remove_folder, folder)

    async def list(self, prefix: str = "") -> AsyncIterator[ArtefactInfo]:
        """See `Artefacts.list`; includes partial files left by a crash."""
        folder = self._folder(prefix) if prefix else self._root
        for info in await asyncio.to_thread(self._walk, folder):
            yield info

    async def free_bytes(self) -> int | None:
        """See `Artefacts.free_bytes`."""
        usage = await asyncio.to_thread(shutil.disk_usage, self._root)
        return usage.free

    async def close(self) -> None:
        """See `Artefacts.close`; there is nothing to close."""

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _folder(self, prefix: str) -> Path:
        if not prefix.endswith("/"):
            msg = f"prefix does not end in a slash: {prefix!r}"
            raise ValueError(msg)
        return self._path(prefix.removesuffix("/"))

    def _store(self, path: Path, write: Callable[[Path], None]) -> None:
        """Have a new file written, then give it its name."""
        make_private_folder(path.parent)
        part = path.with_name(f"{path.name}{PARTIAL}{secrets.token_hex(4)}")
        try:
            write(part)
            _sync(part)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno in _NO_SPACE:
                msg = f"no space left in {self._root}"
                raise StorageFullError(msg) from error
            raise
        # The rename is durable once every parent folder, perhaps a new one, is synced.
        for folder in path.parents:
            _sync(folder)
            if folder == self._root:
                break

    def _walk(self, folder: Path) -> Sequence[ArtefactInfo]:
        infos = []
        for directory, _, names in os.walk(folder):
            for name in names:
                path = Path(directory, name)
                try:
                    status = path.stat()
                except FileNotFoundError:  # deleted since it was listed
                    continue
                infos.append(
                    ArtefactInfo(
                        key=path.relative_to(self._root).as_posix(),
                        size=status.st_size,
                        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
                    )
                )
        return infos


@contextlib.contextmanager
def _translate_missing(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtefactMissingError(key) from error


def _copy_privately(source: Path, target: Path) -> None:
    """Copy a file within the kernel; its bytes are not held in memory."""
    make_private_file(target)
    shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    """Wait until a file's bytes, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_folder(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    count = sum(len(names) for _, _, names in os.walk(folder))
    shutil.rmtree(folder)
    return count
