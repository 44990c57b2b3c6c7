"""The gallery."""

from __future__ import annotations

from typing import Final

SECTION: Final = "What was painted."
HELP: Final = (
    "Show your finished paintings, or another member's that were posted where you can see.\n\n"
    "Choose one to open it in full. Add words to search titles, styles, dates and job IDs, or "
    "`favourites` to see those you marked. In a channel I show what everyone there can see; "
    "`/gallery` shows you all of yours."
)
SEARCH_WORDS: Final = "Words of a title, a style, a date such as 2026-11, or favourites"
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
OPEN: Final = "Open a painting"
ITS_MESSAGE: Final = "its message"
FAVOURITES: Final = "Favourites"
FAVOURITES_TITLE: Final = "Favourites of {name}"
NO_FAVOURITES: Final = "No favourites yet. Press **Favourite** below a painting that you like."
SHOW_ALL: Final = "All"
SEARCH: Final = "Search"
SEARCH_FOR: Final = "A title, a style, a date or a job ID"
SEARCH_EXAMPLES: Final = "cat mosaic, or 2026-11"
FOUND: Final = "Found for {words}:"
NOTHING_FOUND: Final = "Nothing. Try fewer or other words."
