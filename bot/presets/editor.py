"""Adding styles to a guild's shelf, and taking them off."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from PIL import ImageOps

from bot.artefacts.folder import guild_preset_prefix, preview_key
from bot.errors import PresetProblem, PresetRefused
from bot.jobs.guild_models import GuildPreset
from bot.presets.library import plain
from bot.presets.naming import SPARE_EMOJI, check_emoji, checked_name, same_emoji
from stylenet import images

if TYPE_CHECKING:
    from bot.artefacts.folder import Artefacts
    from bot.jobs.guilds import GuildPresets

__all__ = ["GuildPresetEditor", "thumbnail", "unsaid"]

THUMBNAIL_SIZE: Final = (216, 144)
LONGEST_ALT_TEXT: Final = 300


class GuildPresetEditor:
    """Looks after guilds' own styles. Who may ask for it is not decided here.

    Args:
        presets: where they are kept.
        artefacts: where their pictures are kept.
        limit: how many one guild may have.
    """

    def __init__(self, presets: GuildPresets, artefacts: Artefacts, *, limit: int) -> None:
        self._presets = presets
        self._artefacts = artefacts
        self._limit = limit

    async def check(self, guild_id: int, name: str, emoji: str | None) -> None:
        """Check that a style can be added, before its picture is fetched.

        Raises:
            PresetRefused: its name or emoji will not do, or there are as many as may be.
            StoreUnavailableError: the database cannot be reached.
        """
        _, title = checked_name(name)
        own = await self._presets.of(guild_id)
        known = next((each for each in own if plain(each.title) == plain(title)), None)
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
        picture: bytes,
        preview: bytes,
        alt_text: str | None,
        added_by: int,
    ) -> GuildPreset:
        """Add a style to the guild.

        Args:
            guild_id: whose shelf.
            name: as the member wrote it.
            emoji: one standard emoji; None for the next free letter.
            picture: the style picture, encoded; inspected already.
            preview: the same, reduced.
            alt_text: what the member says it shows, if they do.
            added_by: the member.

        Raises:
            PresetRefused: its name or emoji will not do, or there are as many as may be.
            StorageFullError: there is no room for its picture.
            StoreUnavailableError: the database cannot be reached.
        """
        await self.check(guild_id, name, emoji)
        short, title = checked_name(name)
        folder = guild_preset_prefix(guild_id)
        preset = GuildPreset(
            guild_id=guild_id,
            name=short,
            title=title,
            emoji="" if emoji is None else check_emoji(emoji),
            alt_text=(alt_text or unsaid(title))[:LONGEST_ALT_TEXT],
            picture_key=f"{folder}picture",
            thumbnail_key=f"{folder}thumbnail",
            added_by=added_by,
            created_at=datetime.now(UTC),
        )
        small = await asyncio.to_thread(thumbnail, preview)
        try:
            await self._artefacts.put(preset.picture_key, picture)
            await self._artefacts.put(preview_key(preset.picture_key), preview)
            await self._artefacts.put(preset.thumbnail_key, small)
            return await self._presets.add(preset, limit=self._limit, spare_emoji=SPARE_EMOJI)
        except PresetRefused:  # it was added by somebody else meanwhile, under another folder
            await self._artefacts.delete_prefix(folder)
            raise

    async def remove(self, guild_id: int, name: str) -> GuildPreset:
        """Remove a style of the guild; pictures made with it are kept.

        Raises:
            PresetRefused: there is none of this name.
            StoreUnavailableError: the database cannot be reached.
        """
        removed = await self._presets.remove(guild_id, name)
        if removed is None:
            raise PresetRefused(PresetProblem.UNKNOWN, word=name)
        return removed


def unsaid(title: str) -> str:
    """Return the alt text for a style picture without a description."""
    return f"The picture behind {title}."


def thumbnail(picture: bytes) -> bytes:
    """Crop a picture to the size of the other styles' thumbnails (WebP).

    Raises:
        UnreadableImageError: it is not a picture.
    """
    small = ImageOps.fit(images.decode(picture), THUMBNAIL_SIZE)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=88, method=4)
    return out.getvalue()
