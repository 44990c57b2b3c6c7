"""What must still be said in the channel, each thing exactly once.

The order that makes it exact: `begin` is committed before the message is sent, `done` records
the message's id after. A row that was begun but is not done may or may not have reached the
channel; whoever delivers looks there for the row's nonce first.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, update

from bot.errors import UnknownJobError
from bot.jobs.db.rows import delivery_from
from bot.jobs.db.schema import jobs, outbox
from bot.jobs.models import Announcement

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from bot.jobs.db.engine import Database
    from bot.jobs.deletions import PendingDeletions
    from bot.jobs.models import Delivery

__all__ = ["Outbox"]

_IS_PENDING = and_(outbox.c.message_id.is_(None), outbox.c.abandoned.is_(None))


class Outbox:
    """The rows that announce jobs. Use it as ``store.outbox``."""

    def __init__(self, database: Database, process_id: str, retractions: PendingDeletions) -> None:
        self._database = database
        self._process_id = process_id
        self._retractions = retractions

    async def due(self, *, limit: int = 50) -> list[Delivery]:
        """What this process can send now, oldest first: of the jobs that it tends.

        An outcome stays hidden until its job's card is delivered or abandoned, so that a
        channel never sees an end before its beginning.

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
                    self._is_ours(),
                )
                .order_by(outbox.c.delivery_id)
                .limit(limit)
            )
            return [delivery_from(row) for row in found.mappings()]

    async def next_due(self) -> datetime | None:
        """When the earliest postponed delivery is due; None when none waits for its time.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            earliest = await connection.execute(
                select(func.min(outbox.c.not_before)).where(
                    _IS_PENDING, _has_no_pending_card(), self._is_ours()
                )
            )
            moment: datetime | None = earliest.scalar_one_or_none()
            return moment

    async def begin(self, delivery: Delivery, *, lease_seconds: float = 60) -> Delivery | None:
        """Commit that a send begins now, before it does.

        Args:
            delivery: as `due` gave it.
            lease_seconds: for so long nobody else begins it; longer than the send may take.

        Returns:
            The delivery with this attempt counted; None when somebody else began it since, or
            it is done.

        Raises:
            StoreUnavailableError: the database cannot be reached; do not send.
        """
        async with self._database.write() as change:
            now = self._database.now()
            begun = await change.connection.execute(
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
            row = begun.mappings().one_or_none()
            return None if row is None else delivery_from(row)

    async def done(self, delivery: Delivery, *, channel_id: int, message_id: int) -> bool:
        """Record the message that carries the announcement, with the job, in one transaction.

        Returns:
            False when the job was forgotten while the message was being sent; then the message
            goes too, see `bot.jobs.deletions`.

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
                where: dict[str, int] = {"card_message_id": message_id}
            else:
                where = {"outcome_message_id": message_id, "outcome_channel_id": channel_id}
            recorded = await change.connection.execute(
                update(jobs).where(jobs.c.job_id == delivery.job_id).values(where)
            )
            is_kept = recorded.rowcount == 1
            if not is_kept:
                await self._retractions.add(change, [(channel_id, message_id)])
            change.touch(delivery.job_id)
        if not is_kept:
            self._retractions.news.set()
        return is_kept

    async def postpone(self, delivery: Delivery, *, seconds: float) -> None:
        """Try again later, after a send that failed.

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
        """Give up: the channel is gone, or the bot may not speak there any more.

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

    async def of(self, job_id: str) -> list[Delivery]:
        """Everything the outbox has or had to say of a job, card first.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            found = await connection.execute(
                select(outbox).where(outbox.c.job_id == job_id).order_by(outbox.c.delivery_id)
            )
            return [delivery_from(row) for row in found.mappings()]

    async def replace_card(self, job_id: str, message_id: int) -> None:
        """Record that another message is the job's card now.

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

    async def void_leases(self) -> None:
        """Forget who was sending: for the start of a bot that shares its database with no other.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(_IS_PENDING, outbox.c.send_started_at.is_not(None))
                .values(not_before=None)
            )

    def _is_ours(self) -> ColumnElement[bool]:
        tended = select(jobs.c.job_id).where(
            jobs.c.job_id == outbox.c.job_id, jobs.c.tended_by == self._process_id
        )
        return tended.exists()


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
