"""Caps on what members and guilds store without having it painted."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.errors import LimitReached

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.jobs.models import Origin
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["StorageQuota"]


class StorageQuota:
    """Limits the bytes of pickers, saved requests and inputs of cancelled jobs.

    Args:
        settings: the caps per member and per guild.
        store: knows what is stored.
    """

    def __init__(self, settings: Settings, store: JobStore) -> None:
        self._settings = settings
        self._store = store
        # Bytes that this process is about to store, by member and by guild.
        self._reserved_by_member: Counter[int] = Counter()
        self._reserved_by_guild: Counter[int | None] = Counter()

    async def check(self, origin: Origin, size: int) -> None:
        """Check that this many more bytes may be stored.

        Raises:
            LimitReached: the member's or the guild's cap would be exceeded.
            StoreUnavailableError: the database cannot be reached.
        """
        member_id, guild_id = origin.requester_id, origin.guild_id
        of_member, of_guild = await self._store.stored_bytes.measure(member_id, guild_id)
        settings = self._settings
        if of_member + self._reserved_by_member[member_id] + size > (
            limit := settings.max_stored_bytes_per_member
        ):
            raise LimitReached("member_storage", limit=limit)
        if guild_id is not None and of_guild + self._reserved_by_guild[guild_id] + size > (
            limit := settings.max_stored_bytes_per_guild
        ):
            raise LimitReached("guild_storage", limit=limit)

    @asynccontextmanager
    async def reserve(self, origin: Origin, size: int) -> AsyncIterator[None]:
        """Count these bytes as stored within the block, which stores them and records their size.

        Raises:
            LimitReached: the member's or the guild's cap would be exceeded.
            StoreUnavailableError: the database cannot be reached.
        """
        await self.check(origin, size)
        self._reserved_by_member[origin.requester_id] += size
        self._reserved_by_guild[origin.guild_id] += size
        try:
            # Other requests may have been reserved while the database was read.
            await self.check(origin, 0)
            yield
        finally:
            self._reserved_by_member[origin.requester_id] -= size
            self._reserved_by_guild[origin.guild_id] -= size
            self._reserved_by_member += Counter()  # drops zeros
            self._reserved_by_guild += Counter()
