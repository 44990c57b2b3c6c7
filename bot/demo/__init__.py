"""The demo: a local Discord, the real bot and one painting, on one machine."""

from __future__ import annotations

from bot.demo.command import add_arguments, run_demo

__all__ = ["add_arguments", "run_demo"]
