"""Another painting from the same pictures: a job of its own, with copies of all it needs.

Copies, so that the retention of one job, or its being forgotten, never breaks another.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.artefacts.folder import job_prefix, start_key
from bot.jobs.models import NewJob, new_job_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.artefacts.folder import Artefacts
    from bot.intake.acceptance import JobAcceptance
    from bot.jobs.models import Interpretation, Job, Origin

__all__ = ["JobRepeater", "RepeatMode"]

_INPUTS = ("content", "style-", "mask-")
"""What the names of a job's inputs begin with, but for the start."""


class RepeatMode(StrEnum):
    """What another painting begins from."""

    SAME = "same"  # what the earlier one began from
    ANEW = "anew"  # as the recipe says
    RESULT = "result"  # the earlier one's finished picture


class JobRepeater:
    """Accepts paintings that are made of earlier ones."""

    def __init__(self, keeper: JobAcceptance, artefacts: Artefacts) -> None:
        self._keeper = keeper
        self._artefacts = artefacts

    async def repaint(
        self,
        parent: Job,
        *,
        origin: Origin,
        changes: Mapping[str, Any],
        beginning: RepeatMode,
        request_key: str,
        priority: int = 0,
    ) -> Job:
        """Accept the parent's pictures once more, with some fields of the recipe changed.

        Args:
            parent: the earlier job, in any state.
            origin: where the new painting goes, and to whom.
            changes: the recipe's fields that differ.
            beginning: what it begins from.
            request_key: what makes the request unique.
            priority: above 0 for a member of a favoured role.

        Raises:
            ArtefactMissingError: the parent's pictures are not kept any more.
            LimitReached: a cap per member, guild or queue, or the disk is nearly full.
            RecipeError: a change that the recipe does not take.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._keeper.check_disk()
        recipe = parent.recipe.evolve(**changes)
        job_id = new_job_id()
        old, new = job_prefix(parent.job_id), job_prefix(job_id)

        def moved(key: str) -> str:
            return new + key.removeprefix(old)

        inputs = await self._inputs(parent)
        copies = {moved(key): data for key, data in inputs.items()}
        source = {
            RepeatMode.SAME: parent.start_key,
            RepeatMode.ANEW: None,
            RepeatMode.RESULT: parent.result_key or parent.start_key,
        }[beginning]
        start = None
        if source is not None:
            start = start_key(job_id)
            copies[start] = await self._artefacts.get(source)
        return await self._keeper.accept(
            NewJob(
                job_id=job_id,
                origin=origin,
                content_key=moved(parent.content_key),
                style_keys=tuple(moved(key) for key in parent.style_keys),
                mask_keys=tuple(key and moved(key) for key in parent.mask_keys),
                start_key=start,
                content_size=parent.content_size,
                recipe=recipe,
                preset=parent.preset,
                title=parent.title,
                understood=_decided(parent.understood) if start else parent.understood,
                spoiler=parent.spoiler,
                request_key=request_key,
                priority=priority,
            ),
            copies,
        )

    async def _inputs(self, job: Job) -> dict[str, bytes]:
        """Every input of a job by key, reduced copies included.

        Raises:
            ArtefactMissingError: one that is needed is gone.
        """
        prefix = job_prefix(job.job_id)
        keys = {job.content_key, *job.style_keys}
        async for info in self._artefacts.list(prefix):
            if info.key.removeprefix(prefix).startswith(_INPUTS):
                keys.add(info.key)
        return {key: await self._artefacts.get(key) for key in sorted(keys)}


def _decided(understood: Interpretation | None) -> Interpretation | None:
    """What goes on from a painting cannot be taken the other way round any more."""
    return None if understood is None else understood.decided()
