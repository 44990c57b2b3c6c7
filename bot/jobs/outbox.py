"""The outbox: messages about jobs that must be sent exactly once.

A sender takes a lease with `start_send`, confirms with `confirm_send` immediately before each
request that the lease is still its own, and records the message with `mark_sent`. The number of the
attempt is the fencing token: what an earlier attempt asks for is refused once a later one started.

A row whose send was confirmed but not recorded may have reached the channel or not, so the next
sender searches the channel first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, or_, select, update

from bot.errors import LeaseLostError, UnknownJobError
from bot.jobs.db.engine import LONGEST_DELAY
from bot.jobs.db.rows import record_from
from bot.jobs.db.schema import jobs, outbox
from bot.jobs.job_messages import add_job_message
from bot.jobs.models import Announcement, Delivery

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from bot.jobs.db.change import Change
    from bot.jobs.db.engine import Database
    from bot.jobs.deletions import PendingDeletions

__all__ = ["Backlog", "Outbox"]

_IS_PENDING = and_(outbox.c.message_id.is_(None), outbox.c.abandoned.is_(None))


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """The number of rows that are neither sent nor abandoned, and when the oldest was written."""

    pending: int
    oldest_at: datetime | None


class Outbox:
    """The table of messages to send, as ``store.outbox``."""

    def __init__(
        self, database: Database, process_id: str, pending_deletions: PendingDeletions
    ) -> None:
        self._database = database
        self._process_id = process_id
        self._pending_deletions = pending_deletions

    async def list_due(
        self, *, except_for: Collection[tuple[int, Announcement]] = (), limit: int = 50
    ) -> list[Delivery]:
        """Return each channel's oldest card, outcome and notice that this process may send now.

        They belong to jobs that it delivers; the oldest come first. A job's card, outcome and
        notice are listed one after the other, each once the one before was sent or abandoned.

        Args:
            except_for: channels by id, each with the kind of announcement to leave out.
            limit: the largest number of rows.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        in_channel = func.row_number().over(
            partition_by=(jobs.c.channel_id, outbox.c.announcement),
            order_by=outbox.c.delivery_id,
        )
        due = (
            select(outbox, jobs.c.channel_id, in_channel.label("in_channel"))
            .join(jobs, jobs.c.job_id == outbox.c.job_id)
            .where(
                _IS_PENDING,
                self._database.is_due(outbox.c.not_before),
                _has_no_earlier_pending(),
                jobs.c.delivered_by == self._process_id,
                *(
                    or_(
                        outbox.c.announcement != announcement,
                        jobs.c.channel_id.not_in(
                            [at for at, of in except_for if of is announcement]
                        ),
                    )
                    for announcement in Announcement
                ),
            )
            .subquery("due")
        )
        async with self._database.read() as connection:
            found = await connection.execute(
                select(due).where(due.c.in_channel == 1).order_by(due.c.delivery_id).limit(limit)
            )
            return [record_from(Delivery, row) for row in found.mappings()]

    async def get_next_due(self) -> datetime | None:
        """Return when the next postponed row becomes due; None if none is postponed.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.read() as connection:
            earliest = await connection.execute(
                select(func.min(outbox.c.not_before)).where(
                    _IS_PENDING,
                    outbox.c.not_before > self._database.now(),
                    _has_no_earlier_pending(),
                    self._is_delivered_here(),
                )
            )
            due_at: datetime | None = earliest.scalar_one_or_none()
            return due_at

    async def get_backlog(self) -> Backlog:
        """Return how much is not sent yet, by any process.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        query = select(func.count(), func.min(outbox.c.created_at)).where(_IS_PENDING)
        async with self._database.read() as connection:
            pending, oldest_at = (await connection.execute(query)).one()
        return Backlog(pending=pending, oldest_at=oldest_at)

    async def start_send(self, delivery: Delivery, *, lease_seconds: float = 60) -> Delivery | None:
        """Take the lease for an attempt to send.

        Args:
            delivery: as returned by `list_due`.
            lease_seconds: how long no other attempt may start, unless the lease is renewed.

        Returns:
            The row with this attempt counted; None if another attempt was started since, or
            the message is sent.

        Raises:
            StoreUnavailableError: the database cannot be reached; do not send.
        """
        async with self._database.write() as change:
            started = await change.connection.execute(
                update(outbox)
                .where(_is_attempt(delivery))
                .values(attempts=outbox.c.attempts + 1, not_before=self._time_after(lease_seconds))
                .returning(outbox.c.attempts, outbox.c.not_before, outbox.c.send_started_at)
            )
            row = started.mappings().one_or_none()
            return None if row is None else replace(delivery, **row)

    async def renew_lease(self, delivery: Delivery, *, lease_seconds: float) -> bool:
        """Extend the lease of an attempt in progress.

        Returns:
            False if the lease is lost: another attempt was started, or the message is sent.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            renewed = await change.connection.execute(
                update(outbox)
                .where(_is_attempt(delivery))
                .values(not_before=self._time_after(lease_seconds))
            )
            return renewed.rowcount == 1

    async def confirm_send(self, delivery: Delivery, *, lease_seconds: float) -> None:
        """Confirm the lease immediately before a request, and record when it is sent.

        Raises:
            LeaseLostError: another attempt was started, or the message is sent; do not send.
            StoreUnavailableError: the database cannot be reached; do not send.
        """
        async with self._database.write() as change:
            confirmed = await change.connection.execute(
                update(outbox)
                .where(_is_attempt(delivery))
                .values(
                    send_started_at=self._database.now(),
                    not_before=self._time_after(lease_seconds),
                )
            )
        if confirmed.rowcount == 0:
            raise LeaseLostError(delivery.job_id, attempt=delivery.attempts)

    async def mark_sent(self, delivery: Delivery, *, channel_id: int, message_id: int) -> bool:
        """Record the sent message in the outbox and in the job.

        Returns:
            False if the message must not stay: its job was deleted while it was being sent, or
            another attempt has sent the same announcement. Then the message is deleted too, see
            `bot.jobs.deletions`.

        Raises:
            StoreUnavailableError: the database cannot be reached; call again.
        """
        async with self._database.write() as change:
            recorded = await change.connection.execute(
                update(outbox)
                .where(
                    outbox.c.delivery_id == delivery.delivery_id,
                    or_(outbox.c.message_id.is_(None), outbox.c.message_id == message_id),
                )
                .values(message_id=message_id, not_before=None)
            )
            is_kept = recorded.rowcount == 1
            if is_kept:
                await _record_message(change, delivery, channel_id, message_id)
            else:
                await self._pending_deletions.add(change, [(channel_id, message_id)])
            change.touch(delivery.job_id)
        if not is_kept:
            self._pending_deletions.added.set()
        return is_kept

    async def postpone(self, delivery: Delivery, *, seconds: float) -> None:
        """End this attempt and wait before the next one; do nothing if the lease is lost.

        Args:
            delivery: as returned by `start_send`.
            seconds: how long to wait; `LONGEST_DELAY` at most.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        delay = min(timedelta(seconds=seconds), LONGEST_DELAY)
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(_is_attempt(delivery))
                .values(not_before=self._database.now() + delay)
            )
            change.touch(delivery.job_id)

    async def abandon(self, delivery: Delivery, *, reason: str) -> None:
        """Give up, e.g. since the channel was deleted; do nothing if the lease is lost.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            await change.connection.execute(
                update(outbox)
                .where(_is_attempt(delivery))
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
                select(outbox, jobs.c.channel_id)
                .join(jobs, jobs.c.job_id == outbox.c.job_id)
                .where(outbox.c.job_id == job_id)
                .order_by(outbox.c.delivery_id)
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
                update(outbox).where(_IS_PENDING, outbox.c.attempts > 0).values(not_before=None)
            )

    def _time_after(self, seconds: float) -> datetime | ColumnElement[datetime]:
        return self._database.now() + timedelta(seconds=seconds)

    def _is_delivered_here(self) -> ColumnElement[bool]:
        delivered_here = select(jobs.c.job_id).where(
            jobs.c.job_id == outbox.c.job_id, jobs.c.delivered_by == self._process_id
        )
        return delivered_here.exists()


async def _record_message(
    change: Change, delivery: Delivery, channel_id: int, message_id: int
) -> None:
    """Record the message of an announcement, so that it can be edited or deleted."""
    match delivery.announcement:
        case Announcement.CARD:
            values: dict[str, int] = {"card_message_id": message_id}
        case Announcement.OUTCOME:
            values = {"outcome_message_id": message_id, "outcome_channel_id": channel_id}
        case Announcement.NOTICE:
            await add_job_message(
                change, delivery.job_id, channel_id=channel_id, message_id=message_id
            )
            return
    await change.connection.execute(
        update(jobs).where(jobs.c.job_id == delivery.job_id).values(values)
    )


def _is_attempt(delivery: Delivery) -> ColumnElement[bool]:
    """Build the condition that no later attempt was started and nothing is recorded."""
    return and_(
        outbox.c.delivery_id == delivery.delivery_id,
        outbox.c.attempts == delivery.attempts,
        _IS_PENDING,
    )


def _has_no_earlier_pending() -> ColumnElement[bool]:
    """Build the condition that nothing is pending that the job's messages are sent after."""
    earlier = outbox.alias("earlier")
    return ~(
        select(earlier.c.delivery_id)
        .where(
            earlier.c.job_id == outbox.c.job_id,
            earlier.c.delivery_id != outbox.c.delivery_id,
            or_(
                earlier.c.announcement == Announcement.CARD,
                and_(
                    earlier.c.announcement == Announcement.OUTCOME,
                    outbox.c.announcement == Announcement.NOTICE,
                ),
            ),
            earlier.c.message_id.is_(None),
            earlier.c.abandoned.is_(None),
        )
        .exists()
    )
