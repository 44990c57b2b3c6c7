"""Where the bot is put together: its life, and an operator's chores."""

from __future__ import annotations

from bot.app.chores import Finding, check, describe_commands, migrate, publish, set_mode
from bot.app.composition import App, run

__all__ = ["App", "Finding", "check", "describe_commands", "migrate", "publish", "run", "set_mode"]
