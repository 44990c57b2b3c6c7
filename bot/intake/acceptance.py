"""Store a job's inputs and enqueue it: both or neither."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.artefacts.sources import size_of, store_artefact
from bot.errors import LimitReached, Refusal, StorageFullError
from bot.intake.quota import StorageQuota
from bot.jobs.models import JobLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.artefacts.base import Artefacts
    from bot.artefacts.sources import ArtefactSource
    from bot.jobs.models import Job, NewJob
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["JobAcceptance"]


class JobAcceptance:
    """Stores pictures and enqueues jobs.

    Args:
        settings: the limits per member, guild and queue, and the free disk space required.
        store: where jobs are enqueued.
        artefacts: where their pictures are stored.

    Attributes:
        quota: limits what is stored without being painted.
    """

    def __init__(self, settings: Settings, *, store: JobStore, artefacts: Artefacts) -> None:
        self._settings = settings
        self._store = store
        self._artefacts = artefacts
        self.quota = StorageQuota(settings, store)

    async def check_disk(self) -> None:
        """Check the free disk space.

        Raises:
            LimitReached: the disk is nearly full.
        """
        free, required = await self._artefacts.free_bytes(), self._settings.min_free_disk_bytes
        if free is not None and free < required:
            raise LimitReached("disk", limit=required)

    async def accept(self, new: NewJob, inputs: Mapping[str, ArtefactSource]) -> Job:
        """Store the inputs, then enqueue the job; delete the inputs again if it is rejected.

        Args:
            new: the job.
            inputs: every artefact it needs, by key.

        Returns:
            The enqueued job, or the earlier one that has the same request key.

        Raises:
            LimitReached: a limit per member, guild or queue is reached, or the disk is full; the
                job would exceed a cap on stored bytes if it was cancelled.
            StoreUnavailableError: the database cannot be reached.
        """
        size = sum(map(size_of, inputs.values()))
        await self.quota.check(new.origin, size)
        new = replace(new, stored_bytes=size)
        await self.store_pictures(inputs)
        try:
            job = await self._store.enqueue(new, limits=JobLimits.of(self._settings))
        except Refusal:
            # A refusal proves that no job was created. A lost connection or a cancellation does
            # not: the job may exist and need its inputs.
            await self.delete_pictures(inputs)
            raise
        if job.job_id != new.job_id:  # accepted before, with its own inputs
            await self.delete_pictures(inputs)
        return job

    async def store_pictures(self, pictures: Mapping[str, ArtefactSource]) -> None:
        """Store all of these pictures, or none if one fails.

        Raises:
            LimitReached: the disk is full.
        """
        puts = [store_artefact(self._artefacts, key, source) for key, source in pictures.items()]
        try:
            # Wait for every write to end, so that none lands after the deletion below.
            outcomes = await asyncio.gather(*puts, return_exceptions=True)
        except asyncio.CancelledError:
            await self.delete_pictures(pictures)
            raise
        failure = next((outcome for outcome in outcomes if outcome is not None), None)
        if failure is None:
            return
        await self.delete_pictures(pictures)
        if isinstance(failure, StorageFullError):
            raise LimitReached("disk", limit=self._settings.min_free_disk_bytes) from failure
        raise failure

    async def delete_pictures(self, keys: Iterable[str]) -> None:
        """Delete these pictures; missing ones are ignored."""
        for key in keys:
            await self._artefacts.delete(key)
