"""Messages of the bot's that are to be deleted because what they show was forgotten.

A row is written in the transaction that forgets, so that a crash costs nothing but time: whoever
deletes the messages goes on at the next start. Deleting twice does no harm, so nobody owns a row.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from bot.jobs.db.schema import retractions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import RowMapping

    from bot.jobs.db.engine import Change, Database

__all__ = ["Message", "PendingDeletion", "PendingDeletions", "Standing"]

Message = tuple[int, int]
"""The id of a channel and that of a message in it."""

_PENDING = retractions.c.abandoned.is_(None)


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingDeletion:
    """A message that is to be deleted.

    Attributes:
        attempts: how often that was tried in vain.
    """

    channel_id: int
    message_id: int
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far the deleting of some messages is: how many wait, and how many have to stay."""

    waiting: int
    abandoned: int


class PendingDeletions:
    """The table of retractions, used as ``store.retractions``.

    Every method may raise `StoreUnavailableError`.

    Attributes:
        news: set whenever a message is to be deleted because of this process.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.news = asyncio.Event()

    async def add(self, change: Change, messages: Iterable[Message]) -> None:
        """Write down that messages are to be deleted; set `news` once that is committed."""
        for channel_id, message_id in messages:
            await change.upsert(
                retractions,
                {
                    "message_id": message_id,
                    "channel_id": channel_id,
                    "created_at": datetime.now(UTC),
                    "attempts": 0,
                    "not_before": None,
                    "abandoned": None,
                },
            )

    async def due(self, *, limit: int = 50) -> list[PendingDeletion]:
        """What can be tried now, oldest message first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(retractions)
                .where(_PENDING, self._database.is_due(retractions.c.not_before))
                .order_by(retractions.c.message_id)
                .limit(limit)
            )
            return [_from(row) for row in found.mappings()]

    async def done(self, message_id: int) -> None:
        """The message is gone."""
        async with self._database.write() as change:
            await change.connection.execute(
                delete(retractions).where(retractions.c.message_id == message_id)
            )

    async def postpone(self, message_id: int, *, seconds: float) -> None:
        """Try again later."""
        async with self._database.write() as change:
            await change.connection.execute(
                update(retractions)
                .where(retractions.c.message_id == message_id)
                .values(
                    attempts=retractions.c.attempts + 1,
                    not_before=self._database.now() + timedelta(seconds=seconds),
                )
            )

    async def abandon(self, message_id: int, *, reason: str) -> None:
        """The message has to stay. The row is kept for a while, for whoever asks for its fate."""
        async with self._database.write() as change:
            await change.connection.execute(
                update(retractions)
                .where(retractions.c.message_id == message_id)
                .values(abandoned=reason)
            )

    async def standing(self, message_ids: Collection[int]) -> Standing:
        """How far the deleting of these messages is."""
        is_theirs = retractions.c.message_id.in_(message_ids)
        async with self._database.read() as connection:
            counted = await connection.execute(
                select(func.count(), func.count(retractions.c.abandoned)).where(is_theirs)
            )
            rows, abandoned = counted.one()
        return Standing(waiting=rows - abandoned, abandoned=abandoned)

    async def forget_abandoned(self, *, older_than: timedelta) -> int:
        """Drop the rows of messages that have to stay; returns how many there were."""
        async with self._database.write() as change:
            dropped = await change.connection.execute(
                delete(retractions).where(
                    ~_PENDING, retractions.c.created_at < datetime.now(UTC) - older_than
                )
            )
            return dropped.rowcount


def _from(row: RowMapping) -> PendingDeletion:
    return PendingDeletion(
        channel_id=row["channel_id"], message_id=row["message_id"], attempts=row["attempts"]
    )
