"""How a request was understood: the lines at the top of its card."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.job_inputs import InputSource, RoleAssignment
from bot.views.components import routes
from bot.views.components.items import Button, button
from bot.views.text import requests as text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.job_inputs import InputImage
    from bot.jobs.models import Job

__all__ = ["interpretation_lines", "swap_button"]

LONGEST_NAME: Final = 60


def interpretation_lines(job: Job) -> list[str]:
    """Which picture is the content and which are styles; empty if that is unknown."""
    understood = job.interpretation
    if understood is None:
        return []
    # If every picture is attached, their places are omitted.
    taken = (understood.content, *understood.styles)
    everywhere = any(each.place not in {InputSource.ATTACHED, InputSource.PRESET} for each in taken)
    named = partial(_named, with_place=everywhere)
    styles = _blended([named(style) for style in understood.styles], job.recipe.blend)
    content = named(understood.content)
    if understood.mask is None:
        lines = [text.REPAINTING.format(content=content, styles=styles)]
    else:
        mask = _named(understood.mask, with_place=False)
        lines = [text.REPAINTING_WITH_MASK.format(content=content, styles=styles, mask=mask)]
    if (
        understood.order is RoleAssignment.GUESSED
        and understood.can_swap
        and not job.state.is_final
    ):
        guessed = text.GUESSED_OF_SEVERAL if understood.own_style_count > 1 else text.GUESSED
        lines.append(f"-# {guessed}")
    return lines


def swap_button(job: Job) -> Button | None:
    """The button that swaps content and style, until the job has ended."""
    understood = job.interpretation
    if understood is None or not understood.can_swap or job.state.is_final:
        return None
    return button(
        routes.SWAP.custom_id(job_id=job.job_id),
        text.SWAP_NEXT if understood.own_style_count > 1 else text.SWAP,
        emoji="🔀",
        disabled=job.cancel_requested,
    )


def _blended(styles: Sequence[str], weights: Sequence[float]) -> str:
    """List the styles, each with its share if they are blended."""
    if len(styles) == 1 or len(weights) != len(styles):
        return _listed(styles)
    total = sum(weights)
    return _listed(
        [
            text.SHARE.format(style=style, percent=round(100 * weight / total))
            for style, weight in zip(styles, weights, strict=True)
        ]
    )


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return text.AND.format(others=", ".join(others), last=last) if others else last


def _named(taken: InputImage, *, with_place: bool) -> str:
    name = " ".join(taken.name.split()) or text.UNNAMED
    if len(name) > LONGEST_NAME:
        name = name[: LONGEST_NAME - 1] + "…"
    name = discord.utils.escape_mentions(discord.utils.escape_markdown(name))
    place = text.PLACES[taken.place] if with_place else ""
    return f"**{name}** ({place})" if place else f"**{name}**"
