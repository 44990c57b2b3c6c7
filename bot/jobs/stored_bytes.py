"""How many bytes are stored for members and guilds without being painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, or_, select

from bot.jobs.db.schema import UNUSED_INPUTS, jobs, pickers, saved_requests

if TYPE_CHECKING:
    from bot.jobs.db.engine import Database

__all__ = ["StoredBytes"]


class StoredBytes:
    """Sizes of pickers, saved requests and the inputs of jobs that are not to be painted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def measure(self, requester_id: int, guild_id: int | None) -> tuple[int, int]:
        """Return the bytes stored for a member and for a guild, 0 for no guild.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        of_member = of_guild = 0
        async with self._database.read() as connection:
            for table, is_counted in (
                (jobs, UNUSED_INPUTS),
                (pickers, pickers.c.stored_bytes > 0),
                (saved_requests, saved_requests.c.stored_bytes > 0),
            ):
                is_theirs = table.c.requester_id == requester_id
                is_here = table.c.guild_id == guild_id
                size = table.c.stored_bytes
                found = await connection.execute(
                    select(
                        func.coalesce(func.sum(case((is_theirs, size), else_=0)), 0),
                        func.coalesce(func.sum(case((is_here, size), else_=0)), 0),
                    ).where(is_counted, or_(is_theirs, is_here))
                )
                member, guild = found.one()
                of_member, of_guild = of_member + int(member), of_guild + int(guild)
        return of_member, of_guild
