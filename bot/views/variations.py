"""What can be made of a painting by one press: which recipe each button stands for, and its ends.

Nothing is painted here. A variation is the parent's recipe with a few fields changed; where a
button has come to its end, it is shown greyed, with the reason for its label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.intake.repeats import RepeatMode
from bot.views.components.routes import JobAction
from bot.views.recipe_summary import strength

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.jobs.models import Job

__all__ = ["LARGEST_SEED", "Variation", "variation"]

STRONGER: Final = 2.5
"""Factor on the weight of style against content, or back, that one press makes."""

STRONGEST: Final = 16.0
"""Style or content never outweighs the other more than so many times what is usual."""

ENLARGEMENT: Final = 2.0
SMALLEST_SIDE: Final = 128

LARGEST_SEED: Final = 2**31 - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Variation:
    """What one press makes of a painting.

    Attributes:
        label: what the button says.
        changes: the fields of the recipe that it sets.
        beginning: what the painting begins from.
        refusal: why it cannot be had, as a sentence; None where it can.
    """

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    beginning: RepeatMode = RepeatMode.SAME
    refusal: str | None = None


def variation(job: Job, action: JobAction, *, largest_size: int, seed: int) -> Variation:
    """What a button would make of a painting.

    Args:
        job: the painting.
        action: that of a button which begins another painting.
        largest_size: longest side that is painted, in pixels.
        seed: a fresh one, above 0.

    Raises:
        ValueError: the action makes no variation.
    """
    match action:
        case JobAction.AGAIN:
            # A seed shapes the start, so a picture to begin from would leave it nothing to do.
            made = Variation(label="Again", changes={"seed": seed}, beginning=RepeatMode.ANEW)
        case JobAction.STYLE if strength(job) * STRONGER > STRONGEST * 1.01:
            made = Variation(
                label="Style at its strongest",
                refusal="The style is as strong as I can make it; try **More content**.",
            )
        case JobAction.STYLE:
            made = Variation(label="More style", changes=_shifted(job, STRONGER))
        case JobAction.CONTENT if strength(job) / STRONGER < 1 / STRONGEST / 1.01:
            made = Variation(
                label="Content at its strongest",
                refusal="The picture shows as clearly as I can make it; try **More style**.",
            )
        case JobAction.CONTENT:
            made = Variation(label="More content", changes=_shifted(job, 1 / STRONGER))
        case JobAction.KEEP:
            made = Variation(label="Keep colours", changes={"keep_colors": True})
        case JobAction.RECOLOUR:
            made = Variation(label="Style's colours", changes={"keep_colors": False})
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
            label=f"Largest ({largest_size} px)",
            refusal=f"It is as large as I paint: {largest_size} pixels on its longest side.",
        )
    return Variation(
        label=f"Larger ({larger} px)", changes={"size": larger}, beginning=RepeatMode.RESULT
    )


def _smaller(job: Job, largest_size: int) -> Variation:
    size = job.recipe.size or largest_size
    smaller = max(SMALLEST_SIDE, size // 2)
    if smaller >= size:
        return Variation(
            label=f"Smallest ({size} px)",
            refusal="This button makes it no smaller; ask again with a smaller `size`.",
        )
    return Variation(label=f"Smaller ({smaller} px)", changes={"size": smaller})


def _longest_side(job: Job) -> int | None:
    return max(job.content_size) if job.content_size is not None else None


def _shifted(job: Job, factor: float) -> dict[str, float]:
    return {"style_weight": job.recipe.style_weight * factor}
