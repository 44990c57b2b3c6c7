"""Write transactions: their statements, and the jobs that they change."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.jobs.change_feed import NOTIFY_CHANNEL
from bot.jobs.db.schema import jobs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from sqlalchemy import RowMapping, Table
    from sqlalchemy.ext.asyncio import AsyncConnection
    from sqlalchemy.sql.dml import Insert, Update

    Step: TypeAlias = tuple[Insert | Update, Mapping[str, Any]]

__all__ = ["Change", "upsert_into"]


class Change:
    """A write transaction and the jobs it changes.

    Attributes:
        connection: the connection, in the transaction.
        touched: ids of the changed jobs, in order.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.touched: dict[str, None] = {}
        self._notified: set[str] = set()

    @property
    def on_postgres(self) -> bool:
        """Whether the database is PostgreSQL, which other processes may use too."""
        return self.connection.dialect.name == "postgresql"

    def touch(self, job_id: str) -> None:
        """Publish this job on the feed once the transaction is committed."""
        self.touched[job_id] = None

    async def write_job(self, job_id: str, write: Step, *others: Step) -> RowMapping:
        """Insert or update a job, execute what belongs to it, and publish the job.

        PostgreSQL gets all of it as one statement, together with the notification of the other
        processes: each round trip takes time on the event loop.

        Args:
            job_id: the job.
            write: the statement that inserts or updates the job, and its parameters.
            others: statements with their parameters, which do not read what the first one writes.
                All statements are built once and cached; their parameters have different names.

        Returns:
            The row of the job.
        """
        self.touch(job_id)
        if self.on_postgres:
            statement = _combine(write[0], *(other for other, _ in others))
            parameters = dict(write[1])
            for _, values in others:
                parameters |= values
            self._notified.add(job_id)
            return (await self.connection.execute(statement, parameters)).mappings().one()
        written = await self.connection.execute(_returning_job(write[0]), write[1])
        for other, values in others:
            await self.connection.execute(other, values)
        return written.mappings().one()

    async def notify(self) -> None:
        """Notify the other processes of the changed jobs when the transaction is committed."""
        if self.on_postgres:
            for job_id in self.touched.keys() - self._notified:
                await self.connection.execute(select(func.pg_notify(NOTIFY_CHANNEL, job_id)))

    async def upsert(self, table: Table, values: Mapping[str, Any]) -> None:
        """Insert a row, or update the one with the same primary key."""
        await self.connection.execute(upsert_into(table, values, on_postgres=self.on_postgres))


def upsert_into(table: Table, values: Mapping[str, Any], *, on_postgres: bool) -> Insert:
    """Build a statement that inserts a row, or updates the one with the same primary key."""
    key = list(table.primary_key)
    key_names = {column.key for column in key}
    rest = {name: value for name, value in values.items() if name not in key_names}
    if on_postgres:
        return (
            postgresql.insert(table)
            .values(values)
            .on_conflict_do_update(index_elements=key, set_=rest)
        )
    return sqlite.insert(table).values(values).on_conflict_do_update(index_elements=key, set_=rest)


@functools.cache
def _returning_job(write: Insert | Update) -> Any:  # noqa: ANN401 - no common type
    return write.returning(*jobs.c)


@functools.cache
def _combine(write: Insert | Update, *others: Insert | Update) -> Any:  # noqa: ANN401 - no common type
    """Build one statement of PostgreSQL's of several."""
    ctes = (other.cte(f"step_{number}") for number, other in enumerate(others))
    notification = func.pg_notify(NOTIFY_CHANNEL, jobs.c.job_id)
    return write.add_cte(*ctes).returning(*jobs.c, notification)
