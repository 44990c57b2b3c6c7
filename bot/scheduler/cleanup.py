"""Deleting what nobody needs any more: old jobs, expired choices, pictures without a job."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.artefacts.keys import GUILDS, JOBS, PICKERS, PREVIEW, job_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.artefacts.base import ArtefactInfo, Artefacts
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["ORPHAN_AGE", "Cleanup"]

logger = logging.getLogger(__name__)

ORPHAN_AGE = timedelta(hours=6)
"""A picture without a job is left alone for so long: its job may just be being accepted."""

ABANDONED_AGE = timedelta(days=1)
"""For so long it is known which messages could not be deleted."""

BATCH = 200


class Cleanup:
    """Keeps the store and the artefacts within their retention."""

    def __init__(self, *, store: JobStore, artefacts: Artefacts, settings: Settings) -> None:
        self._retention = store.retention
        self._saved_requests = store.saved_requests
        self._pending_deletions = store.pending_deletions
        self._artefacts = artefacts
        self._settings = settings

    async def sweep(self) -> int:
        """Delete everything that is due.

        Returns:
            How many jobs, pickers, offers, guilds and orphaned artefacts were deleted.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        expired = timedelta(seconds=self._settings.picker_seconds)
        count = await self._sweep_jobs()
        count += await self._retention.delete_expired_pickers(older_than=expired)
        count += await self._saved_requests.delete_older_than(expired)
        count += await self._retention.delete_left_guilds(
            left_before=datetime.now(UTC) - timedelta(days=self._settings.left_guild_days)
        )
        await self._pending_deletions.delete_abandoned(older_than=ABANDONED_AGE)
        await self.discard()
        count += await self._sweep_orphans()
        await self._retention.delete_idle_turns()
        if count:
            logger.info("swept %d jobs, pickers, offers, guilds and orphaned pictures", count)
        return count

    async def discard(self) -> None:
        """Delete the artefacts of rows that are gone.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        discarded = self._retention.discarded
        discarded.clear()
        try:
            while prefixes := await self._retention.list_discarded(limit=BATCH):
                for prefix in prefixes:
                    await self._artefacts.delete_prefix(prefix)
                    await self._retention.mark_discarded_deleted(prefix)
        except BaseException:
            discarded.set()  # it is still to be done
            raise

    async def discard_again(self, job_id: str) -> None:
        """Delete what was put for a job after it was forgotten, if it was.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        if await self._retention.find_unknown_jobs({job_id}):
            await self._artefacts.delete_prefix(job_prefix(job_id))

    async def _sweep_jobs(self) -> int:
        count = 0
        before = datetime.now(UTC) - timedelta(days=self._settings.retention_days)
        while deleted := await self._retention.delete_finished(before=before, limit=BATCH):
            count += deleted
        return count

    async def _sweep_orphans(self) -> int:
        """Artefacts whose row is gone, or was never written: a crash left them behind."""
        before = datetime.now(UTC) - ORPHAN_AGE
        count = 0
        batch: list[ArtefactInfo] = []
        async for info in self._artefacts.list():
            if info.modified_at > before:
                continue
            batch.append(info)
            if len(batch) == BATCH:
                count += await self._delete_orphans(batch)
                batch = []
        return count + await self._delete_orphans(batch)

    async def _delete_orphans(self, batch: Sequence[ArtefactInfo]) -> int:
        by_key = {info.key: info.key.split("/")[1] for info in batch if info.key.startswith(JOBS)}
        held = {info.key.removesuffix(PREVIEW) for info in batch if info.key.startswith(PICKERS)}
        unknown = await self._retention.find_unknown_jobs(by_key.values())
        orphans = {key for key, job_id in by_key.items() if job_id in unknown}
        unheld = await self._retention.find_unknown_pickers(held)
        orphans |= {info.key for info in batch if info.key.removesuffix(PREVIEW) in unheld}
        folders = {
            info.key.rpartition("/")[0] + "/" for info in batch if info.key.startswith(GUILDS)
        }
        unused = await self._retention.find_unknown_preset_folders(folders)
        orphans |= {info.key for info in batch if info.key.rpartition("/")[0] + "/" in unused}
        for key in orphans:
            await self._artefacts.delete(key)
        return len(orphans)
