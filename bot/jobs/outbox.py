"""The outbox: messages about jobs that must be sent exactly once.

`start_send` is committed before a message is sent, and `mark_sent` records its id afterwards. A
row that was started but not marked may have reached the channel or not, so the sender first
searches the channel for the row's nonce.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, update

from bot.errors import UnknownJobError
from bot.jobs.db.rows import record_from
from bot.jobs.db.schema import jobs, outbox
from bot.jobs.models import Announcement, Delivery

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from bot.jobs.db.engine import Database
    from bot.jobs.deletions import PendingDeletions

__all__ = ["Outbox"]

_IS_PENDING = and_(outbox.c.message_id.is_(None), outbox.c.abandoned.is_(None))


class Outbox:
    """The table of messages to send, as ``store.outbox``."""

    def __init__(
        self, database: Database, process_id: str, pending_deletions: PendingDeletions
    ) -> None:
        self._database = database
        self._process_id = process_id
        self._pending_deletions = pending_deletions

    async def list_due(self, *, limit: int = 50) -> list[Delivery]:
        """Return the rows that this process may send now, oldest first.

        These belong to jobs that it delivers. An outcome is listed after its job's card was sent
        or abandoned, so that they never arrive in the wrong order.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            found = await connection.execute(
                select(outbox)
                .where(
                    _IS_PENDING,
                    self._database.is_due(outbox.c.not_before),
                    _has_no_pending_card(),
                    self._is_delivered_here(),
                )
                .order_by(outbox.c.delivery_id)
                .limit(limit)
            )
            return [record_from(Delivery, row) for row in found.mappings()]

    async def get_next_due(self) -> datetime | None:
        """Return when the earliest postponed row is due; None if none is postponed.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            earliest = await connection.execute(
                select(func.min(outbox.c.not_before)).where(
                    _IS_PENDING, _has_no_pending_card(), self._is_delivered_here()
                )
            )
            due_at: datetime | None = earliest.scalar_one_or_none()
            return due_at

    async def start_send(self, delivery: Delivery, *, lease_seconds: float = 60) -> Delivery | None:
        """Record an attempt to send, before it is made.

        Args:
            delivery: as returned by `list_due`.
            lease_seconds: how long no other process may start; longer than a send can take.

        Returns:
            The row with this attempt counted; None if another attempt was started since, or
            the message is sent.

        Raises:
            StoreUnavailableError: the database cannot be reached; do not send.
        """
        async with self._database.write() as change:
            now = self._database.now()
            started = await change.connection.execute(
                update(outbox)
                .where(
                    outbox.c.delivery_id == delivery.delivery_id,
                    outbox.c.attempts == delivery.attempts,
                    _IS_PENDING,
                )
                .values(
                    attempts=outbox.c.attempts + 1,
                    send_started_at=func.coalesce(outbox.c.send_started_at, now),
                    not_before=now + timedelta(seconds=lease_seconds),
                )
                .returning(*outbox.c)
            )
            row = started.mappings().one_or_none()
            return None if row is None else record_from(Delivery, row)

    async def mark_sent(self, delivery: Delivery, *, channel_id: int, message_id: int) -> bool:
        """Record the sent message in the outbox and in the job.

        Returns:
            False if the job was deleted while the message was being sent; then the message is
            deleted too, see `bot.jobs.deletions`.

        Raises:
            StoreUnavailableError: the database cannot be reached; call again.
        """
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(outbox.c.delivery_id == delivery.delivery_id)
                .values(message_id=message_id, not_before=None)
            )
            if delivery.announcement is Announcement.CARD:
                values: dict[str, int] = {"card_message_id": message_id}
            else:
                values = {"outcome_message_id": message_id, "outcome_channel_id": channel_id}
            recorded = await change.connection.execute(
                update(jobs).where(jobs.c.job_id == delivery.job_id).values(values)
            )
            exists = recorded.rowcount == 1
            if not exists:
                await self._pending_deletions.add(change, [(channel_id, message_id)])
            change.touch(delivery.job_id)
        if not exists:
            self._pending_deletions.added.set()
        return exists

    async def postpone(self, delivery: Delivery, *, seconds: float) -> None:
        """Wait before the next attempt, after a failed one.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(outbox.c.delivery_id == delivery.delivery_id, _IS_PENDING)
                .values(not_before=self._database.now() + timedelta(seconds=seconds))
            )
            change.touch(delivery.job_id)

    async def abandon(self, delivery: Delivery, *, reason: str) -> None:
        """Give up, e.g. since the channel was deleted or the bot may not write there.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(outbox.c.delivery_id == delivery.delivery_id, _IS_PENDING)
                .values(abandoned=reason, not_before=None)
            )
            change.touch(delivery.job_id)

    async def list_for_job(self, job_id: str) -> list[Delivery]:
        """Return all rows of a job, sent or not, the card first.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            found = await connection.execute(
                select(outbox).where(outbox.c.job_id == job_id).order_by(outbox.c.delivery_id)
            )
            return [record_from(Delivery, row) for row in found.mappings()]

    async def replace_card(self, job_id: str, message_id: int) -> None:
        """Record another message as the job's card.

        Raises:
            UnknownJobError: there is no such job.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            replaced = await change.connection.execute(
                update(jobs).where(jobs.c.job_id == job_id).values(card_message_id=message_id)
            )
            if replaced.rowcount == 0:
                raise UnknownJobError(job_id)
            change.touch(job_id)

    async def release_leases(self) -> None:
        """End every lease, at the start of a process that shares its database with no other.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(_IS_PENDING, outbox.c.send_started_at.is_not(None))
                .values(not_before=None)
            )

    def _is_delivered_here(self) -> ColumnElement[bool]:
        delivered_here = select(jobs.c.job_id).where(
            jobs.c.job_id == outbox.c.job_id, jobs.c.delivered_by == self._process_id
        )
        return delivered_here.exists()


def _has_no_pending_card() -> ColumnElement[bool]:
    card = outbox.alias("card")
    pending_card = (
        select(card.c.delivery_id)
        .where(
            card.c.job_id == outbox.c.job_id,
            card.c.announcement == Announcement.CARD,
            card.c.message_id.is_(None),
            card.c.abandoned.is_(None),
        )
        .exists()
    )
    return or_(outbox.c.announcement == Announcement.CARD, ~pending_card)
