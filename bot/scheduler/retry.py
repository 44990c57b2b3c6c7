"""Waiting out a database or a disk that is away for a while."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from bot.errors import StorageFullError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["OUTAGES", "patiently"]

logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")

OUTAGES = (StoreUnavailableError, StorageFullError, OSError)
"""What may pass by itself, or by the operator's hand, while nothing that was accepted is lost."""

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 15.0


async def patiently(attempt: Callable[[], Awaitable[_Result]], *, what: str) -> _Result:
    """Do something until it is done, however long the database or the disk is away.

    Args:
        attempt: called again and again until it raises none of `OUTAGES`; it must do no harm
            when an earlier call took effect without our hearing of it.
        what: for the log, e.g. ``"recording the end of job 5"``.
    """
    pause = FIRST_SECONDS
    while True:
        try:
            return await attempt()
        except OUTAGES as error:
            logger.warning("%s failed, trying again in %.1f s: %s", what, pause, error)
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_SECONDS)
