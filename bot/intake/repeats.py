"""Repeat an earlier job as a new job, with its own copies of the inputs.

The inputs are copied so that deleting one job never breaks another.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bot.artefacts.keys import job_prefix, start_key
from bot.artefacts.sources import StoredArtefact, find_artefact
from bot.errors import ArtefactMissingError
from bot.jobs.models import NewJob, new_job_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.artefacts.base import Artefacts
    from bot.artefacts.sources import ArtefactSource
    from bot.intake.acceptance import JobAcceptance
    from bot.jobs.job_inputs import Interpretation
    from bot.jobs.models import Job, Origin

__all__ = ["JobRepeater", "RepeatMode"]

_INPUT_PREFIXES: Final = ("content", "style-", "mask-")
"""Prefixes of the file names of a job's inputs, except the start picture."""


class RepeatMode(StrEnum):
    """The picture that a repeated job starts from."""

    SAME = "same"  # the same start as the earlier job
    RECIPE = "recipe"  # the start that the recipe names
    RESULT = "result"  # the earlier job's result


class JobRepeater:
    """Accepts jobs that repeat earlier ones."""

    def __init__(self, acceptance: JobAcceptance, artefacts: Artefacts) -> None:
        self._acceptance = acceptance
        self._artefacts = artefacts

    async def repaint(
        self,
        parent: Job,
        *,
        origin: Origin,
        changes: Mapping[str, Any],
        start_from: RepeatMode,
        request_key: str,
        priority: int = 0,
    ) -> Job:
        """Accept a new job with the parent's pictures and some recipe fields changed.

        Args:
            parent: the earlier job, in any state.
            origin: where the new result is posted, and for whom.
            changes: the recipe fields to change.
            start_from: the picture to start from.
            request_key: unique key of the request.
            priority: above 0 for a member with a favoured role.

        Raises:
            ArtefactMissingError: the parent's pictures have been deleted.
            LimitReached: a limit per member, guild or queue is reached, or the disk is nearly full.
            RecipeError: a change is not valid.
            StoreUnavailableError: the database cannot be reached.
        """
        await self._acceptance.check_disk()
        recipe = parent.recipe.evolve(**changes)
        job_id = new_job_id()
        old_prefix, new_prefix = job_prefix(parent.job_id), job_prefix(job_id)

        def copied_key(key: str) -> str:
            return new_prefix + key.removeprefix(old_prefix)

        inputs = await self._inputs(parent)
        copies: dict[str, ArtefactSource] = {copied_key(source.key): source for source in inputs}
        source = {
            RepeatMode.SAME: parent.start_key,
            RepeatMode.RECIPE: None,
            RepeatMode.RESULT: parent.result_key or parent.start_key,
        }[start_from]
        start = None
        if source is not None:
            start = start_key(job_id)
            copies[start] = await find_artefact(self._artefacts, source)
        return await self._acceptance.accept(
            NewJob(
                job_id=job_id,
                origin=origin,
                content_key=copied_key(parent.content_key),
                style_keys=tuple(copied_key(key) for key in parent.style_keys),
                mask_keys=tuple(key and copied_key(key) for key in parent.mask_keys),
                start_key=start,
                content_size=parent.content_size,
                recipe=recipe,
                preset=parent.preset,
                title=parent.title,
                interpretation=_interpretation(
                    parent,
                    is_borrowed=origin.requester_id != parent.origin.requester_id,
                    is_final=start is not None,
                ),
                spoiler=parent.spoiler,
                request_key=request_key,
                priority=priority,
            ),
            copies,
        )

    async def _inputs(self, job: Job) -> list[StoredArtefact]:
        """Find every input of a job, previews included.

        Raises:
            ArtefactMissingError: a required input is gone.
        """
        prefix = job_prefix(job.job_id)
        required = {job.content_key, *job.style_keys}
        inputs = [
            StoredArtefact(key=info.key, size=info.size)
            async for info in self._artefacts.list(prefix)
            if info.key.removeprefix(prefix).startswith(_INPUT_PREFIXES)
        ]
        missing = required - {each.key for each in inputs}
        if missing:
            raise ArtefactMissingError(min(missing))
        return inputs


def _interpretation(parent: Job, *, is_borrowed: bool, is_final: bool) -> Interpretation | None:
    """Return the parent's, for the new job.

    Args:
        parent: the earlier job.
        is_borrowed: whether it is another member's.
        is_final: whether the pictures' roles are: a job that starts from a result cannot be
            swapped.
    """
    interpretation = parent.interpretation
    if interpretation is not None and is_borrowed:
        interpretation = interpretation.borrowed()
    return interpretation.confirmed() if interpretation is not None and is_final else interpretation
