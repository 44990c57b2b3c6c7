"""The presets on one page of a picker, with the sheet that shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import ArtefactMissingError
from bot.views.picker import page_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.presets.catalog import CatalogPreset, PresetCatalog

__all__ = ["PickerPage", "load_page"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PickerPage:
    """The presets on one page of a picker.

    Attributes:
        presets: at most as many as one message can have reactions.
        sheet: their thumbnails, encoded.
        number: counted from 0.
        pages: number of pages.
    """

    presets: Sequence[CatalogPreset]
    sheet: bytes
    number: int
    pages: int


async def load_page(catalog: PresetCatalog, guild_id: int | None, number: int) -> PickerPage:
    """Load a page; try again once if a preset is removed while its sheet is drawn.

    Args:
        catalog: the presets.
        guild_id: where the picker is; None in direct messages.
        number: of the page, counted from 0.

    Raises:
        ArtefactMissingError: it happened twice.
    """
    for is_last_attempt in (False, True):
        presets = await catalog.presets(guild_id)
        where, number, pages = page_of(len(presets), number)
        shown = presets[where]
        try:
            sheet = await catalog.sheet(shown, first=where.start + 1)
        except ArtefactMissingError:
            if is_last_attempt:
                raise
        else:
            return PickerPage(presets=shown, sheet=sheet, number=number, pages=pages)
    raise AssertionError("the second attempt returns or raises")
