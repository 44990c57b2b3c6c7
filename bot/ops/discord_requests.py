"""Count the requests to Discord that fail, those that discord.py repeats by itself included."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from bot.ops import metrics

if TYPE_CHECKING:
    from types import SimpleNamespace

__all__ = ["count_failures"]


def count_failures() -> aiohttp.TraceConfig:
    """Return a trace for the HTTP session of discord.py."""
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_on_request_end)
    trace.on_request_exception.append(_on_request_exception)
    return trace


async def _on_request_end(
    _session: aiohttp.ClientSession, _context: SimpleNamespace, end: aiohttp.TraceRequestEndParams
) -> None:
    status = end.response.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        scope = end.response.headers.get("X-RateLimit-Scope", "unknown")
        known = scope if scope in {"user", "global", "shared"} else "unknown"
        metrics.DISCORD_RATE_LIMITS.labels(known).inc()
    elif status >= HTTPStatus.BAD_REQUEST:
        metrics.DISCORD_ERRORS.labels(str(status)).inc()


async def _on_request_exception(
    _session: aiohttp.ClientSession,
    _context: SimpleNamespace,
    _failure: aiohttp.TraceRequestExceptionParams,
) -> None:
    metrics.DISCORD_ERRORS.labels("none").inc()
