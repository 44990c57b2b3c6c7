"""Deletion of what is expired or unused: old jobs, pickers, guilds, artefacts without a row."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.artefacts.keys import GUILDS, JOBS, PICKERS, is_working_file, job_prefix
from bot.errors import UnknownJobError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.artefacts.base import ArtefactInfo, Artefacts
    from bot.jobs.models import Job
    from bot.jobs.store import JobStore
    from bot.settings import Settings

__all__ = ["ORPHAN_AGE", "Cleanup"]

logger = logging.getLogger(__name__)

ORPHAN_AGE: Final = timedelta(hours=6)
"""An artefact without a row is kept this long, since its job may be about to be accepted."""

ABANDONED_AGE: Final = timedelta(days=1)
"""How long messages that could not be deleted are remembered."""

BATCH: Final = 200


class Cleanup:
    """Deletes rows and artefacts whose retention has ended."""

    def __init__(self, *, store: JobStore, artefacts: Artefacts, settings: Settings) -> None:
        self._store = store
        self._retention = store.retention
        self._saved_requests = store.saved_requests
        self._pending_deletions = store.pending_deletions
        self._artefacts = artefacts
        self._settings = settings

    async def delete_expired(self) -> int:
        """Delete everything that is expired or orphaned.

        Returns:
            The number of deleted jobs, pickers, saved requests, guilds and orphaned artefacts.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        expired = timedelta(seconds=self._settings.picker_seconds)
        count = await self._delete_finished_jobs()
        count += await self._retention.delete_expired_pickers(older_than=expired)
        count += await self._saved_requests.delete_older_than(expired)
        count += await self._retention.delete_left_guilds(
            left_before=datetime.now(UTC) - timedelta(days=self._settings.left_guild_days)
        )
        await self._pending_deletions.delete_abandoned(older_than=ABANDONED_AGE)
        await self.delete_discarded()
        count += await self._delete_orphans()
        await self._retention.delete_idle_turns()
        if count:
            logger.info("deleted %d expired jobs, pickers, requests, guilds and artefacts", count)
        return count

    async def delete_unused_inputs(self) -> int:
        """Delete the pictures of cancelled and never started jobs and of used pickers.

        Returns:
            The number of jobs and pickers.

        Raises:
            StoreUnavailableError: the database cannot be reached.
        """
        age = timedelta(seconds=self._settings.unused_inputs_seconds)
        return await self._retention.delete_unused_inputs(before=datetime.now(UTC) - age)

    async def delete_discarded(self) -> None:
        """Delete the artefacts of deleted rows.

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
            discarded.set()  # some are left
            raise

    async def delete_leftovers(self, claimed: Job) -> None:
        """Delete what a lost claim stored: of a deleted job everything, else what is unrecorded.

        Args:
            claimed: the job as the lost claim had claimed it.

        Raises:
            StoreUnavailableError: the database cannot be reached.
            OSError: the artefacts cannot be reached.
        """
        prefix = job_prefix(claimed.job_id)
        try:
            job = await self._store.get(claimed.job_id)
        except UnknownJobError:
            await self._artefacts.delete_prefix(prefix)
            return
        of_claim = (f"{prefix}checkpoint-{claimed.claims}-", f"{prefix}result-{claimed.claims}")
        recorded = {job.checkpoint_key, job.result_key}
        keys = [info.key async for info in self._artefacts.list(prefix)]
        for key in keys:
            if key.startswith(of_claim) and key not in recorded:
                await self._artefacts.delete(key)

    async def _delete_finished_jobs(self) -> int:
        count = 0
        before = datetime.now(UTC) - timedelta(days=self._settings.retention_days)
        while deleted := await self._retention.delete_finished(before=before, limit=BATCH):
            count += deleted
        return count

    async def _delete_orphans(self) -> int:
        """Delete artefacts without a row, such as those that a crash left behind."""
        before = datetime.now(UTC) - ORPHAN_AGE
        count = 0
        batch: list[ArtefactInfo] = []
        async for info in self._artefacts.list():
            if info.modified_at > before:
                continue
            batch.append(info)
            if len(batch) == BATCH:
                count += await self._delete_orphans_of(batch)
                batch = []
        return count + await self._delete_orphans_of(batch)

    async def _delete_orphans_of(self, batch: Sequence[ArtefactInfo]) -> int:
        keys = [info.key for info in batch]
        job_ids = {key: key.split("/")[1] for key in keys if key.startswith(JOBS)}
        unknown_jobs = await self._retention.find_unknown_jobs(job_ids.values())
        orphans = {key for key, job_id in job_ids.items() if job_id in unknown_jobs}
        orphans |= await self._retention.find_unrecorded(
            {key: job_id for key, job_id in job_ids.items() if is_working_file(key)}
        )
        unknown_pickers = await self._retention.find_unknown_pickers(
            {_content_key(key) for key in keys if key.startswith(PICKERS)}
        )
        orphans |= {key for key in keys if _content_key(key) in unknown_pickers}
        unknown_folders = await self._retention.find_unknown_preset_folders(
            {_folder(key) for key in keys if key.startswith(GUILDS)}
        )
        orphans |= {key for key in keys if _folder(key) in unknown_folders}
        for key in orphans:
            await self._artefacts.delete(key)
        return len(orphans)


def _folder(key: str) -> str:
    return key.rpartition("/")[0] + "/"


def _content_key(key: str) -> str:
    """Return the key of the content image beside which a picker's artefact is stored."""
    return f"{_folder(key)}content"
