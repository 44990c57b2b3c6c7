"""Stored refused requests, so that the buttons of a suggestion work after a restart."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from bot.jobs.db.rows import record_from, row_from
from bot.jobs.db.schema import saved_requests
from bot.jobs.models import SavedRequest

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.jobs.db.engine import Database

__all__ = ["SavedRequests"]


class SavedRequests:
    """The table of saved requests, as ``store.saved_requests``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, request: SavedRequest) -> None:
        """Insert a request."""
        async with self._database.write() as change:
            await change.connection.execute(insert(saved_requests).values(row_from(request)))

    async def get(self, request_id: str) -> SavedRequest | None:
        """Return the request with this id, used or not; None if there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(saved_requests).where(saved_requests.c.request_id == request_id)
            )
            row = found.mappings().one_or_none()
            return None if row is None else record_from(SavedRequest, row)

    async def mark_used(self, request_id: str) -> bool:
        """Mark a request as used; True for the first of several simultaneous calls only."""
        async with self._database.write() as change:
            used = await change.connection.execute(
                update(saved_requests)
                .where(
                    saved_requests.c.request_id == request_id, saved_requests.c.used_at.is_(None)
                )
                .values(used_at=datetime.now(UTC))
            )
            return used.rowcount == 1

    async def list_for_member(self, requester_id: int) -> list[SavedRequest]:
        """Return a member's saved requests, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(saved_requests)
                .where(saved_requests.c.requester_id == requester_id)
                .order_by(saved_requests.c.created_at)
            )
            return [record_from(SavedRequest, row) for row in found.mappings()]

    async def delete_older_than(self, age: timedelta) -> int:
        """Delete the expired requests and return their number."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(saved_requests).where(saved_requests.c.created_at < datetime.now(UTC) - age)
            )
            return deleted.rowcount
