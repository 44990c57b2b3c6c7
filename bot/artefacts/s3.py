"""Artefacts in S3-compatible storage, through obstore. Imported only if the URL asks for it.

Credentials, region and endpoint come from the environment, under the usual names:
``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION``, ``AWS_ENDPOINT``,
``AWS_ALLOW_HTTP`` for plain HTTP within a private network.
"""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.artefacts.base import ArtefactInfo, check_key
from bot.errors import ArtefactMissingError, ConfigurationError

try:
    import obstore
    from obstore.exceptions import BaseError, NotFoundError
    from obstore.store import ObjectStore, from_url
except ModuleNotFoundError as error:
    _missing = "STYLEBOT_ARTEFACTS_URL names S3: install stylebot[s3] for its library"
    raise ConfigurationError(_missing) from error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from obstore.store import ClientConfig, RetryConfig

__all__ = ["S3Artefacts"]

TIMEOUT = "60s"
PART_BYTES: Final = 5 * 1024 * 1024
"""S3's least size of a part but the last."""

PARTS_AT_ONCE: Final = 2

RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}
"""Few, since the callers retry by themselves and log it."""


class S3Artefacts:
    """Artefacts as objects under one prefix of a bucket. S3's uploads are atomic and durable.

    Args:
        url: ``s3://bucket/prefix``.
        store: replaces the store of the URL, e.g. by one in memory.

    Raises:
        ConfigurationError: the URL is invalid.
    """

    def __init__(self, url: str, *, store: ObjectStore | None = None) -> None:
        self._prefix = urlsplit(url).path.strip("/")
        if self._prefix:
            self._prefix += "/"
        try:
            bucket = f"s3://{urlsplit(url).netloc}"
            options: ClientConfig = {
                "timeout": TIMEOUT,
                "connect_timeout": "10s",
                # obstore reads the environment only for options that are not given here.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"true", "1"},
            }
            self._store = store or from_url(bucket, client_options=options, retry_config=RETRIES)
        except BaseError as error:
            msg = f"STYLEBOT_ARTEFACTS_URL={url} cannot be used: {error}"
            raise ConfigurationError(msg) from error

    async def put(self, key: str, data: bytes) -> None:
        """See `Artefacts.put`."""
        try:
            await obstore.put_async(self._store, self._path(key), data)
        except BaseError as error:
            raise _storage_error(error) from error

    async def put_file(self, key: str, file: Path) -> None:
        """See `Artefacts.put_file`; a large file is uploaded in parts."""
        try:
            await obstore.put_async(
                self._store,
                self._path(key),
                file,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
        except BaseError as error:
            raise _storage_error(error) from error

    async def copy(self, source: str, key: str) -> None:
        """See `Artefacts.copy`; the storage copies by itself."""
        with _translate_errors(source):
            await obstore.copy_async(self._store, self._path(source), self._path(key))

    async def size(self, key: str) -> int:
        """See `Artefacts.size`."""
        with _translate_errors(key):
            found = await obstore.head_async(self._store, self._path(key))
        return int(found["size"])

    async def get(self, key: str) -> bytes:
        """See `Artefacts.get`."""
        with _translate_errors(key):
            found = await obstore.get_async(self._store, self._path(key))
            return bytes(await found.bytes_async())

    async def delete(self, key: str) -> None:
        """See `Artefacts.delete`."""
        await self._delete([self._path(key)])

    async def delete_prefix(self, prefix: str) -> int:
        """See `Artefacts.delete_prefix`."""
        keys = [self._path(info.key) async for info in self.list(prefix)]
        await self._delete(keys)
        return len(keys)

    async def list(self, prefix: str = "") -> AsyncIterator[ArtefactInfo]:
        """See `Artefacts.list`."""
        if prefix:
            check_key(prefix.removesuffix("/"))
        try:
            async for chunk in obstore.list(self._store, prefix=self._prefix + prefix):
                for found in chunk:
                    yield ArtefactInfo(
                        key=found["path"].removeprefix(self._prefix),
                        size=found["size"],
                        modified_at=found["last_modified"],
                    )
        except BaseError as error:
            raise _storage_error(error) from error

    async def free_bytes(self) -> int | None:
        """See `Artefacts.free_bytes`; a bucket has no limit."""
        return None

    async def close(self) -> None:
        """See `Artefacts.close`; obstore pools its connections by itself."""

    async def _delete(self, paths: Sequence[str]) -> None:
        if not paths:
            return
        try:
            await obstore.delete_async(self._store, list(paths))
        except (NotFoundError, FileNotFoundError):  # already deleted
            return
        except BaseError as error:
            raise _storage_error(error) from error

    def _path(self, key: str) -> str:
        return self._prefix + check_key(key)


@contextlib.contextmanager
def _translate_errors(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise ArtefactMissingError(key) from error
    except BaseError as error:
        raise _storage_error(error) from error


def _storage_error(error: BaseError) -> OSError:
    """Convert obstore's error, reduced to its first line, which pages of detail follow."""
    return OSError(str(error).partition("\n")[0])
