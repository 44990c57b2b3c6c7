"""Retry of transient errors: exponential backoff with jitter."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from bot.errors import StorageFullError, StoreUnavailableError
from bot.ops.error_report import Where, count_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["TRANSIENT_STORAGE_ERRORS", "Backoff", "retry", "retry_until_available"]

logger = logging.getLogger(__name__)
_Result = TypeVar("_Result")

TRANSIENT_STORAGE_ERRORS: Final = (StoreUnavailableError, StorageFullError, OSError)
"""Errors of the database and of the artefacts that pass by themselves or once an operator acts."""

JITTER: Final = 0.25
"""Delays vary by up to this share, so that many clients do not come back at the same moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """Delays that double with each failure in a row.

    Attributes:
        first: delay after the first failure, in seconds.
        longest: upper limit of the delays, in seconds, before jitter.
    """

    first: float = 0.5
    longest: float = 15.0

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after that many failures in a row, at least 1."""
        exponent = min(failures - 1, 64)  # 2.0 ** 1024 overflows
        jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        return min(self.first * 2.0**exponent, self.longest) * jitter


STORAGE_BACKOFF: Final = Backoff()


async def retry(
    action: Callable[[], Awaitable[_Result]],
    *,
    on: type[Exception] | tuple[type[Exception], ...],
    what: str,
    where: Where,
    attempts: int | None = None,
    backoff: Backoff = Backoff(),
    on_failure: Callable[[Exception], None] | None = None,
) -> _Result:
    """Call `action` until it succeeds, and return its result. Every retried error is counted.

    Args:
        action: must be safe to repeat when an earlier call took effect although it failed.
        on: the transient errors; any other error is raised at once. An error whose
            ``retry_after`` attribute is a number of seconds sets the delay itself.
        what: for the log, e.g. ``"recording the end of job 5"``.
        where: the part of the bot, for the count of errors.
        attempts: calls in all, after which the last error is raised; None for no limit.
        backoff: delays between the calls.
        on_failure: called with each error after which `action` is called again.
    """
    failures = 0
    while True:
        try:
            return await action()
        except on as error:
            failures += 1
            if failures == attempts:
                raise
            count_error(where, error)
            if on_failure is not None:
                on_failure(error)
            asked: float | None = getattr(error, "retry_after", None)
            delay = backoff.delay(failures) if asked is None else asked
            logger.warning("%s failed, next attempt in %.1f s: %s", what, delay, error)
        await asyncio.sleep(delay)


async def retry_until_available(
    action: Callable[[], Awaitable[_Result]], *, what: str, where: Where
) -> _Result:
    """Retry transient storage errors with exponential backoff, without limit; see `retry`."""
    return await retry(
        action, on=TRANSIENT_STORAGE_ERRORS, what=what, where=where, backoff=STORAGE_BACKOFF
    )
