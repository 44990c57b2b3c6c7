"""The command line: ``python -m stylenet paint content.jpg style.jpg -o out.png``."""

from __future__ import annotations

from stylenet.cli.command_line import main

__all__ = ["main"]
