"""Folders and files that only the user who runs the bot can read, whatever the umask is."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Final

from bot.ops.error_report import Where, count_error

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "make_private_file",
    "make_private_folder",
    "open_private",
    "protect_file",
    "protect_folder",
    "write_private_text",
]

logger = logging.getLogger(__name__)

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, unlike `Path.mkdir` all with the same mode.

    Raises:
        OSError: it cannot be made.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=FOLDER_MODE, exist_ok=True)


def protect_folder(folder: Path) -> None:
    """Close an existing folder to other users; it may have been made open to them."""
    _change_mode(folder, FOLDER_MODE)


def make_private_file(file: Path) -> None:
    """Make an empty file unless it exists, and close it to other users.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE))
    protect_file(file)


def protect_file(file: Path) -> None:
    """Close an existing file to other users; do nothing if there is none."""
    _change_mode(file, FILE_MODE)


def open_private(path: str, flags: int) -> int:
    """Open a file for `open`'s argument ``opener``; a new one is closed to other users."""
    return os.open(path, flags, FILE_MODE)


def write_private_text(file: Path, text: str) -> None:
    """Write a small file, and its folder if that is missing.

    Raises:
        OSError: it cannot be written.
    """
    make_private_folder(file.parent)
    with open(file, "w", encoding="utf-8", opener=open_private) as stream:
        stream.write(text)
    protect_file(file)


def _change_mode(path: Path, mode: int) -> None:
    try:
        path.chmod(mode)
    except FileNotFoundError:
        return
    except PermissionError as error:  # another user's, who shares it deliberately
        count_error(Where.PROCESS, error)
        logger.warning("other users may be able to read %s: %s", path, error)
