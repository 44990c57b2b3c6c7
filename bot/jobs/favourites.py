"""The paintings that members marked as their favourites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from bot.errors import UnknownJobError
from bot.jobs.db.rows import record_from
from bot.jobs.db.schema import favourites, jobs
from bot.jobs.models import Job, JobState

if TYPE_CHECKING:
    from bot.jobs.db.engine import Database

__all__ = ["Favourite", "Favourites"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Favourite:
    """A painting that a member likes.

    Attributes:
        member_id: the member.
        job_id: the job that painted it, any member's.
    """

    member_id: int
    job_id: str
    created_at: datetime


class Favourites:
    """The table of favourites, as ``store.favourites``.

    Every method may raise `StoreUnavailableError`. A favourite is deleted with its job.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def toggle(self, member_id: int, job_id: str) -> bool:
        """Add a job to a member's favourites, or remove it.

        Returns:
            Whether it is one now.

        Raises:
            UnknownJobError: there is no such job.
        """
        async with self._database.write() as change:
            removed = await change.connection.execute(
                delete(favourites).where(
                    favourites.c.member_id == member_id, favourites.c.job_id == job_id
                )
            )
            if removed.rowcount:
                return False
            # Locked, so that it is not deleted before the favourite refers to it.
            found = await change.connection.execute(
                select(jobs.c.job_id).where(jobs.c.job_id == job_id).with_for_update()
            )
            if found.scalar_one_or_none() is None:
                raise UnknownJobError(job_id)
            await change.upsert(
                favourites,
                {"member_id": member_id, "job_id": job_id, "created_at": datetime.now(UTC)},
            )
            return True

    async def list_for_member(self, member_id: int) -> list[Favourite]:
        """Return a member's favourites, newest first."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(favourites)
                .where(favourites.c.member_id == member_id)
                .order_by(favourites.c.created_at.desc())
            )
            return [record_from(Favourite, row) for row in found.mappings()]

    async def list_jobs(
        self, member_id: int, *, guild_id: int | None = None, limit: int = 100
    ) -> list[Job]:
        """Return the paintings among a member's favourites, the newest favourite first.

        They are from all guilds or from one.
        """
        query = (
            select(jobs)
            .join(favourites, favourites.c.job_id == jobs.c.job_id)
            .where(favourites.c.member_id == member_id, jobs.c.state == JobState.SUCCEEDED)
        )
        if guild_id is not None:
            query = query.where(jobs.c.guild_id == guild_id)
        async with self._database.read() as connection:
            found = await connection.execute(
                query.order_by(favourites.c.created_at.desc()).limit(limit)
            )
            return [record_from(Job, row) for row in found.mappings()]
