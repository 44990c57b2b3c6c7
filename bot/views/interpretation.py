"""How a request was interpreted: the card's lines about it, and the button that swaps pictures."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from bot.jobs.job_inputs import InputSource, RoleAssignment
from bot.views.components import routes
from bot.views.components.items import Button, button
from bot.views.text import requests as text
from bot.views.text.quoting import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.job_inputs import InputImage
    from bot.jobs.models import Job

__all__ = ["interpretation_lines", "swap_button"]

MAX_NAME_LENGTH: Final = 60


def interpretation_lines(job: Job) -> list[str]:
    """Return the lines that name the content, the styles and the mask; none if unknown."""
    interpretation = job.interpretation
    if interpretation is None:
        return []
    # If every picture is attached, there is no need to name its place.
    inputs = (interpretation.content, *interpretation.styles)
    with_place = any(
        each.place not in {InputSource.ATTACHED, InputSource.PRESET} for each in inputs
    )
    name = partial(_name_of, with_place=with_place)
    styles = _with_shares([name(style) for style in interpretation.styles], job.recipe.blend)
    content = name(interpretation.content)
    if interpretation.mask is None:
        lines = [text.REPAINTING.format(content=content, styles=styles)]
    else:
        mask = _name_of(interpretation.mask, with_place=False)
        lines = [text.REPAINTING_WITH_MASK.format(content=content, styles=styles, mask=mask)]
    if (
        interpretation.order is RoleAssignment.GUESSED
        and interpretation.can_swap
        and not job.state.is_final
    ):
        guessed = text.GUESSED_OF_SEVERAL if interpretation.own_style_count > 1 else text.GUESSED
        lines.append(f"-# {guessed}")
    return lines


def swap_button(job: Job) -> Button | None:
    """Return the button that swaps content and style; None if they cannot be swapped."""
    interpretation = job.interpretation
    if interpretation is None or not interpretation.can_swap or job.state.is_final:
        return None
    return button(
        routes.SWAP.custom_id(job_id=job.job_id),
        text.SWAP_NEXT if interpretation.own_style_count > 1 else text.SWAP,
        emoji="🔀",
        disabled=job.cancel_requested,
    )


def _with_shares(styles: Sequence[str], weights: Sequence[float]) -> str:
    """Join the styles' names, with percentages if there are weights."""
    if len(styles) == 1 or len(weights) != len(styles):
        return _join(styles)
    total = sum(weights)
    return _join(
        [
            text.SHARE.format(style=style, percent=round(100 * weight / total))
            for style, weight in zip(styles, weights, strict=True)
        ]
    )


def _join(names: Sequence[str]) -> str:
    *others, last = names
    return text.AND.format(others=", ".join(others), last=last) if others else last


def _name_of(picture: InputImage, *, with_place: bool) -> str:
    name = escaped(picture.name, longest=MAX_NAME_LENGTH) or text.UNNAMED
    place = text.PLACES[picture.place] if with_place else ""
    return f"**{name}** ({place})" if place else f"**{name}**"
