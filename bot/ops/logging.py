"""Logging: text for people or JSON for machines, and never a secret in either."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings

__all__ = ["configure_logging", "redact"]

STARS = "[redacted]"
_secrets: set[str] = set()


def redact(secret: str) -> None:
    """Never log this text from now on, whoever asks for it."""
    if secret:
        _secrets.add(secret)


def configure_logging(settings: Settings) -> None:
    """Log everything to standard error as the operator wants it.

    discord.py and SQLAlchemy are held to warnings, unless debugging: at INFO they tell what is
    of use to their own authors.
    """
    token = settings.token()
    if token is not None:
        redact(token)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    quiet = logging.DEBUG if settings.log_level == "DEBUG" else logging.WARNING
    for name in ("discord", "sqlalchemy", "alembic", "aiohttp.access", "asyncio", "aiosqlite"):
        logging.getLogger(name).setLevel(max(quiet, logging.INFO))


class TextFormatter(logging.Formatter):
    """One line per record: time in UTC, level, logger, message; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, without secrets."""
        moment = datetime.fromtimestamp(record.created, UTC)
        text = (
            f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}Z "
            f"{record.levelname:<8} {record.name}: {record.getMessage()}"
        )
        return _without_secrets("\n".join([text, *_details(self, record)]))


class JsonFormatter(logging.Formatter):
    """One JSON object per line, with the keys time, level, logger, message and error."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, without secrets."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        details = _details(self, record)
        if details:
            fields["error"] = "\n".join(details)
        return _without_secrets(json.dumps(fields, ensure_ascii=False))


def _details(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    details = []
    if record.exc_info:
        details.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        details.append(formatter.formatStack(record.stack_info))
    return details


def _without_secrets(text: str) -> str:
    for secret in _secrets:
        text = text.replace(secret, STARS)
    return text
