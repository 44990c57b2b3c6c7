"""The last step of accepting: inputs among the artefacts, the job in the store, or nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.errors import LimitReached, Refusal, StorageFullError
from bot.jobs.models import Limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.artefacts.folder import Artefacts
    from bot.jobs.models import Job, NewJob
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["JobAcceptance"]


class JobAcceptance:
    """Keeps pictures and accepts jobs.

    Args:
        settings: the limits.
        store: where accepted jobs go.
        artefacts: where their pictures go.
    """

    def __init__(self, settings: Settings, *, store: JobStore, artefacts: Artefacts) -> None:
        self._settings = settings
        self._store = store
        self._artefacts = artefacts

    async def check_disk(self) -> None:
        """Make sure there is room.

        Raises:
            LimitReached: the disk is nearly full.
        """
        free, least = await self._artefacts.free_bytes(), self._settings.min_free_disk_bytes
        if free is not None and free < least:
            raise LimitReached("disk", limit=least)

    async def accept(self, new: NewJob, inputs: Mapping[str, bytes]) -> Job:
        """Keep the inputs, then enqueue; inputs that no job needs are deleted again.

        Args:
            new: the job.
            inputs: by key, all that it needs.

        Raises:
            LimitReached: a cap per member, guild or queue, or the disk is full.
            StoreUnavailableError: the database cannot be reached.
        """
        await self.keep(inputs)
        try:
            job = await self._store.enqueue(new, limits=Limits.of(self._settings))
        except Refusal:
            # Only then is it certain that the job does not exist: after a lost connection or
            # a cancellation it may, and would need its inputs.
            await self.forget(inputs)
            raise
        if job.job_id != new.job_id:  # accepted already, with inputs of its own
            await self.forget(inputs)
        return job

    async def keep(self, pictures: Mapping[str, bytes]) -> None:
        """Store all of the pictures or none.

        Raises:
            LimitReached: the disk is full.
        """
        puts = [self._artefacts.put(key, data) for key, data in pictures.items()]
        try:
            # All of them end before any is deleted again.
            outcomes = await asyncio.gather(*puts, return_exceptions=True)
        except asyncio.CancelledError:
            await self.forget(pictures)
            raise
        failure = next((each for each in outcomes if each is not None), None)
        if failure is None:
            return
        await self.forget(pictures)
        if isinstance(failure, StorageFullError):
            raise LimitReached("disk", limit=self._settings.min_free_disk_bytes) from failure
        raise failure

    async def forget(self, keys: Iterable[str]) -> None:
        """Delete pictures; those that are gone already do not matter."""
        for key in keys:
            await self._artefacts.delete(key)
