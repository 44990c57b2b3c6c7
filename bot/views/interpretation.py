"""How a request was understood, for its card to say before any work is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.models import Order, Place
from bot.views.components import routes
from bot.views.components.items import Button, button
from bot.views.text import requests as text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.jobs.models import Input, Job

__all__ = ["interpretation_lines", "swap_button"]

LONGEST_NAME: Final = 60

_PLACES: Final[Mapping[Place, str]] = {
    Place.ATTACHED: "attached",
    Place.REPLIED_TO: "replied to",
    Place.FORWARDED: "forwarded",
    Place.STICKER: "sticker",
    Place.EMBEDDED: "from the preview",
    Place.LINKED: "linked",
    Place.AVATAR: "",
    Place.EMOJI: "emoji",
    Place.FIRST_FRAME: "its first frame",
    Place.PRESET: "",
    Place.EARLIER: "",
}
"""What is added to a picture's name."""


def interpretation_lines(job: Job) -> list[str]:
    """What was taken for what; nothing where that was not kept."""
    understood = job.understood
    if understood is None:
        return []
    # Where everything lies side by side, there is no need to say where.
    taken = (understood.content, *understood.styles)
    everywhere = any(each.place not in {Place.ATTACHED, Place.PRESET} for each in taken)
    named = partial(_named, with_place=everywhere)
    styles = _blended([named(style) for style in understood.styles], job.recipe.blend)
    content = named(understood.content)
    if understood.mask is None:
        lines = [text.REPAINTING.format(content=content, styles=styles)]
    else:
        mask = _named(understood.mask, with_place=False)
        lines = [text.REPAINTING_WITH_MASK.format(content=content, styles=styles, mask=mask)]
    if understood.order is Order.GUESSED and understood.can_swap and not job.state.is_final:
        guessed = text.GUESSED_OF_SEVERAL if understood.own_styles > 1 else text.GUESSED
        lines.append(f"-# {guessed}")
    return lines


def swap_button(job: Job) -> Button | None:
    """The button that takes the pictures the other way round, for as long as that helps."""
    understood = job.understood
    if understood is None or not understood.can_swap or job.state.is_final:
        return None
    return button(
        routes.SWAP.custom_id(job_id=job.job_id),
        text.SWAP_NEXT if understood.own_styles > 1 else text.SWAP,
        emoji="🔀",
        disabled=job.cancel_requested,
    )


def _blended(styles: Sequence[str], weights: Sequence[float]) -> str:
    """The styles, each with its share where they are blended."""
    if len(styles) == 1 or len(weights) != len(styles):
        return _listed(styles)
    total = sum(weights)
    return _listed(
        [
            f"{style} ({round(100 * weight / total)}%)"
            for style, weight in zip(styles, weights, strict=True)
        ]
    )


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _named(taken: Input, *, with_place: bool) -> str:
    name = " ".join(taken.name.split()) or text.UNNAMED
    if len(name) > LONGEST_NAME:
        name = name[: LONGEST_NAME - 1] + "…"
    name = discord.utils.escape_mentions(discord.utils.escape_markdown(name))
    place = _PLACES[taken.place] if with_place else ""
    return f"**{name}** ({place})" if place else f"**{name}**"
