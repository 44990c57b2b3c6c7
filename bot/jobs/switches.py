"""What the operator wants of the queue, remembered until they want something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from bot.jobs.db.schema import switches
from bot.jobs.models import QueueMode

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from bot.jobs.db.engine import Database

__all__ = ["Switches", "mode_of_queue"]

_MODE = "mode"


class Switches:
    """The operator's switches, used as ``store.switches``; they hold for every process.

    Every method may raise `StoreUnavailableError`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mode(self) -> QueueMode:
        """What the queue may do now."""
        async with self._database.read() as connection:
            return await mode_of_queue(connection)

    async def set_mode(self, mode: QueueMode) -> None:
        """Let the queue do that from now on."""
        async with self._database.write() as change:
            await change.upsert(switches, {"name": _MODE, "value": mode})


async def mode_of_queue(connection: AsyncConnection) -> QueueMode:
    """What the queue may do, as this transaction sees it."""
    found = await connection.execute(select(switches.c.value).where(switches.c.name == _MODE))
    return QueueMode(found.scalar_one_or_none() or QueueMode.OPEN)
