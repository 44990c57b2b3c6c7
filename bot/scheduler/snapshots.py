"""The snapshots of a job that are kept for its time-lapse: a limited number, evenly spread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.artefacts.keys import job_prefix, snapshot_key

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts

__all__ = ["TimelapseSnapshots"]

SNAPSHOT_NAME: Final = re.compile(r"snapshot-(\d+)")


class TimelapseSnapshots:
    """Stores a job's snapshots and deletes those above the limit.

    Args:
        job_id: the job.
        artefacts: where snapshots are stored.
        limit: how many are kept, at least 2: the first, the newest, and others in between.
        restart: whether the painting starts from the beginning; then the snapshots of an earlier
            attempt are deleted.
    """

    def __init__(
        self, job_id: str, artefacts: Artefacts, *, limit: int, restart: bool = False
    ) -> None:
        self._job_id = job_id
        self._artefacts = artefacts
        self._limit = limit
        self._restart = restart
        self._steps: set[int] | None = None

    async def add(self, step: int, image: bytes) -> str:
        """Store an encoded snapshot and return its key.

        Raises:
            OSError: the artefacts cannot be reached.
        """
        if self._steps is None:
            self._steps = await self._list_steps()
            while self._restart and self._steps:
                await self._artefacts.delete(snapshot_key(self._job_id, self._steps.pop()))
        key = snapshot_key(self._job_id, step)
        await self._artefacts.put(key, image)
        self._steps.add(step)
        return key

    async def thin(self) -> None:
        """Delete the snapshots above the limit; call it once the newest one is recorded.

        Raises:
            OSError: the artefacts cannot be reached.
        """
        while self._steps is not None and len(self._steps) > self._limit:
            step = _most_redundant(sorted(self._steps))
            await self._artefacts.delete(snapshot_key(self._job_id, step))
            self._steps.discard(step)

    async def _list_steps(self) -> set[int]:
        """Return the steps of the stored snapshots, which an earlier attempt may have written."""
        prefix = job_prefix(self._job_id)
        matches = [
            SNAPSHOT_NAME.fullmatch(info.key.removeprefix(prefix))
            async for info in self._artefacts.list(prefix)
        ]
        return {int(match[1]) for match in matches if match}


def _most_redundant(steps: list[int]) -> int:
    """Return the inner one of three or more ordered steps whose neighbours are closest together."""
    triples = zip(steps, steps[1:], steps[2:], strict=False)
    return min(triples, key=lambda triple: triple[2] - triple[0])[1]
