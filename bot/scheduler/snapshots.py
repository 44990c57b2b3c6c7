"""The snapshots of a job that are kept for its time-lapse: a limited number, evenly spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.artefacts.keys import job_prefix, snapshot_key, snapshot_step

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts

__all__ = ["TimelapseSnapshots"]


class TimelapseSnapshots:
    """Stores a job's snapshots and deletes those above the limit.

    Args:
        job_id: the job.
        artefacts: where snapshots are stored.
        claims: the number of the claim that paints.
        limit: how many are kept, at least 2: the first, the newest, and others in between.
        restart: whether the painting starts from the beginning; then the snapshots of an earlier
            attempt are deleted.
    """

    def __init__(
        self,
        job_id: str,
        artefacts: Artefacts,
        *,
        claims: int,
        limit: int,
        restart: bool = False,
    ) -> None:
        self._job_id = job_id
        self._artefacts = artefacts
        self._claims = claims
        self._limit = limit
        self._restart = restart
        # The keys by step; several if an earlier attempt stored the same step.
        self._keys: dict[int, set[str]] = {}
        self._is_listed = False

    async def add(self, step: int, image: bytes) -> str:
        """Store an encoded snapshot and return its key.

        Raises:
            OSError: the artefacts cannot be reached.
        """
        if not self._is_listed:
            self._keys = await self._list_keys()
            self._is_listed = True
            while self._restart and self._keys:
                await self._delete(next(iter(self._keys)))
        key = snapshot_key(self._job_id, claims=self._claims, step=step)
        await self._artefacts.put(key, image)
        self._keys.setdefault(step, set()).add(key)
        return key

    async def thin(self) -> None:
        """Delete the snapshots above the limit; call it once the newest one is recorded.

        Raises:
            OSError: the artefacts cannot be reached.
        """
        while len(self._keys) > self._limit:
            await self._delete(_most_redundant(sorted(self._keys)))

    async def _delete(self, step: int) -> None:
        for key in self._keys[step]:
            await self._artefacts.delete(key)
        del self._keys[step]

    async def _list_keys(self) -> dict[int, set[str]]:
        """Return the keys of the stored snapshots, which an earlier attempt may have written."""
        keys: dict[int, set[str]] = {}
        async for info in self._artefacts.list(job_prefix(self._job_id)):
            step = snapshot_step(info.key)
            if step is not None:
                keys.setdefault(step, set()).add(info.key)
        return keys


def _most_redundant(steps: list[int]) -> int:
    """Return the inner one of three or more ordered steps whose neighbours are closest together."""
    triples = zip(steps, steps[1:], steps[2:], strict=False)
    return min(triples, key=lambda triple: triple[2] - triple[0])[1]
