"""The bot processes that share a database, and which of them delivers which job.

Each job's messages are sent and edited by one process: the one that accepted the job, then the
one that claimed it. When that process ends, cleanly or not, another one adopts its jobs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql

from bot.jobs.db.schema import IS_ACTIVE, answered_messages, jobs, outbox, processes

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from bot.jobs.db.engine import Database

__all__ = ["Processes"]

ANSWERED_FOR = timedelta(hours=1)
"""How long an answered message is remembered; Discord does not repeat older ones."""


class Processes:
    """This process among others, as ``store.processes``.

    SQLite is used by one process only, so most methods do nothing there.
    Every method may raise `StoreUnavailableError`.

    Attributes:
        process_id: the id of this process.
    """

    def __init__(self, database: Database, process_id: str) -> None:
        self.process_id = process_id
        self._database = database

    async def heartbeat(self, *, slots: int) -> None:
        """Record that this process is alive, and how many jobs it runs at once."""
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

    async def unregister(self) -> None:
        """Record that this process ends, so that others adopt its jobs at once."""
        if self._database.is_sqlite:
            return
        async with self._database.write() as change:
            await change.connection.execute(
                delete(processes).where(processes.c.process_id == self.process_id)
            )

    async def adopt_jobs(self, *, gone_after: timedelta | None) -> list[str]:
        """Take over the delivery of jobs whose process is gone, if anything is left to deliver.

        Args:
            gone_after: time without a heartbeat after which a process counts as gone; None if
                only those that have unregistered are.

        Returns:
            The ids of the adopted jobs.
        """
        async with self._database.write() as change:
            if gone_after is not None and not self._database.is_sqlite:
                await change.connection.execute(
                    delete(processes).where(
                        processes.c.seen_at < self._database.now() - gone_after,
                        processes.c.process_id != self.process_id,
                    )
                )
            undelivered = set()
            for query in (_active_jobs(), _jobs_with_pending_rows()):
                found = await change.connection.execute(query.where(self._is_orphaned()))
                undelivered |= set(found.scalars())
            if not undelivered:
                return []
            adopted = await change.connection.execute(
                update(jobs)
                .where(jobs.c.job_id.in_(undelivered), self._is_orphaned())
                .values(delivered_by=self.process_id)
                .returning(jobs.c.job_id)
            )
            job_ids = list(adopted.scalars())
            for job_id in job_ids:
                change.touch(job_id)
            return job_ids

    async def count_remote_slots(self) -> int:
        """Return how many jobs the other processes run at once, in total."""
        if self._database.is_sqlite:
            return 0
        async with self._database.read() as connection:
            total = await connection.execute(
                select(func.coalesce(func.sum(processes.c.slots), 0)).where(
                    processes.c.process_id != self.process_id
                )
            )
            return int(total.scalar_one())

    async def claim_message(self, key: str) -> bool:
        """Decide which process answers a message that several may have received.

        Args:
            key: identifies the message.

        Returns:
            True for the first process that calls this, False for the others.
        """
        if self._database.is_sqlite:
            return True
        async with self._database.write() as change:
            now = self._database.now()
            await change.connection.execute(
                delete(answered_messages).where(answered_messages.c.taken_at < now - ANSWERED_FOR)
            )
            claimed = await change.connection.execute(
                postgresql.insert(answered_messages)
                .values(key=key, taken_at=now)
                .on_conflict_do_nothing(index_elements=[answered_messages.c.key])
            )
            return claimed.rowcount == 1

    def _is_orphaned(self) -> ColumnElement[bool]:
        if self._database.is_sqlite:
            return or_(jobs.c.delivered_by.is_(None), jobs.c.delivered_by != self.process_id)
        is_alive = exists().where(processes.c.process_id == jobs.c.delivered_by)
        return ~is_alive


def _active_jobs() -> Select[str]:
    return select(jobs.c.job_id).where(IS_ACTIVE)


def _jobs_with_pending_rows() -> Select[str]:
    is_pending = and_(outbox.c.message_id.is_(None), outbox.c.abandoned.is_(None))
    return select(jobs.c.job_id).join(outbox, outbox.c.job_id == jobs.c.job_id).where(is_pending)
