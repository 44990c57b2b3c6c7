"""Download pictures from allowed hosts, with limits on bytes and time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Literal

from yarl import URL

from bot.discord_errors import NETWORK_ERRORS
from bot.errors import PictureProblem, PictureRefused, StorageFullError
from bot.ops.error_report import Where, count_error
from bot.ops.private_files import open_private
from bot.ops.retry import Backoff, retry

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import aiohttp

    from bot.settings import Settings

__all__ = ["TransientDownloadError", "allowed_origins", "download", "is_allowed"]

logger = logging.getLogger(__name__)

ATTEMPTS: Final = 4
BACKOFF: Final = Backoff(first=0.25)
CHUNK_BYTES: Final = 256 * 1024
"""Largest part of a picture that is in memory during its download."""


class TransientDownloadError(Exception):
    """A server error or a rate limit.

    Attributes:
        retry_after: seconds that the server asks to wait; None if it does not.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def allowed_origins(settings: Settings) -> frozenset[URL]:
    """Return the origins that pictures may be downloaded from.

    They are the hosts in the setting `picture_hosts`, over HTTPS; or only the address of a local
    Discord, if one is set.
    """
    if settings.discord_url is not None:
        return frozenset({URL(settings.discord_url).origin()})
    return frozenset(URL.build(scheme="https", host=host) for host in settings.picture_hosts)


def is_allowed(url: str, origins: Collection[URL]) -> bool:
    """Return whether pictures may be downloaded from this URL."""
    return _parse_allowed(url, origins) is not None


async def download(
    session: aiohttp.ClientSession,
    url: str,
    to: Path,
    *,
    filename: str,
    origins: Collection[URL],
    max_bytes: int,
    timeout: float,  # noqa: ASYNC109 - covers every attempt and the waits between them
) -> int:
    """Download one picture into a file, `CHUNK_BYTES` in memory at most.

    Redirects are not followed: Discord's CDN sends none, and one could point into the operator's
    own network. Server errors, rate limits and broken connections are retried with backoff.

    Args:
        session: the HTTP session.
        url: of the picture; its origin must be one of `origins`.
        to: the file; an existing one is overwritten.
        filename: the name the member gave the file, for refusals.
        origins: allowed origins (scheme, host and port).
        max_bytes: the download is aborted once it is longer.
        timeout: seconds for the whole download, retries included.

    Returns:
        The number of bytes.

    Raises:
        PictureRefused: too many bytes, or the download failed.
        StorageFullError: the file cannot be written.
    """
    address = _parse_allowed(url, origins)
    if address is None:
        raise PictureRefused(PictureProblem.DOWNLOAD_FAILED, filename=filename, got="host")
    try:
        async with asyncio.timeout(timeout):
            return await retry(
                lambda: _fetch(session, address, to, filename=filename, max_bytes=max_bytes),
                on=(TransientDownloadError, *NETWORK_ERRORS),
                what="downloading a picture",
                where=Where.INTAKE,
                attempts=ATTEMPTS,
                backoff=BACKOFF,
            )
    except (TransientDownloadError, TimeoutError, *NETWORK_ERRORS) as error:
        got = "timeout" if isinstance(error, TimeoutError) else str(error)
        count_error(Where.INTAKE, "download_failed")
        logger.warning("downloading %r failed: %s", filename, got)
        raise PictureRefused(PictureProblem.DOWNLOAD_FAILED, filename=filename, got=got) from error


def _parse_allowed(url: str, origins: Collection[URL]) -> URL | None:
    """Parse the URL; return None if its origin is not allowed."""
    try:
        # Keep the given encoding: the CDN's signature covers the exact query.
        address = URL(url, encoded=True)
        has_credentials = "@" in address.raw_authority
        is_allowed = not has_credentials and address.origin() in origins
    except ValueError:
        return None
    return address if is_allowed else None


async def _fetch(
    session: aiohttp.ClientSession, address: URL, to: Path, *, filename: str, max_bytes: int
) -> int:
    # identity: max_bytes counts the bytes of the picture, not of a compressed transfer.
    headers = {"Accept": "image/*", "Accept-Encoding": "identity"}
    async with session.get(address, headers=headers, allow_redirects=False) as response:
        if response.status >= 500 or response.status == 429:
            raise TransientDownloadError(
                f"HTTP {response.status}", retry_after=_retry_after(response)
            )
        if response.status != 200:
            raise PictureRefused(
                PictureProblem.DOWNLOAD_FAILED, filename=filename, got=f"HTTP {response.status}"
            )
        announced = response.content_length
        if announced is not None and announced > max_bytes:
            raise _too_many(filename, announced, max_bytes)
        received = 0
        await _write(to, b"", mode="wb")
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            received += len(chunk)
            if received > max_bytes:
                raise _too_many(filename, received, max_bytes)
            await _write(to, chunk, mode="ab")
        return received


async def _write(file: Path, chunk: bytes, *, mode: Literal["wb", "ab"]) -> None:
    """Write a part of a file; it is open for no longer, so a cancellation leaves none open.

    Errors of the file are kept apart from those of the network, which are retried.

    Raises:
        StorageFullError: the file cannot be written.
    """

    def write() -> None:
        with open(file, mode, opener=open_private) as stream:
            stream.write(chunk)

    try:
        await asyncio.to_thread(write)
    except OSError as error:
        msg = f"a picture cannot be written: {error}"
        raise StorageFullError(msg) from error


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    try:
        seconds = float(response.headers["Retry-After"])
    except (KeyError, ValueError):  # absent, or a date: our own backoff serves
        return None
    return seconds if seconds >= 0 else None


def _too_many(filename: str, got: int, limit: int) -> PictureRefused:
    return PictureRefused(
        PictureProblem.TOO_MANY_BYTES, filename=filename, got=str(got), limit=str(limit)
    )
