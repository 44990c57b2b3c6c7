"""How a job's recipe differs from the default, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.presets import library
from bot.views.text import options as text
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["SAME", "baseline", "chosen", "strength"]

SAME: Final = 0.01
"""Relative difference below which two weights are shown as equal."""


def baseline(job: Job) -> Recipe:
    """The job's named recipe with its preset's changes: what it would be without options."""
    try:
        base = Recipe.named(job.recipe.name)
    except RecipeError:
        return job.recipe
    preset = library.get(job.preset) if job.preset is not None else None
    return base.evolve(**preset.recipe_changes) if preset is not None else base


def strength(job: Job) -> float:
    """The ratio of style to content weight, relative to the baseline's; 1 is the default."""
    base, recipe = baseline(job), job.recipe
    style = _ratio(recipe.style_weight, base.style_weight)
    return style / max(_ratio(recipe.content_weight, base.content_weight), 1e-9)


def chosen(job: Job) -> list[str]:
    """The options that differ from the baseline, each in a few words; the size comes first."""
    base, recipe = baseline(job), job.recipe
    words = [text.SIZE.format(size=recipe.size) if recipe.size is not None else text.FULL_SIZE]
    if recipe.name != "default":
        words.append(text.RECIPE.format(name=recipe.name))
    how_strong = strength(job)
    if abs(how_strong - 1) > SAME:
        words.append(text.STRENGTH.format(factor=how_strong))
    # If there is an interpretation, it names the styles with their shares.
    if recipe.blend and job.interpretation is None:
        total = sum(recipe.blend)
        shares = " : ".join(f"{round(100 * weight / total)}" for weight in recipe.blend)
        words.append(text.BLENDED.format(shares=shares))
    for field, sentence in text.CHOSEN.items():
        value = getattr(recipe, field)
        if value != getattr(base, field):
            words.append(sentence.format(value))
    return words


def _ratio(value: float, usual: float) -> float:
    return value / usual if usual > 0 else 1.0
