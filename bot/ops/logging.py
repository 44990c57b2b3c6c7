"""Logging as text or JSON, with secrets redacted."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bot.settings import Settings

__all__ = ["configure_logging", "redact"]

REPLACEMENT: Final = "[redacted]"
_secrets: set[str] = set()


def redact(secret: str) -> None:
    """Replace this text in every later log record."""
    if secret:
        _secrets.add(secret)


def configure_logging(settings: Settings) -> None:
    """Configure the root logger to write to standard error, as the settings say.

    Libraries such as discord.py and SQLAlchemy log only warnings, unless the level is DEBUG.
    """
    with contextlib.suppress(OSError, UnicodeDecodeError):  # reported where the token is read
        redact(settings.token() or "")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if settings.log_format == "json" else _TextFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    level = logging.getLevelNamesMapping()[settings.log_level]
    quiet = logging.INFO if level == logging.DEBUG else max(level, logging.WARNING)
    for name in ("discord", "sqlalchemy", "alembic", "aiohttp.access", "asyncio", "aiosqlite"):
        logging.getLogger(name).setLevel(quiet)


_VISIBLE: Final = {
    code: ascii(chr(code))[1:-1]
    for code in (*range(32), *range(127, 160), *range(0x200B, 0x2010), *range(0x2028, 0x202F))
} | {ord("\n"): "\n    "}
"""How the text form writes control and bidirectional characters, so that no member's file name
looks like a line of its own."""


class _TextFormatter(logging.Formatter):
    """Formats a record as a line of UTC time, level, logger and message, and its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        moment = datetime.fromtimestamp(record.created, UTC)
        text = (
            f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z "
            f"{record.levelname:<8} {record.name}: {record.getMessage().translate(_VISIBLE)}"
        )
        return _redact_secrets("\n".join([text, *_details(self, record)]))


class _JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object: time, level, logger, message and maybe error."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON, without secrets."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        details = _details(self, record)
        if details:
            fields["error"] = "\n".join(details)
        return _redact_secrets(json.dumps(fields, ensure_ascii=False))


def _details(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    details = []
    if record.exc_info:
        details.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        details.append(formatter.formatStack(record.stack_info))
    return details


def _redact_secrets(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, REPLACEMENT)
    return text
