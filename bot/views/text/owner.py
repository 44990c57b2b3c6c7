"""The operator's own commands."""

from __future__ import annotations

from typing import Final

from bot.views.text.units import count

__all__ = ["draining", "resumed"]

SECTION: Final = "The operator's own commands."
SYNC_HELP: Final = "Publish the slash commands, changed or not."
PAUSE_HELP: Final = "Start no new paintings; those under way go on, and new ones wait."
DRAIN_HELP: Final = "Accept no new paintings; those accepted are finished."
RESUME_HELP: Final = "Accept and start paintings again."
SYNCED: Final = "The slash commands are published."
PAUSED: Final = "Paused. New requests wait until `{prefix}resume`, even across restarts."


def draining(unfinished: int, *, prefix: str) -> str:
    """The answer to `drain`."""
    return (
        f"Draining. I take no new requests until `{prefix}resume`, even across restarts. "
        f"{count(unfinished, 'painting')} left."
    )


def resumed(unfinished: int) -> str:
    """The answer to `resume`."""
    return f"Resumed. {count(unfinished, 'painting')} queued."
