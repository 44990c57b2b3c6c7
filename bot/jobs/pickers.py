"""Pickers that outlive a restart: which message offers presets, to whom, for which picture."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from bot.jobs.db.rows import picker_from, row_of_picker
from bot.jobs.db.schema import pickers

if TYPE_CHECKING:
    from bot.jobs.db.engine import Database
    from bot.jobs.models import Picker

__all__ = ["Pickers"]


class Pickers:
    """The table of pickers, used as ``store.pickers``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, picker: Picker) -> None:
        """Keep a picker, or replace the one on the same message."""
        async with self._database.write() as change:
            await change.upsert(pickers, row_of_picker(picker))

    async def get(self, message_id: int) -> Picker | None:
        """The picker on a message, used or not; None when there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(pickers).where(pickers.c.message_id == message_id)
            )
            row = found.mappings().one_or_none()
            return None if row is None else picker_from(row)

    async def use(self, message_id: int) -> bool:
        """Take the choice: True the first time, False ever after, however many react at once."""
        async with self._database.write() as change:
            used = await change.connection.execute(
                update(pickers)
                .where(pickers.c.message_id == message_id, pickers.c.used_at.is_(None))
                .values(used_at=datetime.now(UTC))
            )
            return used.rowcount == 1

    async def unuse(self, message_id: int) -> None:
        """Offer the choice again, since nothing came of it."""
        async with self._database.write() as change:
            await change.connection.execute(
                update(pickers).where(pickers.c.message_id == message_id).values(used_at=None)
            )

    async def delete(self, message_id: int) -> None:
        """Forget a picker; its held picture is the caller's to delete."""
        async with self._database.write() as change:
            await change.connection.execute(
                delete(pickers).where(pickers.c.message_id == message_id)
            )

    async def of(self, requester_id: int) -> list[Picker]:
        """A member's pickers, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(pickers)
                .where(pickers.c.requester_id == requester_id)
                .order_by(pickers.c.created_at)
            )
            return [picker_from(row) for row in found.mappings()]

    async def unused(self, *, since: datetime, limit: int = 100) -> list[Picker]:
        """The newest pickers, made since a time, on which no choice was made yet."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(pickers)
                .where(pickers.c.created_at >= since, pickers.c.used_at.is_(None))
                .order_by(pickers.c.created_at.desc())
                .limit(limit)
            )
            return [picker_from(row) for row in found.mappings()]
