"""Settings and presets of guilds.

They are deleted some time after the bot was removed from the guild; it may be invited back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.errors import PresetProblem, PresetRefused
from bot.jobs.db.rows import record_from, row_from
from bot.jobs.db.schema import guild_presets, guilds
from bot.jobs.models import GuildPreset, GuildSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import RowMapping

    from bot.jobs.db.change import Change
    from bot.jobs.db.engine import Database
    from bot.jobs.retention import Retention

__all__ = ["GuildPresets", "Guilds"]


class Guilds:
    """The table of guilds, as ``store.guilds``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_settings(self, guild_id: int) -> GuildSettings:
        """Return a guild's settings; the defaults if it has none."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guilds.c.settings).where(guilds.c.guild_id == guild_id)
            )
            settings: GuildSettings | None = found.scalar_one_or_none()
        return settings or GuildSettings()

    async def set_settings(self, guild_id: int, settings: GuildSettings) -> None:
        """Replace a guild's settings."""
        async with self._database.write() as change:
            await _lock_guild(change, guild_id)
            await change.connection.execute(
                update(guilds).where(guilds.c.guild_id == guild_id).values(settings=settings)
            )

    async def sync_membership(self, guild_ids: Collection[int]) -> None:
        """Record which guilds the bot is in; it has left every other known guild."""
        present = set(guild_ids)
        async with self._database.write() as change:
            found = await change.connection.execute(select(guilds.c.guild_id, guilds.c.left_at))
            known = {row.guild_id: row.left_at for row in found}
            for guild_id, left_at in known.items():
                if (guild_id in present) == (left_at is None):
                    continue
                await _set_left_at(
                    change, guild_id, None if guild_id in present else datetime.now(UTC)
                )

    async def mark_left(self, guild_id: int) -> None:
        """Record that the bot was just removed from a guild."""
        async with self._database.write() as change:
            await _set_left_at(change, guild_id, datetime.now(UTC))

    async def mark_joined(self, guild_id: int) -> None:
        """Record that the bot is in the guild again."""
        async with self._database.write() as change:
            await _set_left_at(change, guild_id, None)


class GuildPresets:
    """The table of guilds' presets, as ``store.guild_presets``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention

    async def list_for_guild(self, guild_id: int) -> list[GuildPreset]:
        """Return a guild's presets, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guild_presets)
                .where(guild_presets.c.guild_id == guild_id)
                .order_by(guild_presets.c.created_at, guild_presets.c.name)
            )
            return [record_from(GuildPreset, row) for row in found.mappings()]

    async def list_added_by(self, member_id: int) -> list[GuildPreset]:
        """Return the presets that a member added to any guild, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guild_presets)
                .where(guild_presets.c.added_by == member_id)
                .order_by(guild_presets.c.created_at, guild_presets.c.name)
            )
            return [record_from(GuildPreset, row) for row in found.mappings()]

    async def list_without_sample(self, sample_name: str) -> list[GuildPreset]:
        """Return the presets whose thumbnail key does not end in a name, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guild_presets)
                .where(guild_presets.c.thumbnail_key.not_like(f"%/{sample_name}"))
                .order_by(guild_presets.c.created_at, guild_presets.c.name)
            )
            return [record_from(GuildPreset, row) for row in found.mappings()]

    async def add(
        self, preset: GuildPreset, *, limit: int, spare_emoji: Sequence[str] = ()
    ) -> GuildPreset:
        """Insert a preset.

        Args:
            preset: the preset. An empty emoji is replaced by the first unused spare one.
            limit: the largest number of presets per guild.
            spare_emoji: emoji to choose from.

        Returns:
            The preset as inserted.

        Raises:
            PresetRefused: its name or emoji is taken, or the guild has reached the limit.
        """
        values = row_from(preset)
        async with self._database.write() as change:
            await _lock_guild(change, preset.guild_id)
            found = await change.connection.execute(
                select(guild_presets.c.name, guild_presets.c.emoji).where(
                    guild_presets.c.guild_id == preset.guild_id
                )
            )
            taken = {row.name: row.emoji for row in found}
            if preset.name in taken:
                raise PresetRefused(PresetProblem.NAME_TAKEN, word=preset.name)
            if len(taken) >= limit:
                raise PresetRefused(PresetProblem.TOO_MANY, limit=limit)
            values["emoji"] = preset.emoji or _first_unused(spare_emoji, taken.values())
            if values["emoji"] in taken.values():
                raise PresetRefused(PresetProblem.EMOJI_TAKEN, word=preset.emoji)
            added = await change.connection.execute(
                insert(guild_presets).values(values).returning(*guild_presets.c)
            )
            return record_from(GuildPreset, added.mappings().one())

    async def set_thumbnail(self, preset: GuildPreset, thumbnail_key: str) -> bool:
        """Replace a preset's thumbnail; False if the preset was removed meanwhile."""
        async with self._database.write() as change:
            updated = await change.connection.execute(
                update(guild_presets)
                .where(
                    guild_presets.c.guild_id == preset.guild_id,
                    guild_presets.c.picture_key == preset.picture_key,
                )
                .values(thumbnail_key=thumbnail_key)
            )
            return updated.rowcount == 1

    async def remove(self, guild_id: int, name: str) -> GuildPreset | None:
        """Delete a preset with its pictures and return it; None if there is none."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(guild_presets)
                .where(guild_presets.c.guild_id == guild_id, guild_presets.c.name == name)
                .returning(*guild_presets.c)
            )
            row = deleted.mappings().one_or_none()
            if row is None:
                return None
            preset = record_from(GuildPreset, row)
            await self._retention.discard(change, [preset.folder])
        self._retention.discarded.set()
        return preset


async def _lock_guild(change: Change, guild_id: int) -> RowMapping:
    """Return a guild's row, inserted if missing, locked until the transaction ends."""
    defaults: dict[str, Any] = {"guild_id": guild_id, "settings": GuildSettings()}
    if change.connection.dialect.name == "postgresql":
        await change.connection.execute(
            postgresql.insert(guilds).values(defaults).on_conflict_do_nothing()
        )
    else:
        await change.connection.execute(
            sqlite.insert(guilds).values(defaults).on_conflict_do_nothing()
        )
    locked = await change.connection.execute(
        select(guilds).where(guilds.c.guild_id == guild_id).with_for_update()
    )
    return locked.mappings().one()


async def _set_left_at(change: Change, guild_id: int, left_at: datetime | None) -> None:
    await change.connection.execute(
        update(guilds).where(guilds.c.guild_id == guild_id).values(left_at=left_at)
    )


def _first_unused(spare: Sequence[str], taken: Collection[str]) -> str:
    for emoji in spare:
        if emoji not in taken:
            return emoji
    raise PresetRefused(PresetProblem.TOO_MANY, limit=len(spare))
