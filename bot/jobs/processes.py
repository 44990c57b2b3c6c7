"""Which bot processes share the database, and which of them speaks of which job.

Every job has one process that tends it: edits its card, delivers its card and its outcome. That
is the process that accepted it, then the one that claimed it. When it is gone, without a word or
in order, another one adopts what it left.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql

from bot.jobs.db.schema import IS_ACTIVE, jobs, outbox, processes, taken

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from bot.jobs.db.engine import Database

__all__ = ["Processes"]

TAKEN_FOR = timedelta(hours=1)
"""For so long a message is known to be answered; Discord repeats none that is older."""


class Processes:
    """This process among others, used as ``store.presence``.

    The embedded database is used by one process alone: there is nobody to be told.
    Every method may raise `StoreUnavailableError`.

    Attributes:
        process_id: how this process signs what it does.
    """

    def __init__(self, database: Database, process_id: str) -> None:
        self.process_id = process_id
        self._database = database

    async def beat(self, *, slots: int) -> None:
        """Say that this process lives, and how many jobs it paints at once."""
        if self._database.is_sqlite:
            return
        async with self._database.write() as change:
            await change.upsert(
                processes,
                {
                    "process_id": self.process_id,
                    "slots": slots,
                    "seen_at": self._database.now(),
                },
            )

    async def leave(self) -> None:
        """Let others have what this process tends."""
        if self._database.is_sqlite:
            return
        async with self._database.write() as change:
            await change.connection.execute(
                delete(processes).where(processes.c.process_id == self.process_id)
            )

    async def adopt(self, *, gone_after: timedelta) -> list[str]:
        """Tend the jobs whose process is gone, as far as anything is left to be said of them.

        Args:
            gone_after: a process that was not seen for so long counts as gone.

        Returns:
            Their ids.
        """
        async with self._database.write() as change:
            if not self._database.is_sqlite:
                await change.connection.execute(
                    delete(processes).where(
                        processes.c.seen_at < self._database.now() - gone_after,
                        processes.c.process_id != self.process_id,
                    )
                )
            unsaid = set()
            for left in (_unfinished(), _untold()):
                found = await change.connection.execute(left.where(self._is_orphaned()))
                unsaid |= set(found.scalars())
            if not unsaid:
                return []
            adopted = await change.connection.execute(
                update(jobs)
                .where(jobs.c.job_id.in_(unsaid), self._is_orphaned())
                .values(tended_by=self.process_id)
                .returning(jobs.c.job_id)
            )
            job_ids = list(adopted.scalars())
            for job_id in job_ids:
                change.touch(job_id)
            return job_ids

    async def slots_elsewhere(self) -> int:
        """How many jobs the other processes paint at once."""
        if self._database.is_sqlite:
            return 0
        async with self._database.read() as connection:
            total = await connection.execute(
                select(func.coalesce(func.sum(processes.c.slots), 0)).where(
                    processes.c.process_id != self.process_id
                )
            )
            return int(total.scalar_one())

    async def take(self, key: str) -> bool:
        """Whether this process is to answer a message that others may have heard too.

        Args:
            key: names the message; True for the first process that asks.
        """
        if self._database.is_sqlite:
            return True
        async with self._database.write() as change:
            now = self._database.now()
            await change.connection.execute(delete(taken).where(taken.c.taken_at < now - TAKEN_FOR))
            took = await change.connection.execute(
                postgresql.insert(taken)
                .values(key=key, taken_at=now)
                .on_conflict_do_nothing(index_elements=[taken.c.key])
            )
            return took.rowcount == 1

    def _is_orphaned(self) -> ColumnElement[bool]:
        if self._database.is_sqlite:
            return or_(jobs.c.tended_by.is_(None), jobs.c.tended_by != self.process_id)
        lives = exists().where(processes.c.process_id == jobs.c.tended_by)
        return ~lives


def _unfinished() -> Select[str]:
    return select(jobs.c.job_id).where(IS_ACTIVE)


def _untold() -> Select[str]:
    pending = and_(outbox.c.message_id.is_(None), outbox.c.abandoned.is_(None))
    return select(jobs.c.job_id).join(outbox, outbox.c.job_id == jobs.c.job_id).where(pending)
