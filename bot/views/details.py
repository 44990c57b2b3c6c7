"""The details of a job: its recipe, its figures, and the command that reproduces it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord

from bot.views.card import COLOURS, card_footer, shown_title
from bot.views.repeat_command import RECIPE_NAME, repeat_command
from bot.views.text import jobs as text
from bot.views.text import options
from bot.views.text.units import duration

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["details_embed", "enclosed_file", "recipe_file"]


def details_embed(job: Job) -> discord.Embed:
    """The recipe, the seed and the figures of a job."""
    recipe = job.recipe
    embed = discord.Embed(title=shown_title(job, limit=200), colour=COLOURS[job.state])
    weights = text.WEIGHTS_VALUE.format(
        content=recipe.content_weight, style=recipe.style_weight, smoothness=recipe.tv_weight
    )
    facts = {
        text.RECIPE: text.RECIPE_VALUE.format(name=recipe.name, passes=recipe.passes),
        text.SEED: str(recipe.seed),
        text.SIZE: _size(job),
        text.WEIGHTS: weights,
        text.COLOURS: text.OWN_COLOURS if recipe.keep_colors else text.STYLE_COLOURS,
        text.TIME: duration(job.paint_seconds) if job.paint_seconds else text.NOT_BEGUN,
    }
    if job.start_key is not None:
        facts[text.BEGAN_FROM] = text.EARLIER_PAINTING
    device = job.report.get("device")
    if device:
        facts[text.PAINTED_ON] = str(device)
    for name, value in facts.items():
        embed.add_field(name=name, value=value, inline=True)
    if job.losses:
        embed.add_field(name=text.LOSSES, value=_losses(job), inline=False)
    embed.add_field(
        name=text.REPRODUCE,
        value=f"```sh\n{repeat_command(job)}\n```",
        inline=False,
    )
    return embed.set_footer(text=card_footer(job.job_id))


def recipe_file(job: Job) -> discord.File:
    """The whole recipe as JSON, which the command reads."""
    return discord.File(
        io.BytesIO(job.recipe.to_json().encode()),
        filename=RECIPE_NAME,
        description=text.RECIPE_ALT,
    )


def enclosed_file(name: str, data: bytes) -> discord.File:
    """A file that the command reads and that the member does not have."""
    return discord.File(io.BytesIO(data), filename=name, description=text.ENCLOSED_ALT)


def _size(job: Job) -> str:
    width, height = job.report.get("width"), job.report.get("height")
    if width and height:
        return options.SIZE.format(size=f"{width} × {height}")
    if job.recipe.size is None:
        return text.AS_THE_PICTURE
    return options.SIZE.format(size=job.recipe.size)


def _losses(job: Job) -> str:
    return ", ".join(
        f"{text.LOSS_WORDS.get(name, name)} {value:,.0f}" for name, value in job.losses.items()
    )
