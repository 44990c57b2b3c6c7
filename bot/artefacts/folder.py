"""Pictures and checkpoints, by key: a folder by default, S3-compatible storage by address.

A key is a relative path of plain names, such as ``jobs/<job id>/content``. What is put is there
in full or not at all, and still there after the power failed.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from bot.errors import ArtefactMissingError, ConfigurationError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

__all__ = [
    "ArtefactInfo",
    "Artefacts",
    "FolderArtefacts",
    "checkpoint_key",
    "content_key",
    "guild_preset_prefix",
    "job_prefix",
    "mask_key",
    "open_artefacts",
    "preview_key",
    "result_key",
    "snapshot_key",
    "start_key",
    "style_key",
]

JOBS = "jobs/"
PICKERS = "pickers/"
GUILDS = "guilds/"
PREVIEW = ".preview"

_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_UNFINISHED = ".part-"


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


def job_prefix(job_id: str) -> str:
    """What the keys of everything that belongs to a job begin with."""
    return f"{JOBS}{job_id}/"


def content_key(job_id: str) -> str:
    """The content picture as the member gave it."""
    return f"{JOBS}{job_id}/content"


def style_key(job_id: str, number: int) -> str:
    """A style picture as the member gave it, numbered from 0."""
    return f"{JOBS}{job_id}/style-{number}"


def mask_key(job_id: str, number: int) -> str:
    """The mask of the style picture of that number."""
    return f"{JOBS}{job_id}/mask-{number}"


def start_key(job_id: str) -> str:
    """The picture that painting begins from."""
    return f"{JOBS}{job_id}/start"


def snapshot_key(job_id: str, step: int) -> str:
    """The picture as it stood after so many steps."""
    return f"{JOBS}{job_id}/snapshot-{step}"


def checkpoint_key(job_id: str, *, claims: int, step: int) -> str:
    """Resumable state; the claim's number keeps a claim that was lost from writing over it."""
    return f"{JOBS}{job_id}/checkpoint-{claims}-{step}"


def preview_key(picture_key: str) -> str:
    """The reduced copy (WebP) of a member's picture, beside the picture itself."""
    return f"{picture_key}{PREVIEW}"


def result_key(job_id: str) -> str:
    """The final picture."""
    return f"{JOBS}{job_id}/result"


def guild_preset_prefix(guild_id: int) -> str:
    """A new place for one style of a guild's own; every key of it begins so."""
    return f"{GUILDS}{guild_id}/{secrets.token_hex(8)}/"


def open_artefacts(url: str) -> Artefacts:
    """The artefacts at an address: a folder, ``file:///…`` or ``s3://bucket/prefix``.

    Raises:
        ConfigurationError: the address cannot work, or its library is not installed.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderArtefacts(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        from bot.artefacts.s3 import (  # noqa: PLC0415 - obstore is an optional extra
            ObjectArtefacts,
        )

        return ObjectArtefacts(url)
    if "://" in url:
        msg = (
            f"STYLEBOT_ARTEFACTS_URL begins with {parts.scheme}://; "
            "a folder and s3:// are supported"
        )
        raise ConfigurationError(msg)
    return FolderArtefacts(Path(url))


def checked(key: str) -> str:
    """The key, if it is plain.

    Raises:
        ValueError: it is not, and might lead outside the folder.
    """
    if not _KEY.fullmatch(key):
        msg = f"not a plain artefact key: {key!r}"
        raise ValueError(msg)
    return key


class FolderArtefacts:
    """Artefacts as files under one folder. Disk work happens in threads, off the event loop.

    Raises:
        ConfigurationError: the folder cannot be made or written to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
            probe = root / f"{_UNFINISHED}{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            msg = f"pictures cannot be kept in {root}: {error}"
            raise ConfigurationError(msg) from error

    async def put(self, key: str, data: bytes) -> None:
        """See `Artefacts.put`."""
        await asyncio.to_thread(self._write, self._path(key), data)

    async def get(self, key: str) -> bytes:
        """See `Artefacts.get`."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ArtefactMissingError(key) from error

    async def delete(self, key: str) -> None:
        """See `Artefacts.delete`."""
        path = self._path(key)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def delete_prefix(self, prefix: str) -> int:
        """See `Artefacts.delete_prefix`."""
        folder = self._folder(prefix)
        return await asyncio.to_thread(_remove_folder, folder)

    async def list(self, prefix: str = "") -> AsyncIterator[ArtefactInfo]:
        """See `Artefacts.list`; also names files whose writing was cut short."""
        folder = self._folder(prefix) if prefix else self._root
        for info in await asyncio.to_thread(self._walk, folder):
            yield info

    async def free_bytes(self) -> int | None:
        """See `Artefacts.free_bytes`."""
        usage = await asyncio.to_thread(shutil.disk_usage, self._root)
        return usage.free

    async def close(self) -> None:
        """See `Artefacts.close`; a folder holds nothing open."""

    def _path(self, key: str) -> Path:
        return self._root / checked(key)

    def _folder(self, prefix: str) -> Path:
        if not prefix.endswith("/"):
            msg = f"not a prefix that ends in a slash: {prefix!r}"
            raise ValueError(msg)
        return self._path(prefix.removesuffix("/"))

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}{_UNFINISHED}{secrets.token_hex(4)}")
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno in _NO_ROOM:
                msg = f"no room left in {self._root}"
                raise StorageFullError(msg) from error
            raise
        # The rename itself is durable once every folder on the way, perhaps a new one, is.
        for folder in path.parents:
            _sync_folder(folder)
            if folder == self._root:
                break

    def _walk(self, folder: Path) -> Sequence[ArtefactInfo]:
        infos = []
        for directory, _, names in os.walk(folder):
            for name in names:
                path = Path(directory, name)
                try:
                    status = path.stat()
                except FileNotFoundError:  # deleted since it was named
                    continue
                infos.append(
                    ArtefactInfo(
                        key=path.relative_to(self._root).as_posix(),
                        size=status.st_size,
                        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
                    )
                )
        return infos


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
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
