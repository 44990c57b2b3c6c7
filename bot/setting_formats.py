"""The written forms of settings: sizes, durations, lists, names of hosts and devices."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, get_origin

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

__all__ = [
    "check_devices",
    "check_hosts",
    "check_url",
    "choose_word",
    "format_value",
    "parse_value",
    "unquote",
]

_BYTE_UNITS: Final = {
    "": 1,
    "b": 1,
    **{f"{prefix}b": 1000**power for power, prefix in enumerate("kmgt", start=1)},
    **{f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgt", start=1)},
}
_SECONDS_OF_UNITS: Final = {
    "ms": 0.001,
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("min", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
_LONGEST_SECONDS: Final = 100 * 365 * 86_400
_MOST_BYTES: Final = 1 << 60

_NUMBER_AND_UNIT: Final = re.compile(r"(\d+(?:_\d+)*(?:\.\d+)?|\.\d+)\s*([a-z]*)", re.IGNORECASE)
_HOST: Final = re.compile(r"[^\W_](?:[\w-]*[^\W_])?(?:\.[^\W_](?:[\w-]*[^\W_])?)*\.?")
_DEVICE: Final = re.compile(r"cpu|mps|cuda(?::\d+)?")


def unquote(text: str) -> str:
    """Return the text without a pair of quotes around it, which ``docker run`` keeps."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return text


def parse_value(name: str, kind: Any, text: str) -> object:  # noqa: ANN401 - a type annotation
    """Parse the text of a setting, as far as its name and type have a form of their own.

    Args:
        name: of the field; its words ``bytes``, ``seconds`` and ``days`` are units.
        kind: the field's type.
        text: neither empty nor quoted.

    Raises:
        ValueError: it cannot be parsed.
    """
    words = name.split("_")
    is_path = Path in {kind, *get_args(kind)} or (name == "artefacts_url" and "://" not in text)
    value: object = text
    if "bytes" in words:
        value = _parse_bytes(text)
    elif words[-1] in {"seconds", "days"}:
        value = _parse_duration(text, unit=words[-1])
    elif get_origin(kind) is frozenset:
        value = _split_list(text)
    elif get_origin(kind) is Literal:
        value = choose_word(text, get_args(kind))
    elif is_path:
        value = _expand_home(text)
    elif name == "database_url" and text.startswith("sqlite"):
        driver, separator, file = text.partition(":///")
        value = f"{driver}{separator}{_expand_home(file)}"
    return value


def format_value(name: str, value: object) -> str:
    """Return a value as it may be written; empty for None and for an empty list."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case frozenset():
            return ",".join(sorted(map(str, value)))
        case int() if "bytes" in name.split("_"):
            return _format_bytes(value)
        case _:
            return str(value)


def choose_word(text: str, words: Iterable[str]) -> str:
    """Return the word that is meant, whatever its case.

    Raises:
        ValueError: it is none of them; the message names them all.
    """
    by_lower = {word.lower(): word for word in words}
    found = by_lower.get(text.lower())
    if found is not None:
        return found
    close = difflib.get_close_matches(text.lower(), by_lower, n=1)
    hint = f"; did you mean `{by_lower[close[0]]}`?" if close else ""
    msg = f"`{text}` is none of {', '.join(by_lower.values())}{hint}"
    raise ValueError(msg)


def check_hosts(hosts: Collection[str]) -> None:
    """Check that these are names or addresses of hosts.

    Raises:
        ValueError: one is not.
    """
    for host in sorted(hosts):
        if _HOST.fullmatch(host):
            continue
        msg = (
            f"`{host}` is not the name of a host: write names such as cdn.discordapp.com, "
            "separated by commas, without https://, port and path"
        )
        raise ValueError(msg)


def check_devices(text: str) -> str:
    """Return a list of devices without spaces.

    Raises:
        ValueError: it is empty, or an entry is not the name of a device.
    """
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if names == ["auto"] or (names and all(_DEVICE.fullmatch(name) for name in names)):
        return ",".join(names)
    wrong = next((name for name in names if not _DEVICE.fullmatch(name)), text)
    msg = f"`{wrong}` is not a device: write auto, cpu, or a list such as cuda:0,cuda:1"
    raise ValueError(msg)


def check_url(text: str) -> str:
    """Return the base URL of an HTTP server, without a slash at its end.

    Raises:
        ValueError: it is not one.
    """
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", text, re.IGNORECASE):
        msg = f"`{text}` is not an address such as http://127.0.0.1:8080"
        raise ValueError(msg)
    return text.rstrip("/")


def _split_list(text: str) -> frozenset[str]:
    """Split at commas, in lower case; spaces and empty entries are ignored."""
    return frozenset(each.strip().lower() for each in text.split(",") if each.strip())


def _parse_bytes(text: str) -> int:
    """Parse a number of bytes, or a number with a unit such as ``512 MiB``.

    Raises:
        ValueError: it is neither.
    """
    found = _NUMBER_AND_UNIT.fullmatch(text)
    factor = _BYTE_UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        msg = f"`{text}` is not a size: write a number of bytes, or one with a unit, as in 512 MiB"
        raise ValueError(msg)
    size = float(found[1]) * factor if "." in found[1] else int(found[1]) * factor
    if size > _MOST_BYTES:
        msg = f"`{text}` is too large"
        raise ValueError(msg)
    return int(size)


def _format_bytes(size: int) -> str:
    """Return a size with the largest unit of which it is a multiple, as in ``512 MiB``."""
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor and size % factor == 0:
            return f"{size // factor} {unit}"
    return str(size)


def _parse_duration(text: str, *, unit: str) -> float:
    """Parse a number, or a number with a unit such as ``90 s``, ``10 min``, ``2 h`` or ``30 d``.

    Args:
        text: the duration.
        unit: ``"seconds"`` or ``"days"``: that of the result, and of a number alone.

    Raises:
        ValueError: it is neither, or longer than a hundred years.
    """
    found = _NUMBER_AND_UNIT.fullmatch(text)
    factor = _SECONDS_OF_UNITS.get(found[2].lower() or unit) if found else None
    if found is None or factor is None:
        msg = f"`{text}` is not a time: write a number of {unit}, or one with a unit, as in 10 min"
        raise ValueError(msg)
    seconds = float(found[1]) * factor
    if seconds > _LONGEST_SECONDS:
        msg = f"`{text}` is too long"
        raise ValueError(msg)
    return seconds / _SECONDS_OF_UNITS[unit]


def _expand_home(path: str) -> str:
    """Return the path with ``~`` replaced by the home folder.

    Raises:
        ValueError: there is no such user.
    """
    try:
        return str(Path(path).expanduser()) if path.startswith("~") else path
    except RuntimeError as error:
        msg = f"`{path}` begins with the name of an unknown user"
        raise ValueError(msg) from error
