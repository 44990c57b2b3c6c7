"""How a painting came to be, for whoever wants to know, and how to make it without the bot."""

from __future__ import annotations

import io
import shlex
from typing import TYPE_CHECKING, Final

import discord

from bot.presets import library
from bot.views.card import COLOURS, card_footer, shown_title
from bot.views.text import sentences

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["details_embed", "recipe_file", "repeat_command"]

RECIPE_NAME: Final = "recipe.json"


def details_embed(job: Job) -> discord.Embed:
    """The recipe, the seed and the figures of a job."""
    recipe = job.recipe
    embed = discord.Embed(title=shown_title(job, limit=200), colour=COLOURS[job.state])
    facts = {
        "Recipe": f"{recipe.name}, {recipe.passes:g} passes",
        "Seed": str(recipe.seed),
        "Size": _size(job),
        "Weights": (
            f"content {recipe.content_weight:g}, style {recipe.style_weight:g}, "
            f"smoothness {recipe.tv_weight:g}"
        ),
        "Colours": "the picture's own" if recipe.keep_colors else "the style's",
        "Time": sentences.duration(job.paint_seconds) if job.paint_seconds else "not begun",
    }
    if job.start_key is not None:
        facts["Began from"] = "an earlier painting"
    device = job.report.get("device")
    if device:
        facts["Painted on"] = str(device)
    for name, value in facts.items():
        embed.add_field(name=name, value=value, inline=True)
    if job.losses:
        embed.add_field(name="Losses", value=_losses(job), inline=False)
    embed.add_field(
        name="To paint it without me",
        value=f"```sh\n{repeat_command(job)}\n```",
        inline=False,
    )
    return embed.set_footer(text=card_footer(job.job_id))


def recipe_file(job: Job) -> discord.File:
    """The whole recipe, which the command names."""
    return discord.File(
        io.BytesIO(job.recipe.to_json().encode()),
        filename=RECIPE_NAME,
        description="Every choice that shaped the painting",
    )


def repeat_command(job: Job) -> str:
    """The command line that paints the same picture from the same files."""
    content, _, styles = job.title.partition(" × ")
    preset = library.get(job.preset) if job.preset is not None else None
    names = [content, *styles.split(" + ")]
    if preset is not None:
        names[-1] = f"bot/presets/pictures/{preset.picture_filename}"
    lines = ["python -m stylenet paint", *map(_word, names), f"--recipe {RECIPE_NAME}"]
    if job.start_key is not None:
        lines.append("--start earlier.png")
    return " \\\n  ".join([*lines, "--out painting.png"])


def _word(name: str) -> str:
    """A file's name as one word of a shell; nothing in it can end the block of code."""
    return shlex.quote(" ".join(name.replace("`", "'").split()) or "?")


def _size(job: Job) -> str:
    width, height = job.report.get("width"), job.report.get("height")
    if width and height:
        return f"{width} × {height} px"
    return f"{job.recipe.size} px" if job.recipe.size is not None else "as the picture"


def _losses(job: Job) -> str:
    terms = ", ".join(
        f"{sentences.LOSS_WORDS.get(name, name)} {value:,.0f}" for name, value in job.losses.items()
    )
    shares = sentences.still_different(job.losses)
    return f"{terms}\n-# {shares}" if shares else terms
