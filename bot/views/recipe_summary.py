"""What a member chose, in words: how a job's recipe differs from what everybody gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.presets import library
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["baseline", "chosen", "strength"]

SAME: Final = 0.01
"""Weights that differ by less than this share are the same to a member."""


def baseline(job: Job) -> Recipe:
    """The recipe as it would be if nobody had chosen anything: the named one and its preset's."""
    try:
        base = Recipe.named(job.recipe.name)
    except RecipeError:
        return job.recipe
    preset = library.get(job.preset) if job.preset is not None else None
    return base.evolve(**preset.recipe_changes) if preset is not None else base


def strength(job: Job) -> float:
    """How much the style outweighs the picture, compared with what is usual; 1 is usual."""
    base, recipe = baseline(job), job.recipe
    style = _ratio(recipe.style_weight, base.style_weight)
    return style / max(_ratio(recipe.content_weight, base.content_weight), 1e-9)


def chosen(job: Job) -> list[str]:
    """The choices that shape this painting, each in a word or three; the size comes first."""
    base, recipe = baseline(job), job.recipe
    words = [f"{recipe.size} px" if recipe.size is not None else "full size"]
    if recipe.name != "default":
        words.append(f"recipe {recipe.name}")
    how_strong = strength(job)
    if abs(how_strong - 1) > SAME:
        words.append(f"style ×{how_strong:.2g}")
    if abs(recipe.style_scale - base.style_scale) > SAME:
        words.append(f"strokes ×{recipe.style_scale:.2g}")
    if recipe.keep_colors:
        words.append("own colours kept")
    if recipe.passes != base.passes:
        words.append(f"{recipe.passes:g} passes")
    if recipe.blend and job.understood is None:  # else its styles are named with their shares
        total = sum(recipe.blend)
        shares = " : ".join(f"{round(100 * weight / total)}" for weight in recipe.blend)
        words.append(f"blended {shares}")
    if recipe.seed != base.seed:
        words.append(f"seed {recipe.seed}")
    return words


def _ratio(value: float, usual: float) -> float:
    return value / usual if usual > 0 else 1.0
