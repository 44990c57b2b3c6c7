"""Keep full garbage collections short: they run on the event loop as on any thread."""

from __future__ import annotations

import gc

__all__ = ["exempt_loaded_objects"]


def exempt_loaded_objects() -> None:
    """Let later collections skip the objects that exist now.

    A full collection visits every object. Some 100,000 of them, made by the imports, are never
    freed, and visiting them takes about 0.1 s.
    """
    gc.collect()
    gc.freeze()
