"""Messages about a job besides its card and its outcome, to be deleted with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.jobs.db.schema import job_messages, jobs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from bot.jobs.db.change import Change
    from bot.jobs.db.engine import Database
    from bot.jobs.deletions import MessageIds, PendingDeletions

__all__ = ["JobMessages", "add_job_message", "messages_of_jobs"]


class JobMessages:
    """The table of these messages, as ``store.job_messages``.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database, pending_deletions: PendingDeletions) -> None:
        self._database = database
        self._pending_deletions = pending_deletions

    async def add(self, job_id: str, *, channel_id: int, message_id: int) -> bool:
        """Record a message that was posted about a job.

        Returns:
            False if the job was deleted meanwhile; then the message is deleted too.
        """
        async with self._database.write() as change:
            found = await change.connection.execute(
                select(jobs.c.job_id).where(jobs.c.job_id == job_id).with_for_update()
            )
            is_kept = found.scalar_one_or_none() is not None
            if is_kept:
                await add_job_message(change, job_id, channel_id=channel_id, message_id=message_id)
            else:
                await self._pending_deletions.add(change, [(channel_id, message_id)])
        if not is_kept:
            self._pending_deletions.added.set()
        return is_kept


async def add_job_message(change: Change, job_id: str, *, channel_id: int, message_id: int) -> None:
    """Record a message about a job within a transaction."""
    await change.upsert(
        job_messages, {"message_id": message_id, "channel_id": channel_id, "job_id": job_id}
    )


async def messages_of_jobs(change: Change, condition: ColumnElement[bool]) -> list[MessageIds]:
    """Return the messages about all jobs that meet a condition, within a transaction."""
    found = await change.connection.execute(
        select(job_messages.c.channel_id, job_messages.c.message_id)
        .join(jobs, jobs.c.job_id == job_messages.c.job_id)
        .where(condition)
    )
    return [(channel_id, message_id) for channel_id, message_id in found]
