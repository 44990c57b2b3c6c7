"""Deleting what nobody needs any more: old jobs, expired choices, pictures without a job."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.jobs.artefacts import JOBS, PICKERS, PREVIEW, job_prefix, preview_key

if TYPE_CHECKING:
    from bot.jobs.artefacts import Artefacts
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["ORPHAN_AGE", "Sweeper"]

_log = logging.getLogger(__name__)

ORPHAN_AGE = timedelta(hours=6)
"""A picture without a job is left alone for so long: its job may just be being accepted."""

BATCH = 100


class Sweeper:
    """Keeps the store and the artefacts within their retention."""

    def __init__(self, *, store: JobStore, artefacts: Artefacts, settings: Settings) -> None:
        self._store = store
        self._artefacts = artefacts
        self._settings = settings

    async def sweep(self) -> int:
        """Delete everything that is due.

        Returns:
            How many jobs, pickers, offers and orphaned artefacts were deleted.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        count = await self._sweep_jobs() + await self._sweep_pickers() + await self._sweep_orphans()
        count += await self._store.offers.delete_older_than(
            timedelta(seconds=self._settings.picker_seconds)
        )
        await self._store.forget_turns()
        if count:
            _log.info("swept %d jobs, pickers, offers and orphaned pictures", count)
        return count

    async def _sweep_jobs(self) -> int:
        count = 0
        before = datetime.now(UTC) - timedelta(days=self._settings.retention_days)
        while job_ids := await self._store.delete_finished(before=before, limit=BATCH):
            for job_id in job_ids:
                await self._artefacts.delete_prefix(job_prefix(job_id))
            count += len(job_ids)
        return count

    async def _sweep_pickers(self) -> int:
        expired = await self._store.pickers.delete_older_than(
            timedelta(seconds=self._settings.picker_seconds)
        )
        for picker in expired:
            await self._artefacts.delete(picker.content_key)
            await self._artefacts.delete(preview_key(picker.content_key))
        return len(expired)

    async def _sweep_orphans(self) -> int:
        """Artefacts whose row is gone, or was never written: a crash left them behind."""
        before = datetime.now(UTC) - ORPHAN_AGE
        by_job: dict[str, list[str]] = {}
        held: list[str] = []
        orphans: list[str] = []
        async for info in self._artefacts.list():
            if info.modified_at > before:
                continue
            if info.key.startswith(JOBS):
                by_job.setdefault(info.key.split("/")[1], []).append(info.key)
            elif info.key.startswith(PICKERS):
                held.append(info.key)
        known = await self._store.known(set(by_job))
        orphans += [key for job_id, keys in by_job.items() if job_id not in known for key in keys]
        kept = await self._store.pickers.content_keys()
        orphans += [key for key in held if key.removesuffix(PREVIEW) not in kept]
        for key in orphans:
            await self._artefacts.delete(key)
        return len(orphans)
