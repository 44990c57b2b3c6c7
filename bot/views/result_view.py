"""The buttons and the menu of an ended job: below its outcome, and in the gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord

from bot.jobs.models import JobState
from bot.views.components import routes
from bot.views.components.items import RoutedView, job_button
from bot.views.components.routes import JobAction, Strength
from bot.views.text import jobs as text
from bot.views.variations import offered_strengths, variation

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["result_view"]


def result_view(job: Job, *, largest_size: int) -> RoutedView:
    """Return the components of an ended job.

    The variations come first, then the menu of strengths, then what is done with the painting
    itself. A failed job has no variations, except a smaller one if its size was the cause.

    Args:
        job: the job.
        largest_size: longest side that is painted, in pixels.
    """
    if job.state is not JobState.SUCCEEDED:
        too_large = job.error_code in {"out_of_memory", "timed_out"}
        remedy = JobAction.SMALLER if too_large else JobAction.AGAIN
        view = RoutedView(_variation_button(job, remedy, largest_size=largest_size))
        for action in (JobAction.DETAILS, JobAction.DELETE):
            view.add_item(job_button(job.job_id, action, row=0))
        return view
    colours = JobAction.RECOLOUR if job.recipe.keep_colors else JobAction.KEEP
    view = RoutedView()
    for action in (JobAction.AGAIN, JobAction.RESTYLE, colours, JobAction.LARGER, JobAction.TWICE):
        view.add_item(_variation_button(job, action, largest_size=largest_size))
    view.add_item(_strength_menu(job))
    for action in (
        JobAction.FAVOURITE,
        JobAction.TIMELAPSE,
        JobAction.DETAILS,
        JobAction.DELETE,
    ):
        view.add_item(job_button(job.job_id, action, row=2))
    return view


def _variation_button(job: Job, action: JobAction, *, largest_size: int) -> discord.ui.Item[Any]:
    """Return a button; one that exceeds a limit is disabled, or says why when it is pressed."""
    if action is JobAction.RESTYLE:
        return job_button(job.job_id, action, row=0)
    varied = variation(job, action, largest_size=largest_size, seed=1)
    disabled = varied.refusal is not None and action is not JobAction.TWICE
    return job_button(job.job_id, action, label=varied.label, disabled=disabled, row=0)


def _strength_menu(job: Job) -> discord.ui.Select[Any]:
    options = [
        discord.SelectOption(
            label=text.STRENGTHS[strength], value=strength, default=strength is Strength.SAME
        )
        for strength in offered_strengths(job)
    ]
    return discord.ui.Select(
        custom_id=routes.STRENGTH.custom_id(job_id=job.job_id), options=options, row=1
    )
