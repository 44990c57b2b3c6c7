"""Which jobs end with a direct message to their requester."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from bot.jobs.db.schema import jobs
from bot.jobs.transitions import lock_job

if TYPE_CHECKING:
    from bot.jobs.db.engine import Database

__all__ = ["Notices"]


class Notices:
    """The members' requests for a direct message, as ``store.notices``.

    The message itself is added to the outbox in the transaction that ends the job.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def toggle(self, job_id: str) -> bool | None:
        """Ask for a direct message when the job has ended, or take that back.

        Returns:
            Whether there will be one; None if the job has ended already.

        Raises:
            UnknownJobError: there is no such job.
            StoreUnavailableError: the database cannot be reached.
        """
        async with self._database.write() as change:
            job, _ = await lock_job(change, job_id)
            if job.state.is_final:
                return None
            await change.connection.execute(
                update(jobs).where(jobs.c.job_id == job_id).values(notify=not job.notify)
            )
            change.touch(job_id)
            return not job.notify
