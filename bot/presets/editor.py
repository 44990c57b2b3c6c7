"""Add presets to a guild, and remove them."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from PIL import ImageOps

from bot.artefacts.keys import guild_preset_prefix, preview_key
from bot.artefacts.sources import store_artefact
from bot.errors import PresetProblem, PresetRefused
from bot.jobs.models import GuildPreset
from bot.presets.library import normalize_name
from bot.presets.naming import SPARE_EMOJI, check_emoji, parse_name, same_emoji
from stylenet import images

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts
    from bot.artefacts.sources import ArtefactSource
    from bot.jobs.guilds import GuildPresets

__all__ = ["GuildPresetEditor", "default_alt_text", "make_thumbnail"]

THUMBNAIL_SIZE: Final = (216, 144)
MAX_ALT_TEXT: Final = 300


class GuildPresetEditor:
    """Adds and removes guilds' presets. Callers check the member's permission.

    Args:
        presets: stores them.
        artefacts: stores their pictures.
        limit: maximum number per guild.
    """

    def __init__(self, presets: GuildPresets, artefacts: Artefacts, *, limit: int) -> None:
        self._presets = presets
        self._artefacts = artefacts
        self._limit = limit

    async def check(self, guild_id: int, name: str, emoji: str | None) -> None:
        """Check that a preset can be added, before its picture is fetched.

        Raises:
            PresetRefused: its name or emoji is invalid or taken, or the guild is full.
            StoreUnavailableError: the database cannot be reached.
        """
        _, title = parse_name(name)
        own = await self._presets.list_for_guild(guild_id)
        known = next(
            (each for each in own if normalize_name(each.title) == normalize_name(title)), None
        )
        if known is not None:
            raise PresetRefused(PresetProblem.NAME_TAKEN, word=known.title)
        if emoji is not None:
            wanted = check_emoji(emoji)
            if any(same_emoji(wanted, each.emoji) for each in own):
                raise PresetRefused(PresetProblem.EMOJI_TAKEN, word=wanted)
        if len(own) >= self._limit:
            raise PresetRefused(PresetProblem.TOO_MANY, limit=self._limit)

    async def add(
        self,
        guild_id: int,
        name: str,
        *,
        emoji: str | None,
        picture: ArtefactSource,
        preview: bytes,
        alt_text: str | None,
        added_by: int,
    ) -> GuildPreset:
        """Add a preset to the guild.

        Args:
            guild_id: the guild.
            name: as the member typed it.
            emoji: one standard emoji; None for the next free letter.
            picture: the encoded style picture, already inspected; a file is moved.
            preview: the same, reduced.
            alt_text: description of the picture, if the member gave one.
            added_by: id of the member.

        Raises:
            PresetRefused: its name or emoji is invalid or taken, or the guild is full.
            StorageFullError: there is no space for its picture.
            StoreUnavailableError: the database cannot be reached.
        """
        await self.check(guild_id, name, emoji)
        short, title = parse_name(name)
        folder = guild_preset_prefix(guild_id)
        preset = GuildPreset(
            guild_id=guild_id,
            name=short,
            title=title,
            emoji="" if emoji is None else check_emoji(emoji),
            alt_text=(alt_text or default_alt_text(title))[:MAX_ALT_TEXT],
            picture_key=f"{folder}picture",
            thumbnail_key=f"{folder}thumbnail",
            added_by=added_by,
            created_at=datetime.now(UTC),
        )
        small = await asyncio.to_thread(make_thumbnail, preview)
        try:
            await store_artefact(self._artefacts, preset.picture_key, picture)
            await self._artefacts.put(preview_key(preset.picture_key), preview)
            await self._artefacts.put(preset.thumbnail_key, small)
            return await self._presets.add(preset, limit=self._limit, spare_emoji=SPARE_EMOJI)
        except PresetRefused:  # added at the same time by another member, in another folder
            await self._artefacts.delete_prefix(folder)
            raise

    async def remove(self, guild_id: int, name: str) -> GuildPreset:
        """Remove a preset of the guild; pictures made with it are kept.

        Raises:
            PresetRefused: there is no preset of this name.
            StoreUnavailableError: the database cannot be reached.
        """
        removed = await self._presets.remove(guild_id, name)
        if removed is None:
            raise PresetRefused(PresetProblem.UNKNOWN, word=name)
        return removed


def default_alt_text(title: str) -> str:
    """Return the alt text for a style picture without a description."""
    return f"The picture behind {title}."


def make_thumbnail(picture: bytes) -> bytes:
    """Crop a picture to the size of the other presets' thumbnails (WebP).

    Raises:
        UnreadableImageError: the picture cannot be decoded.
    """
    small = ImageOps.fit(images.decode(picture), THUMBNAIL_SIZE)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()
