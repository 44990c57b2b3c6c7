"""Members' own words, made harmless before they are repeated."""

from __future__ import annotations

__all__ = ["quoted"]


def quoted(text: str, *, longest: int = 60) -> str:
    """A member's own words as inline code: no mention, no formatting, no line break survives."""
    plain = " ".join(text.replace("`", "'").split()) or "?"
    return f"`{plain if len(plain) <= longest else plain[: longest - 1] + '…'}`"
