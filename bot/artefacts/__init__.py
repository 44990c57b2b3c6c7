"""Storage for the bytes of jobs, by key: a folder, or S3-compatible storage.

A key is a relative path of plain names, such as ``jobs/<job id>/content``. A `put` is atomic and
durable: after a crash or a power failure the artefact is complete or absent.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from bot.artefacts.folder import FolderArtefacts
from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts

__all__ = ["open_artefacts"]


def open_artefacts(url: str) -> Artefacts:
    """Open the storage at a URL: a folder, ``file:///…`` or ``s3://bucket/prefix``.

    Raises:
        ConfigurationError: the URL is invalid, or its library is not installed.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderArtefacts(Path(unquote(parts.path)))
    if parts.scheme == "s3":
        from bot.artefacts.s3 import (  # noqa: PLC0415 - obstore is an optional extra
            S3Artefacts,
        )

        return S3Artefacts(url)
    if "://" in url:
        msg = (
            f"STYLEBOT_ARTEFACTS_URL begins with {parts.scheme}://; "
            "a folder and s3:// are supported"
        )
        raise ConfigurationError(msg)
    return FolderArtefacts(Path(url))
