"""Every style a member can name: the built-in ones, and those their guild added.

A guild's own come first, oldest first; names, titles and emoji are unique on a shelf.
"""

from __future__ import annotations

import asyncio
import difflib
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from bot.artefacts.folder import preview_key
from bot.presets.contact_sheet import contact_sheet
from bot.presets.library import PRESETS, plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.artefacts.folder import Artefacts
    from bot.jobs.guild_models import GuildPreset
    from bot.presets.library import Preset

__all__ = ["CatalogPreset", "PresetCatalog", "find", "nearest"]

SHEETS_KEPT: Final = 32
"""Contact sheets kept in memory; a sheet is about 100 kB."""

_OWN_CHANGES: Final[Mapping[str, object]] = MappingProxyType({"style_fit": "area"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogPreset:
    """A style as it is offered in one place.

    Attributes:
        name: what members type; lower case.
        title: what they read.
        emoji: one Unicode emoji, which no other style on the shelf has.
        alt_text: what its picture shows, for those who cannot see it.
        recipe_changes: the recipe's fields it sets.
        guild_id: the guild that added it; None for a built-in one.
        version: differs when the picture or the thumbnail does.
        picture: reads the style picture, encoded. Raises `ArtefactMissingError` where it was
            removed meanwhile.
        preview: reads the style picture reduced, encoded. Raises the same.
        thumbnail: reads a small painting made with it, encoded. Raises the same.
    """

    name: str
    title: str
    emoji: str
    alt_text: str
    recipe_changes: Mapping[str, object]
    guild_id: int | None
    version: str
    picture: Callable[[], Awaitable[bytes]] = field(compare=False, repr=False)
    preview: Callable[[], Awaitable[bytes]] = field(compare=False, repr=False)
    thumbnail: Callable[[], Awaitable[bytes]] = field(compare=False, repr=False)


class OwnPresets(Protocol):
    """Where guilds' own styles are kept; `JobStore.presets` is one."""

    async def of(self, guild_id: int, /) -> Sequence[GuildPreset]:
        """Return the guild's own styles, oldest first."""
        ...


class PresetCatalog:
    """What is on offer in a guild, or in direct messages.

    Every method may raise `StoreUnavailableError`.

    Args:
        own: guilds' own styles.
        artefacts: where their pictures are.
    """

    def __init__(self, own: OwnPresets, artefacts: Artefacts) -> None:
        self._own = own
        self._artefacts = artefacts
        self._built_in = tuple(_built_in(preset) for preset in PRESETS)
        self._sheets: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    async def presets(self, guild_id: int | None) -> Sequence[CatalogPreset]:
        """Return every available style: the guild's own, then the built-in ones."""
        return (*await self.own(guild_id), *self._built_in)

    async def own(self, guild_id: int | None) -> Sequence[CatalogPreset]:
        """Return the guild's own styles; none in direct messages."""
        if guild_id is None:
            return ()
        return tuple(self._shelved(preset) for preset in await self._own.of(guild_id))

    async def get(self, name: str, *, guild_id: int | None) -> CatalogPreset | None:
        """Return the style with this name or title, or None.

        Case, accents, spaces, dashes and underscores make no difference.
        """
        return find(name, await self.presets(guild_id))

    async def nearest(self, name: str, *, guild_id: int | None) -> str | None:
        """Return the name of the most similar style, or None if none is similar."""
        return nearest(name, await self.presets(guild_id))

    async def sheet(self, presets: Sequence[CatalogPreset], *, first: int = 1) -> bytes:
        """Return the styles' thumbnails with their titles as one picture (WebP).

        Args:
            presets: in the order in which they are shown.
            first: the number of the first.

        Raises:
            ArtefactMissingError: one of them was removed meanwhile.
        """
        key = (str(first), *(preset.version for preset in presets))
        kept = self._sheets.get(key)
        if kept is None:
            samples = [(preset.title, await preset.thumbnail()) for preset in presets]
            kept = await asyncio.to_thread(contact_sheet, samples, first=first)
            self._sheets[key] = kept
            while len(self._sheets) > SHEETS_KEPT:
                self._sheets.popitem(last=False)
        else:
            self._sheets.move_to_end(key)
        return kept

    def _shelved(self, preset: GuildPreset) -> CatalogPreset:
        return CatalogPreset(
            name=preset.name,
            title=preset.title,
            emoji=preset.emoji,
            alt_text=preset.alt_text,
            recipe_changes=_OWN_CHANGES,
            guild_id=preset.guild_id,
            version=preset.thumbnail_key,
            picture=partial(self._artefacts.get, preset.picture_key),
            preview=partial(self._artefacts.get, preview_key(preset.picture_key)),
            thumbnail=partial(self._artefacts.get, preset.thumbnail_key),
        )


def find(name: str, presets: Sequence[CatalogPreset]) -> CatalogPreset | None:
    """Return the style of the given ones with this name or title, or None."""
    wanted = plain(name)
    return next((each for each in presets if wanted in _spellings(each)), None)


def nearest(name: str, presets: Sequence[CatalogPreset]) -> str | None:
    """Return the name of the most similar style, or None if none is similar."""
    spelt = {spelling: each.name for each in presets for spelling in _spellings(each)}
    found = difflib.get_close_matches(plain(name), list(spelt), n=1, cutoff=0.55)
    return spelt[found[0]] if found else None


def _spellings(preset: CatalogPreset) -> set[str]:
    return {plain(preset.name), plain(preset.title)}


def _built_in(preset: Preset) -> CatalogPreset:
    return CatalogPreset(
        name=preset.name,
        title=preset.title,
        emoji=preset.emoji,
        alt_text=preset.alt_text,
        recipe_changes=preset.recipe_changes,
        guild_id=None,
        version=preset.name,
        picture=partial(asyncio.to_thread, preset.picture_bytes),
        preview=partial(asyncio.to_thread, preset.preview_bytes),
        thumbnail=partial(asyncio.to_thread, preset.thumbnail_bytes),
    )
