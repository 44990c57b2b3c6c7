"""The playground's clock, and the snowflake ids derived from it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["DISCORD_EPOCH_MS", "Clock", "Snowflakes"]

DISCORD_EPOCH_MS = 1_420_070_400_000
"""Start of 2015: snowflakes count milliseconds from here."""


class Clock:
    """Time that tests can advance, to make tokens and URLs expire.

    Args:
        fixed_at: the time at which the clock stands until it is advanced; the wall clock's if
            None. Ids depend on the time and their number alone, so they repeat too.
    """

    def __init__(self, fixed_at: datetime | None = None) -> None:
        self._fixed_at = None if fixed_at is None else fixed_at.timestamp()
        self._offset = 0.0

    def time(self) -> float:
        """Return Unix time in seconds, including the offset."""
        base = time.time() if self._fixed_at is None else self._fixed_at
        return base + self._offset

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.fromtimestamp(self.time(), tz=UTC)

    def advance(self, seconds: float) -> None:
        """Advance the clock by some seconds; running timers are not affected."""
        self._offset += seconds


class Snowflakes:
    """Generates unique ids that increase with time, as Discord's do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self) -> str:
        """Return the next id, in decimal."""
        milliseconds = int(self._clock.time() * 1000) - DISCORD_EPOCH_MS
        self._last = max(self._last + 1, milliseconds << 22)
        return str(self._last)
