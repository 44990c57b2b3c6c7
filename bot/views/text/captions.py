"""Captions drawn below the pictures of a sheet."""

from __future__ import annotations

from typing import Final

TO_REPAINT: Final = "to repaint"
BEFORE: Final = "before"
AFTER: Final = "after"
STYLE: Final = "style"
STYLE_NUMBER: Final = "style {number}"
