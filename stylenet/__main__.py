"""``python -m stylenet``."""

from __future__ import annotations

import sys

from stylenet.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
