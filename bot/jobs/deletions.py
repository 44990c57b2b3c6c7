"""Messages to delete from Discord, because the job that they show was deleted.

A row is written in the transaction that deletes the job, so that the messages are also deleted
after a crash. Deleting a message twice does no harm, so no process owns a row.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from bot.jobs.db.rows import record_from
from bot.jobs.db.schema import pending_deletions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.jobs.db.change import Change
    from bot.jobs.db.engine import Database

__all__ = ["DeletionStatus", "MessageIds", "PendingDeletion", "PendingDeletions"]

MessageIds = tuple[int, int]
"""The id of a channel and the id of a message in it."""

_IS_PENDING = pending_deletions.c.abandoned.is_(None)


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingDeletion:
    """A message to delete.

    Attributes:
        attempts: number of failed attempts.
    """

    channel_id: int
    message_id: int
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeletionStatus:
    """How many of some messages are still to be deleted, and how many cannot be deleted."""

    waiting: int
    abandoned: int


class PendingDeletions:
    """The table of messages to delete, as ``store.pending_deletions``.

    Every method may raise `StoreUnavailableError`.

    Attributes:
        added: set when this process added messages.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.added = asyncio.Event()

    async def add(self, change: Change, messages: Iterable[MessageIds]) -> None:
        """Add messages within a transaction; set `added` once it is committed."""
        for channel_id, message_id in messages:
            await change.upsert(
                pending_deletions,
                {
                    "message_id": message_id,
                    "channel_id": channel_id,
                    "created_at": datetime.now(UTC),
                    "attempts": 0,
                    "not_before": None,
                    "abandoned": None,
                },
            )

    async def list_due(
        self, *, except_channels: Collection[int] = (), limit: int = 50
    ) -> list[PendingDeletion]:
        """Return the oldest message of each channel that may be deleted now, oldest first.

        Args:
            except_channels: ids of channels to leave out.
            limit: the largest number of messages, and so of channels.
        """
        in_channel = func.row_number().over(
            partition_by=pending_deletions.c.channel_id, order_by=pending_deletions.c.message_id
        )
        due = (
            select(pending_deletions, in_channel.label("in_channel"))
            .where(
                _IS_PENDING,
                self._database.is_due(pending_deletions.c.not_before),
                pending_deletions.c.channel_id.not_in(except_channels),
            )
            .subquery("due")
        )
        async with self._database.read() as connection:
            found = await connection.execute(
                select(due).where(due.c.in_channel == 1).order_by(due.c.message_id).limit(limit)
            )
            return [record_from(PendingDeletion, row) for row in found.mappings()]

    async def mark_deleted(self, message_id: int) -> None:
        """Record that the message is deleted."""
        async with self._database.write() as change:
            await change.connection.execute(
                delete(pending_deletions).where(pending_deletions.c.message_id == message_id)
            )

    async def postpone(self, message_id: int, *, seconds: float) -> None:
        """Record a failed attempt and wait before the next."""
        async with self._database.write() as change:
            await change.connection.execute(
                update(pending_deletions)
                .where(pending_deletions.c.message_id == message_id)
                .values(
                    attempts=pending_deletions.c.attempts + 1,
                    not_before=self._database.now() + timedelta(seconds=seconds),
                )
            )

    async def abandon(self, message_id: int, *, reason: str) -> None:
        """Record that the message cannot be deleted. `get_status` counts it for a while."""
        async with self._database.write() as change:
            await change.connection.execute(
                update(pending_deletions)
                .where(pending_deletions.c.message_id == message_id)
                .values(abandoned=reason)
            )

    async def get_status(self, message_ids: Collection[int]) -> DeletionStatus:
        """Return how far the deletion of these messages is."""
        counts = select(func.count(), func.count(pending_deletions.c.abandoned)).where(
            pending_deletions.c.message_id.in_(message_ids)
        )
        async with self._database.read() as connection:
            rows, abandoned = (await connection.execute(counts)).one()
        return DeletionStatus(waiting=rows - abandoned, abandoned=abandoned)

    async def delete_abandoned(self, *, older_than: timedelta) -> int:
        """Delete the rows of messages that cannot be deleted and return their number."""
        async with self._database.write() as change:
            deleted = await change.connection.execute(
                delete(pending_deletions).where(
                    ~_IS_PENDING, pending_deletions.c.created_at < datetime.now(UTC) - older_than
                )
            )
            return deleted.rowcount
