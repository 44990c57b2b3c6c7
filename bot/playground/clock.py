"""The playground's own time, and the ids that are made of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

__all__ = ["DISCORD_EPOCH_MS", "Clock", "Snowflakes"]

DISCORD_EPOCH_MS = 1_420_070_400_000
"""The first second of 2015: snowflakes count milliseconds from here."""


class Clock:
    """Wall-clock time that a test can put forward, to see tokens and addresses expire."""

    def __init__(self) -> None:
        self._offset = 0.0

    def time(self) -> float:
        """Seconds since 1970, with everything the clock was put forward by."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The same instant, in UTC."""
        return datetime.fromtimestamp(self.time(), tz=UTC)

    def advance(self, seconds: float) -> None:
        """Put the clock forward by so many seconds; timers that already run keep their pace."""
        self._offset += seconds


class Snowflakes:
    """Hands out ids that are unique and rise with time, as Discord's do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def new(self) -> str:
        """The next id, in decimal."""
        milliseconds = int(self._clock.time() * 1000) - DISCORD_EPOCH_MS
        self._last = max(self._last + 1, milliseconds << 22)
        return str(self._last)
