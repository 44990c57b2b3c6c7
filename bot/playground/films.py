"""The first frame of a film, as Discord's media proxy makes one on request.

Nothing is decoded here: a film whose frames are JPEGs (Motion JPEG) carries the first of them as
it is, and of any other film the proxy says that it cannot.
"""

from __future__ import annotations

__all__ = ["first_frame"]

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"


def first_frame(film: bytes) -> bytes | None:
    """The film's first JPEG frame; None where it has none."""
    start = film.find(_START)
    if start < 0:
        return None
    end = film.find(_END, start)
    return film[start : end + len(_END)] if end > 0 else None
