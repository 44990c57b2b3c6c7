"""The variations that a result's buttons offer: which fields of the recipe each one changes.

A button that would exceed a limit is disabled, with the reason as its label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.intake.repeats import RepeatMode
from bot.views.components.routes import JobAction
from bot.views.recipe_summary import strength
from bot.views.text import jobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.models import Job

__all__ = ["LARGEST_SEED", "Variation", "variation"]

STRONGER: Final = 2.5
"""Factor by which one press changes the ratio of style to content weight."""

STRONGEST: Final = 16.0
"""Largest ratio of style to content weight, or the reverse, relative to the default."""

ENLARGEMENT: Final = 2.0
SMALLEST_SIDE: Final = 128

LARGEST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Variation:
    """What one press changes.

    Attributes:
        label: of the button.
        changes: the fields of the recipe that it sets.
        start_from: what the new job starts from.
        refusal: why it cannot be done, as a sentence; None if it can.
    """

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    start_from: RepeatMode = RepeatMode.SAME
    refusal: str | None = None


def variation(job: Job, action: JobAction, *, largest_size: int, seed: int) -> Variation:
    """Work out the variation of a job.

    Args:
        job: the job to vary.
        action: one that starts another job.
        largest_size: longest side that is painted, in pixels.
        seed: a new random seed, above 0.

    Raises:
        ValueError: the action makes no variation.
    """
    match action:
        case JobAction.AGAIN:
            # The seed only shapes the starting picture, so this cannot start from a result.
            made = Variation(
                label=jobs.LABELS[action], changes={"seed": seed}, start_from=RepeatMode.RECIPE
            )
        case JobAction.STYLE if strength(job) * STRONGER > STRONGEST * 1.01:
            made = Variation(
                label=jobs.STYLE_STRONGEST,
                refusal=jobs.STYLE_STRONGEST_WHY,
            )
        case JobAction.STYLE:
            made = Variation(label=jobs.LABELS[action], changes=_shifted(job, STRONGER))
        case JobAction.CONTENT if strength(job) / STRONGER < 1 / STRONGEST / 1.01:
            made = Variation(
                label=jobs.CONTENT_STRONGEST,
                refusal=jobs.CONTENT_STRONGEST_WHY,
            )
        case JobAction.CONTENT:
            made = Variation(label=jobs.LABELS[action], changes=_shifted(job, 1 / STRONGER))
        case JobAction.KEEP:
            made = Variation(label=jobs.LABELS[action], changes={"keep_colors": True})
        case JobAction.RECOLOUR:
            made = Variation(label=jobs.LABELS[action], changes={"keep_colors": False})
        case JobAction.LARGER:
            made = _larger(job, largest_size)
        case JobAction.SMALLER:
            made = _smaller(job, largest_size)
        case _:
            msg = f"{action} makes no variation"
            raise ValueError(msg)
    return made


def _larger(job: Job, largest_size: int) -> Variation:
    size = job.recipe.size or _longest_side(job) or largest_size
    larger = min(round(size * ENLARGEMENT), largest_size)
    if larger <= size:
        return Variation(
            label=jobs.LARGEST.format(size=largest_size),
            refusal=jobs.LARGEST_WHY.format(size=largest_size),
        )
    return Variation(
        label=jobs.LARGER.format(size=larger),
        changes={"size": larger},
        start_from=RepeatMode.RESULT,
    )


def _smaller(job: Job, largest_size: int) -> Variation:
    size = job.recipe.size or largest_size
    smaller = max(SMALLEST_SIDE, size // 2)
    if smaller >= size:
        return Variation(
            label=jobs.SMALLEST.format(size=size),
            refusal=jobs.SMALLEST_WHY,
        )
    return Variation(label=jobs.SMALLER.format(size=smaller), changes={"size": smaller})


def _longest_side(job: Job) -> int | None:
    return max(job.content_size) if job.content_size is not None else None


def _shifted(job: Job, factor: float) -> dict[str, float]:
    return {"style_weight": job.recipe.style_weight * factor}
