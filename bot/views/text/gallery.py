"""The gallery."""

from __future__ import annotations

from typing import Final

SECTION: Final = "What was painted."
HELP: Final = (
    "Show your finished paintings, or another member's that were posted where you can see.\n\n"
    "In a channel I show what everyone there can see; `/gallery` shows you all of yours."
)
MEMBER: Final = "Whose paintings; empty for your own"
TITLE: Final = "Paintings of {name}"
FOOTER: Final = "{paintings}, newest first"
FOOTER_OF_PAGES: Final = "{paintings}, newest first, page {page} of {pages}"
NEWER: Final = "Newer"
OLDER: Final = "Older"
SHEET_ALT: Final = "Thumbnails of paintings. {titles}"
EMPTY: Final = (
    "Nothing here yet. Send `{prefix}stylize` with a picture, and your painting will show up here."
)
EMPTY_OF_OTHERS: Final = "They have no paintings that I can show here."
LEFT_OUT: Final = (
    "-# {count} more from channels that not everyone here can see; `/gallery` shows them to you "
    "alone."
)
