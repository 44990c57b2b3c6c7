"""The presets available in a guild: the built-in ones, and those that the guild added.

A guild's own come first, oldest first. Names, titles and emoji are unique within a guild.
"""

from __future__ import annotations

import asyncio
import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cachetools import LRUCache

from bot.artefacts.keys import preview_key
from bot.artefacts.sources import find_artefact
from bot.presets.contact_sheet import contact_sheet
from bot.presets.library import PRESETS, normalize_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.artefacts.base import Artefacts
    from bot.artefacts.sources import ArtefactSource
    from bot.jobs.guilds import GuildPresets
    from bot.jobs.models import GuildPreset
    from bot.presets.library import Preset

__all__ = ["CatalogPreset", "PresetCatalog", "find", "nearest"]

MAX_CACHED_SHEETS: Final = 32
"""Contact sheets kept in memory, of about 100 kB each."""

_GUILD_PRESET_CHANGES: Final[Mapping[str, object]] = MappingProxyType({"style_fit": "area"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogPreset:
    """A preset, built-in or a guild's own, with its pictures.

    Attributes:
        name: the name that members type, in lower case.
        title: the name that members read.
        emoji: one Unicode emoji, unique within the guild.
        alt_text: description of the style picture.
        recipe_changes: the fields of the recipe that it sets.
        guild_id: the guild that added it; None for a built-in one.
        version: changes with the picture and with the thumbnail.
        picture: finds the encoded style picture; raises `ArtefactMissingError` if it was
            removed.
        preview: reads the encoded reduced style picture; raises the same.
        thumbnail: reads the encoded thumbnail, a small picture made with it; raises the same.
    """

    name: str
    title: str
    emoji: str
    alt_text: str
    recipe_changes: Mapping[str, object]
    guild_id: int | None
    version: str
    picture: Callable[[], Awaitable[ArtefactSource]] = field(compare=False, repr=False)
    preview: Callable[[], Awaitable[bytes]] = field(compare=False, repr=False)
    thumbnail: Callable[[], Awaitable[bytes]] = field(compare=False, repr=False)


class PresetCatalog:
    """The presets available in a guild, or in direct messages.

    Every method may raise `StoreUnavailableError`.

    Args:
        stored: the guilds' presets.
        artefacts: holds their pictures.
    """

    def __init__(self, stored: GuildPresets, artefacts: Artefacts) -> None:
        self._stored = stored
        self._artefacts = artefacts
        self._built_in = tuple(_from_library(preset) for preset in PRESETS)
        self._sheets: LRUCache[tuple[str, ...], bytes] = LRUCache(MAX_CACHED_SHEETS)

    async def presets(self, guild_id: int | None) -> Sequence[CatalogPreset]:
        """Return every available preset: the guild's own, then the built-in ones."""
        return (*await self.guild_presets(guild_id), *self._built_in)

    async def guild_presets(self, guild_id: int | None) -> Sequence[CatalogPreset]:
        """Return the guild's own presets; none in direct messages."""
        if guild_id is None:
            return ()
        return tuple(
            self._from_guild(preset) for preset in await self._stored.list_for_guild(guild_id)
        )

    async def get(self, name: str, *, guild_id: int | None) -> CatalogPreset | None:
        """Return the preset with this name, title or emoji, or None.

        Case, accents, spaces, dashes and underscores make no difference.
        """
        return find(name, await self.presets(guild_id))

    async def nearest(self, name: str, *, guild_id: int | None) -> str | None:
        """Return the name of the most similar preset, or None if none is similar."""
        return nearest(name, await self.presets(guild_id))

    async def sheet(self, presets: Sequence[CatalogPreset], *, first: int = 1) -> bytes:
        """Return the presets' thumbnails with their titles as one picture (WebP).

        Args:
            presets: in the order shown.
            first: number of the first card.

        Raises:
            ArtefactMissingError: one of them was removed.
        """
        key = (str(first), *(preset.version for preset in presets))
        cached = self._sheets.get(key)
        if cached is not None:
            return cached
        samples = [(preset.title, await preset.thumbnail()) for preset in presets]
        sheet = await asyncio.to_thread(contact_sheet, samples, first=first)
        self._sheets[key] = sheet
        return sheet

    def _from_guild(self, preset: GuildPreset) -> CatalogPreset:
        return CatalogPreset(
            name=preset.name,
            title=preset.title,
            emoji=preset.emoji,
            alt_text=preset.alt_text,
            recipe_changes=_GUILD_PRESET_CHANGES,
            guild_id=preset.guild_id,
            version=preset.thumbnail_key,
            picture=partial(find_artefact, self._artefacts, preset.picture_key),
            preview=partial(self._artefacts.get, preview_key(preset.picture_key)),
            thumbnail=partial(self._artefacts.get, preset.thumbnail_key),
        )


def find(name: str, presets: Sequence[CatalogPreset]) -> CatalogPreset | None:
    """Return the one of the given presets with this name, title or emoji, or None."""
    if any(unicodedata.category(character) == "So" for character in name):
        emoji = name.strip().replace("\ufe0f", "")
        return next((each for each in presets if each.emoji.replace("\ufe0f", "") == emoji), None)
    wanted = _spelling(name)
    return next((each for each in presets if wanted in _spellings(each)), None)


def nearest(name: str, presets: Sequence[CatalogPreset]) -> str | None:
    """Return the name of the most similar preset, or None if none is similar."""
    by_spelling = {spelling: each.name for each in presets for spelling in _spellings(each)}
    found = difflib.get_close_matches(_spelling(name), list(by_spelling), n=1, cutoff=0.55)
    return by_spelling[found[0]] if found else None


def _spellings(preset: CatalogPreset) -> set[str]:
    return {_spelling(preset.name), _spelling(preset.title)}


def _spelling(name: str) -> str:
    """Normalize a name, in the British spelling: "watercolor" is "watercolour"."""
    return re.sub("colou?r", "colour", normalize_name(name))


def _from_library(preset: Preset) -> CatalogPreset:
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
