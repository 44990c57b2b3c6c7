"""Where the bot is put together: its life, and an operator's chores."""

from __future__ import annotations

from bot.app.composition import App, run
from bot.app.operator_commands import Finding, check, describe_commands, migrate, publish, set_mode

__all__ = ["App", "Finding", "check", "describe_commands", "migrate", "publish", "run", "set_mode"]
