"""What guilds decided for themselves: their rules, and the styles they added.

Both end when the bot has been away from the guild for long enough; it may be invited back.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.errors import PresetProblem, PresetRefused
from bot.jobs.db.rows import guild_preset_from
from bot.jobs.db.schema import guild_presets, guilds
from bot.jobs.guild_models import GuildSettings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import RowMapping

    from bot.jobs.db.engine import Change, Database
    from bot.jobs.guild_models import GuildPreset
    from bot.jobs.retention import Retention

__all__ = ["GuildPresets", "Guilds"]


class Guilds:
    """The table of guilds, used as ``store.guilds``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rules(self, guild_id: int) -> GuildSettings:
        """What the guild decided; the usual rules where it decided nothing."""
        async with self._database.read() as connection:
            found = await connection.execute(select(guilds).where(guilds.c.guild_id == guild_id))
            row = found.mappings().one_or_none()
        if row is None:
            return GuildSettings()
        return GuildSettings(
            channel_ids=tuple(row["channel_ids"]), manager_role_id=row["manager_role_id"]
        )

    async def decide(self, guild_id: int, rules: GuildSettings) -> None:
        """Keep the guild's rules, in place of those it had."""
        values = {
            "channel_ids": list(rules.channel_ids),
            "manager_role_id": rules.manager_role_id,
        }
        async with self._database.write() as change:
            await held_guild(change, guild_id)
            await change.connection.execute(
                update(guilds).where(guilds.c.guild_id == guild_id).values(values)
            )

    async def seen(self, here: Collection[int]) -> None:
        """Note which guilds the bot is in; it has left all the others that are known."""
        here = set(here)
        async with self._database.write() as change:
            found = await change.connection.execute(select(guilds.c.guild_id, guilds.c.left_at))
            known = {row.guild_id: row.left_at for row in found}
            for guild_id, left_at in known.items():
                if (guild_id in here) == (left_at is None):
                    continue
                await _note(change, guild_id, None if guild_id in here else datetime.now(UTC))

    async def left(self, guild_id: int) -> None:
        """Note that the bot was removed from the guild just now."""
        async with self._database.write() as change:
            await _note(change, guild_id, datetime.now(UTC))

    async def joined(self, guild_id: int) -> None:
        """Note that the bot is back."""
        async with self._database.write() as change:
            await _note(change, guild_id, None)


class GuildPresets:
    """The table of guilds' own styles, used as ``store.presets``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention

    async def of(self, guild_id: int) -> list[GuildPreset]:
        """The guild's own styles, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guild_presets)
                .where(guild_presets.c.guild_id == guild_id)
                .order_by(guild_presets.c.created_at, guild_presets.c.name)
            )
            return [guild_preset_from(row) for row in found.mappings()]

    async def added_by(self, member_id: int) -> list[GuildPreset]:
        """The styles a member gave to guilds, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guild_presets)
                .where(guild_presets.c.added_by == member_id)
                .order_by(guild_presets.c.created_at, guild_presets.c.name)
            )
            return [guild_preset_from(row) for row in found.mappings()]

    async def unpainted(self, painted: str) -> list[GuildPreset]:
        """The styles whose thumbnail's key does not end so, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(guild_presets)
                .where(guild_presets.c.thumbnail_key.not_like(f"%/{painted}"))
                .order_by(guild_presets.c.created_at, guild_presets.c.name)
            )
            return [guild_preset_from(row) for row in found.mappings()]

    async def add(
        self, preset: GuildPreset, *, limit: int, spare_emoji: Sequence[str] = ()
    ) -> GuildPreset:
        """Keep a style, and say how it is kept.

        Args:
            preset: the style; with an empty emoji it gets the first spare one that is free.
            limit: how many the guild may have.
            spare_emoji: to choose from.

        Raises:
            PresetRefused: its name or its emoji is taken, or the guild has as many as it may.
        """
        values = {column.name: getattr(preset, column.name) for column in guild_presets.c}
        async with self._database.write() as change:
            await held_guild(change, preset.guild_id)
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
            values["emoji"] = preset.emoji or _spare(spare_emoji, taken.values())
            if values["emoji"] in taken.values():
                raise PresetRefused(PresetProblem.EMOJI_TAKEN, word=preset.emoji)
            added = await change.connection.execute(
                insert(guild_presets).values(values).returning(*guild_presets.c)
            )
            return guild_preset_from(added.mappings().one())

    async def show_as(self, preset: GuildPreset, thumbnail_key: str) -> bool:
        """Give a style another thumbnail; False where it was removed meanwhile."""
        async with self._database.write() as change:
            shown = await change.connection.execute(
                update(guild_presets)
                .where(
                    guild_presets.c.guild_id == preset.guild_id,
                    guild_presets.c.picture_key == preset.picture_key,
                )
                .values(thumbnail_key=thumbnail_key)
            )
            return shown.rowcount == 1

    async def remove(self, guild_id: int, name: str) -> GuildPreset | None:
        """Forget a style with its pictures; which it was, None where there was none."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(guild_presets)
                .where(guild_presets.c.guild_id == guild_id, guild_presets.c.name == name)
                .returning(*guild_presets.c)
            )
            row = deleted.mappings().one_or_none()
            if row is None:
                return None
            preset = guild_preset_from(row)
            await self._retention.discard(change, [preset.folder])
        self._retention.news.set()
        return preset


async def held_guild(change: Change, guild_id: int) -> RowMapping:
    """The guild's row, made if need be, held against every other transaction."""
    usual: dict[str, Any] = {"guild_id": guild_id, "channel_ids": []}
    if change.connection.dialect.name == "postgresql":
        made = postgresql.insert(guilds).values(usual).on_conflict_do_nothing()
        await change.connection.execute(made)
    else:
        await change.connection.execute(
            sqlite.insert(guilds).values(usual).on_conflict_do_nothing()
        )
    held = await change.connection.execute(
        select(guilds).where(guilds.c.guild_id == guild_id).with_for_update()
    )
    return held.mappings().one()


async def _note(change: Change, guild_id: int, left_at: datetime | None) -> None:
    await change.connection.execute(
        update(guilds).where(guilds.c.guild_id == guild_id).values(left_at=left_at)
    )


def _spare(spare: Sequence[str], taken: Collection[str]) -> str:
    for emoji in spare:
        if emoji not in taken:
            return emoji
    raise PresetRefused(PresetProblem.TOO_MANY, limit=len(spare))
