"""The composition root, the life of the bot process and the operator's commands."""

from __future__ import annotations

from bot.app.lifecycle import App, run
from bot.app.operator_commands import describe_commands, migrate, publish, set_mode
from bot.app.self_check import CheckResult, check

__all__ = [
    "App",
    "CheckResult",
    "check",
    "describe_commands",
    "migrate",
    "publish",
    "run",
    "set_mode",
]
