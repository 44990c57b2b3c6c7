"""How a painting came to be, for whoever wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.views import wording
from bot.views.card import COLOURS, card_footer, shown_title

if TYPE_CHECKING:
    from bot.jobs.model import Job

__all__ = ["details_embed"]


def details_embed(job: Job) -> discord.Embed:
    """The recipe, the seed and the figures of a job."""
    recipe = job.recipe
    embed = discord.Embed(title=shown_title(job, limit=200), colour=COLOURS[job.state])
    facts = {
        "Recipe": f"{recipe.name}, {recipe.passes:g} passes",
        "Seed": str(recipe.seed),
        "Size": f"{recipe.size} px" if recipe.size is not None else "as the picture",
        "Weights": (
            f"content {recipe.content_weight:g}, style {recipe.style_weight:g}, "
            f"smoothness {recipe.tv_weight:g}"
        ),
        "Colours": "the picture's own" if recipe.keep_colors else "the style's",
        "Time": wording.duration(job.paint_seconds) if job.paint_seconds else "not begun",
    }
    if job.losses:
        facts["Losses"] = ", ".join(f"{name} {value:.4g}" for name, value in job.losses.items())
    device = job.report.get("device")
    if device:
        facts["Painted on"] = str(device)
    for name, value in facts.items():
        embed.add_field(name=name, value=value, inline=True)
    again = f"size={recipe.size} seed={recipe.seed} recipe={recipe.name}"
    embed.add_field(
        name="To paint it again", value=wording.quoted(again, longest=200), inline=False
    )
    return embed.set_footer(text=card_footer(job.job_id))
