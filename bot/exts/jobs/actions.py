"""The front desk: what happens when a member presses a button or uses a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.errors import ArtefactMissingError, UnknownJobError
from bot.exts.backend.responders import defer, reply_ephemeral, sentence_for
from bot.exts.jobs.deletion import JobDeletion, may_decide
from bot.exts.jobs.details import JobDetails
from bot.exts.jobs.variations import Variations
from bot.views.components.job_buttons import Verb
from bot.views.components.suggestions import begin_view
from bot.views.text import sentences

if TYPE_CHECKING:
    import discord

    from bot.exts.backend.dependencies import Dependencies
    from bot.exts.stylize.picker import PickerTable
    from bot.jobs.models import Job

__all__ = ["JobActions"]


class JobActions:
    """Answers every press, also on messages of jobs long gone and from processes long dead.

    Attributes:
        variations: begins paintings anew; commands do so too.
    """

    def __init__(self, dependencies: Dependencies, pickers: PickerTable) -> None:
        self._dependencies = dependencies
        self._pickers = pickers
        self.variations = Variations(dependencies)
        self._showing = JobDetails(dependencies)
        self._deleting = JobDeletion(dependencies)

    async def pressed(self, interaction: discord.Interaction[Any], job_id: str, verb: Verb) -> None:
        """A member pressed a job's button."""
        if not await defer(interaction):
            return
        try:
            try:
                job = await self._dependencies.store.get(job_id)
            except UnknownJobError:
                if verb is not Verb.DELETE:
                    raise
                await self._deleting.delete_remains(interaction)
                return
            match verb:
                case Verb.CANCEL:
                    await self._cancel(interaction, job)
                case Verb.DETAILS:
                    await self._showing.details(interaction, job)
                case Verb.TIMELAPSE:
                    await self._showing.timelapse(interaction, job)
                case Verb.DELETE:
                    await self._deleting.delete(interaction, job)
                case _:
                    await self.variations.press(interaction, job, verb)
        except (UnknownJobError, ArtefactMissingError):
            await reply_ephemeral(interaction, sentences.JOB_GONE, view=begin_view())
        except Exception as error:
            await reply_ephemeral(interaction, sentence_for(error, doing=f"{verb} on job {job_id}"))

    async def chose(self, interaction: discord.Interaction[Any], preset: str) -> None:
        """A member chose a preset from a picker's menu."""
        if not await defer(interaction):
            return
        try:
            await self._pickers.chose(interaction, preset)
        except Exception as error:
            await reply_ephemeral(interaction, sentence_for(error, doing=f"choosing {preset}"))

    async def _cancel(self, interaction: discord.Interaction[Any], job: Job) -> None:
        if not may_decide(interaction, job):
            await reply_ephemeral(interaction, sentences.NOT_YOURS)
        elif job.state.is_final:
            await reply_ephemeral(interaction, sentences.ALREADY_ENDED)
        else:
            await self._dependencies.store.cancel(job.job_id)  # the card says the rest
