"""Stored pickers, so that they work after a restart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from bot.jobs.db.rows import record_from, row_from
from bot.jobs.db.schema import pickers
from bot.jobs.models import Picker

if TYPE_CHECKING:
    from bot.jobs.db.engine import Database

__all__ = ["Pickers"]


class Pickers:
    """The table of pickers, as ``store.pickers``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, picker: Picker) -> None:
        """Insert a picker, or replace the one on the same message."""
        async with self._database.write() as change:
            await change.upsert(pickers, row_from(picker))

    async def get(self, message_id: int) -> Picker | None:
        """Return the picker on a message, used or not; None if there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(pickers).where(pickers.c.message_id == message_id)
            )
            row = found.mappings().one_or_none()
            return None if row is None else record_from(Picker, row)

    async def mark_used(self, message_id: int) -> bool:
        """Mark a picker as used; True for the first of several simultaneous calls only."""
        async with self._database.write() as change:
            used = await change.connection.execute(
                update(pickers)
                .where(pickers.c.message_id == message_id, pickers.c.used_at.is_(None))
                .values(used_at=datetime.now(UTC))
            )
            return used.rowcount == 1

    async def delete(self, message_id: int) -> None:
        """Delete a picker; the caller deletes its content image."""
        async with self._database.write() as change:
            await change.connection.execute(
                delete(pickers).where(pickers.c.message_id == message_id)
            )

    async def list_for_member(self, requester_id: int) -> list[Picker]:
        """Return a member's pickers, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(pickers)
                .where(pickers.c.requester_id == requester_id)
                .order_by(pickers.c.created_at)
            )
            return [record_from(Picker, row) for row in found.mappings()]

    async def list_unused(self, *, since: datetime, limit: int = 100) -> list[Picker]:
        """Return the unused pickers created since a time, newest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(pickers)
                .where(pickers.c.created_at >= since, pickers.c.used_at.is_(None))
                .order_by(pickers.c.created_at.desc())
                .limit(limit)
            )
            return [record_from(Picker, row) for row in found.mappings()]
