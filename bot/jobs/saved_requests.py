"""Offers that outlive a restart: what was asked, kept until a button goes on from it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from bot.jobs.db.rows import offer_from, row_of_offer
from bot.jobs.db.schema import offers

if TYPE_CHECKING:
    from datetime import timedelta

    from bot.jobs.db.engine import Database
    from bot.jobs.models import SavedRequest

__all__ = ["SavedRequests"]


class SavedRequests:
    """The table of offers, used as ``store.offers``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, offer: SavedRequest) -> None:
        """Keep a new offer."""
        async with self._database.write() as change:
            await change.connection.execute(insert(offers).values(row_of_offer(offer)))

    async def get(self, offer_id: str) -> SavedRequest | None:
        """The offer of this id, used or not; None when there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(select(offers).where(offers.c.offer_id == offer_id))
            row = found.mappings().one_or_none()
            return None if row is None else offer_from(row)

    async def use(self, offer_id: str) -> bool:
        """Take the offer up: True the first time, False ever after, however often it is pressed."""
        async with self._database.write() as change:
            used = await change.connection.execute(
                update(offers)
                .where(offers.c.offer_id == offer_id, offers.c.used_at.is_(None))
                .values(used_at=datetime.now(UTC))
            )
            return used.rowcount == 1

    async def of(self, requester_id: int) -> list[SavedRequest]:
        """A member's offers, oldest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(offers)
                .where(offers.c.requester_id == requester_id)
                .order_by(offers.c.created_at)
            )
            return [offer_from(row) for row in found.mappings()]

    async def forget(self, requester_id: int) -> int:
        """Delete a member's offers; returns how many there were."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(offers).where(offers.c.requester_id == requester_id)
            )
            return deleted.rowcount

    async def delete_older_than(self, age: timedelta) -> int:
        """Forget the offers that have expired; returns how many there were."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(offers).where(offers.c.created_at < datetime.now(UTC) - age)
            )
            return deleted.rowcount
