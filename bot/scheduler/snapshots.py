"""The snapshots of one painting that are kept for its time-lapse: a bounded number, well spread."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.artefacts.keys import job_prefix, snapshot_key

if TYPE_CHECKING:
    from bot.artefacts.base import Artefacts

__all__ = ["Frames"]

_SNAPSHOT: Final = re.compile(r"snapshot-(\d+)")


class Frames:
    """Keeps snapshots, and lets one go for each that is too many.

    Args:
        job_id: whose.
        artefacts: where they are kept.
        most: how many are kept, 2 at least: the first, the newest, and others in between.
        anew: whether the painting begins, so that what an earlier one left is let go of.
    """

    def __init__(self, job_id: str, artefacts: Artefacts, *, most: int, anew: bool = False) -> None:
        self._job_id = job_id
        self._artefacts = artefacts
        self._most = most
        self._anew = anew
        self._steps: set[int] | None = None

    async def add(self, step: int, image: bytes) -> str:
        """Keep a snapshot, encoded; returns its key."""
        if self._steps is None:  # an earlier attempt may have kept some
            self._steps = await self._kept()
            while self._anew and self._steps:
                await self._artefacts.delete(snapshot_key(self._job_id, self._steps.pop()))
        key = snapshot_key(self._job_id, step)
        await self._artefacts.put(key, image)
        self._steps.add(step)
        return key

    async def thin(self) -> None:
        """Let go of what is too many; call it once the newest is recorded."""
        while self._steps is not None and len(self._steps) > self._most:
            step = _least_missed(sorted(self._steps))
            await self._artefacts.delete(snapshot_key(self._job_id, step))
            self._steps.discard(step)

    async def _kept(self) -> set[int]:
        prefix = job_prefix(self._job_id)
        found = [
            _SNAPSHOT.fullmatch(info.key.removeprefix(prefix))
            async for info in self._artefacts.list(prefix)
        ]
        return {int(match[1]) for match in found if match}


def _least_missed(steps: list[int]) -> int:
    """Of three or more steps in order, the inner one whose neighbours are closest together."""
    gaps = zip(steps, steps[1:], steps[2:], strict=False)
    return min(gaps, key=lambda gap: gap[2] - gap[0])[1]
