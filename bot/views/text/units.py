"""Numbers as people read them: times, sizes and counts."""

from __future__ import annotations

__all__ = ["count", "duration", "duration_in_days", "megabytes", "time_left"]


def count(number: int, noun: str) -> str:
    """A number of things, e.g. ``"1 painting"`` or ``"3 paintings"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def megabytes(size: float) -> str:
    """A number of bytes, e.g. ``"25 MB"`` or ``"900 kB"``."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} kB"
    unit, shown = ("MB", size / 1024**2) if size < 1024**3 else ("GB", size / 1024**3)
    rounded = f"{shown:.1f}".removesuffix(".0")
    return f"{rounded} {unit}"


def time_left(seconds: float) -> str:
    """An estimate, e.g. ``"about 2 minutes"``, no more exact than estimates are."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 90:
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f}".removesuffix(".0") + " hours"


def duration(seconds: float) -> str:
    """A measured time, e.g. ``"42 s"`` or ``"3 min 5 s"``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def duration_in_days(days: float) -> str:
    """A retention period, e.g. ``"30 days"`` or ``"12 hours"``."""
    number, noun = (days, "day") if days >= 1 else (days * 24, "hour")
    text = f"{number:.1f}".removesuffix(".0")
    return f"1 {noun}" if text == "1" else f"{text} {noun}s"
