"""Read the pictures that are painted from, and write the pictures that are painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stylenet import images
from stylenet.errors import StylenetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from PIL import Image

    from stylenet.arrays import Pixels

__all__ = [
    "file_error",
    "read_bytes",
    "read_picture",
    "require_new",
    "require_writable",
    "write_bytes",
    "write_picture",
]

_FORMATS: Mapping[str, images.Format] = {
    ".png": "png",
    ".webp": "webp",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
}


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Raises:
        ValueError: it cannot be read; the message names it.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise file_error(path, error) from error


def read_picture(path: Path, decode: Callable[[bytes], Image.Image] = images.decode) -> Image.Image:
    """Read a picture.

    Raises:
        ValueError: the file cannot be read or decoded; the message names it.
    """
    data = read_bytes(path)
    try:
        return decode(data)
    except StylenetError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error


def require_new(path: Path) -> None:
    """Check, before painting, that no earlier picture would be overwritten.

    Raises:
        ValueError: the file or one of its snapshots exists.
    """
    existing = [path] if path.exists() else sorted(path.parent.glob(_snapshot_pattern(path)))
    if existing:
        msg = f"{existing[0]} exists; --force overwrites it"
        raise ValueError(msg)


def _snapshot_pattern(path: Path) -> str:
    stem = "".join(f"[{c}]" if c in "[]*?" else c for c in path.stem)
    return f"{stem}-[0-9][0-9][0-9][0-9]{path.suffix}"


def require_writable(path: Path) -> None:
    """Check, before painting, that a picture can be written; create its folder.

    Raises:
        ValueError: it cannot, or the name says no format.
    """
    if path.suffix.lower() not in _FORMATS:
        msg = f"{path.name}: the name must end in {', '.join(_FORMATS)}"
        raise ValueError(msg)
    if path.is_dir():
        msg = f"{path}: is a folder"
        raise ValueError(msg)
    partial = _partial(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(b"")
        partial.unlink()
    except FileExistsError as error:
        msg = f"{path}: {path.parent} is not a folder"
        raise ValueError(msg) from error
    except OSError as error:
        raise file_error(path, error) from error


def write_picture(
    path: Path, pixels: Pixels, *, record: images.PaintingRecord | None = None
) -> None:
    """Encode a picture as its name says, with its record, and write it atomically.

    Raises:
        ValueError: the file cannot be written.
    """
    image_format = _FORMATS[path.suffix.lower()]
    write_bytes(path, images.encode(pixels, image_format, quality=95, record=record))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically, by renaming.

    Raises:
        ValueError: the file cannot be written.
    """
    partial = _partial(path)
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        raise file_error(path, error) from error


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")


def file_error(path: Path, error: OSError) -> ValueError:
    """Return an error that names the file."""
    return ValueError(f"{path}: {error.strerror or error}")
