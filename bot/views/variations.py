"""The variations that a result's buttons and menu offer: which fields of the recipe each changes.

A button that would exceed a limit is disabled, with the reason as its label.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from bot.intake.repeats import RepeatMode
from bot.views.components.routes import JobAction, Strength
from bot.views.recipe_summary import baseline, strength
from bot.views.text import jobs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.models import Job

__all__ = ["LARGEST_SEED", "Variation", "is_quick", "offered_strengths", "variation"]

STRONGER: Final = 2.5
"""Factor by which one press changes the ratio of style to content weight."""

STRONGEST: Final = 16.0
"""Largest ratio of style to content weight, or the reverse, relative to the default."""

FACTORS: Final[Mapping[Strength, float]] = {
    Strength.LIGHTEST: STRONGER**-2,
    Strength.LIGHTER: 1 / STRONGER,
    Strength.SAME: 1.0,
    Strength.STRONGER: STRONGER,
    Strength.STRONGEST: STRONGER**2,
}

ENLARGEMENT: Final = 2.0

QUICK_PASSES: Final = 4.0
"""Budget of a quick enlargement. At twice the size, a pass takes four times as long."""

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


def variation(job: Job, choice: JobAction | Strength, *, largest_size: int, seed: int) -> Variation:
    """Work out the variation of a job.

    Args:
        job: the job to vary.
        choice: an action that starts another job with the same style, or a strength.
        largest_size: longest side that is painted, in pixels.
        seed: a new random seed, above 0.

    Raises:
        ValueError: the action makes no variation.
    """
    if isinstance(choice, Strength):
        made = _with_strength(job, choice)
    else:
        made = _with_action(job, choice, largest_size=largest_size, seed=seed)
    if is_quick(job) and made.refusal is None:
        # A quick enlargement's few passes would not pay for anything but another one.
        made = replace(made, changes={"passes": baseline(job).passes, **made.changes})
    return made


def offered_strengths(job: Job) -> list[Strength]:
    """Return the strengths within the limits, the lightest first."""
    return [each for each in Strength if _is_within_limits(job, FACTORS[each])]


def is_quick(job: Job) -> bool:
    """Whether a job is a quick enlargement of an earlier one."""
    return job.start_key is not None and job.recipe.passes == QUICK_PASSES


def _with_strength(job: Job, chosen: Strength) -> Variation:
    label = jobs.STRENGTHS[chosen]
    if chosen is Strength.SAME:
        return Variation(label=label, refusal=jobs.SAME_STRENGTH_WHY)
    if not _is_within_limits(job, FACTORS[chosen]):
        is_lighter = FACTORS[chosen] < 1
        refusal = jobs.CONTENT_STRONGEST_WHY if is_lighter else jobs.STYLE_STRONGEST_WHY
        return Variation(label=label, refusal=refusal)
    return Variation(label=label, changes=_shifted(job, FACTORS[chosen]))


def _is_within_limits(job: Job, factor: float) -> bool:
    lightest, strongest = 1 / STRONGEST / 1.01, STRONGEST * 1.01
    return factor == 1 or lightest <= strength(job) * factor <= strongest


def _with_action(job: Job, action: JobAction, *, largest_size: int, seed: int) -> Variation:
    match action:
        case JobAction.AGAIN:
            # The seed only shapes the starting picture, so this cannot start from a result.
            made = Variation(
                label=jobs.LABELS[action], changes={"seed": seed}, start_from=RepeatMode.RECIPE
            )
        case JobAction.STYLE:
            made = _with_strength(job, Strength.STRONGER)
        case JobAction.CONTENT:
            made = _with_strength(job, Strength.LIGHTER)
        case JobAction.KEEP:
            made = Variation(label=jobs.LABELS[action], changes={"keep_colors": True})
        case JobAction.RECOLOUR:
            made = Variation(label=jobs.LABELS[action], changes={"keep_colors": False})
        case JobAction.LARGER:
            made = _larger(job, largest_size)
        case JobAction.TWICE:
            made = _twice(job, largest_size)
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


def _twice(job: Job, largest_size: int) -> Variation:
    label = jobs.LABELS[JobAction.TWICE]
    size = job.recipe.size or _longest_side(job) or largest_size
    wanted = round(size * ENLARGEMENT)
    if wanted > largest_size:
        why = jobs.TWICE_WHY if size < largest_size else jobs.TWICE_OF_LARGEST_WHY
        return Variation(label=label, refusal=why.format(wanted=wanted, size=largest_size))
    return Variation(
        label=label,
        changes={"size": wanted, "passes": min(job.recipe.passes, QUICK_PASSES)},
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
