"""What the outcome's message holds: the finished picture, made to fit, or why there is none."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.models import JobState
from bot.views.card import COLOURS, shown_title
from bot.views.collage import before_after_style
from bot.views.components.items import Button, RoutedView, job_button
from bot.views.components.routes import JobAction
from bot.views.recipe_summary import chosen
from bot.views.text import jobs as text
from bot.views.variations import variation
from stylenet import images

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.delivery.job_pictures import Pictures
    from bot.jobs.models import Job

__all__ = [
    "ENVELOPE_BYTES",
    "SMALLEST_PICTURE_BYTES",
    "OutcomeMessage",
    "filename",
    "outcome_buttons",
    "write",
]

ENVELOPE_BYTES: Final = 64 * 1024
"""Room left for the rest of the request beside the picture."""

SMALLEST_PICTURE_BYTES: Final = 32 * 1024
"""A picture is not made smaller than about this to fit; what is then declined has other reasons."""

LONGEST_STEM: Final = 60
STRIP_NAME: Final = "before-after-style"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeMessage:
    """A message ready to be posted; its files can be sent once.

    Attributes:
        picture_bytes: what the finished picture takes, as it was made to fit; 0 without one.
    """

    content: str
    embed: discord.Embed | None
    files: list[discord.File]
    view: discord.ui.View
    picture_bytes: int


async def write(
    job: Job, pictures: Pictures, *, limit: int, largest_size: int, privately: bool
) -> OutcomeMessage:
    """Make the outcome's message.

    Args:
        job: the job, which has ended.
        pictures: what there is to show.
        limit: bytes the finished picture may have; a larger one is encoded anew, in a thread.
        largest_size: longest side that is painted, in pixels.
        privately: whether it goes to the requester directly, because the channel is closed.
    """
    result = pictures.result
    content = text.outcome(job, title=f"**{shown_title(job)}**", has_picture=result is not None)
    if privately:
        content += " " + text.SENT_PRIVATELY.format(channel=f"<#{job.origin.channel_id}>")
    files, embed, picture_bytes = [], None, 0
    if result is not None:
        content += f"\n-# {' · '.join(chosen(job))}"
        fitting, extension = result, "png"
        if len(result) > limit:
            fitting, extension = await asyncio.to_thread(_fit, result, limit)
        picture_bytes = len(fitting)
        files.append(_file(job, fitting, filename(job, extension)))
        strip = await asyncio.to_thread(_strip, job, pictures)
        if strip is not None:
            files.append(strip)
            embed = _strip_embed(job, strip)
    buttons = outcome_buttons(job, largest_size=largest_size)
    return OutcomeMessage(
        content=content,
        embed=embed,
        files=files,
        view=RoutedView(*buttons),
        picture_bytes=picture_bytes,
    )


def outcome_buttons(job: Job, *, largest_size: int) -> list[Button]:
    """What can be done with a job that has ended, the variations in the first row.

    Of a failed painting there is nothing to vary; a smaller one is offered where size was why.
    """
    if job.state is JobState.SUCCEEDED:
        colours = JobAction.RECOLOUR if job.recipe.keep_colors else JobAction.KEEP
        varied: Iterable[JobAction] = (
            JobAction.AGAIN,
            JobAction.STYLE,
            JobAction.CONTENT,
            colours,
            JobAction.LARGER,
        )
        others: Iterable[JobAction] = (JobAction.TIMELAPSE, JobAction.DETAILS, JobAction.DELETE)
    else:
        too_large = job.error_code in {"out_of_memory", "timed_out"}
        varied = (JobAction.SMALLER,) if too_large else (JobAction.AGAIN,)
        others = (JobAction.DETAILS, JobAction.DELETE)
    buttons = []
    for verb in varied:
        made = variation(job, verb, largest_size=largest_size, seed=1)
        disabled = made.refusal is not None
        buttons.append(job_button(job.job_id, verb, label=made.label, disabled=disabled, row=0))
    row = 1 if len(buttons) > 1 else 0
    return buttons + [job_button(job.job_id, verb, row=row) for verb in others]


def filename(job: Job, extension: str) -> str:
    """A name for the finished picture that says what it is, in plain letters."""
    without_extensions = re.sub(r"\.[A-Za-z]{3,4}\b", "", job.title)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", without_extensions).strip("-").lower()
    return f"{stem[:LONGEST_STEM].strip('-') or 'painting'}.{extension}"


def _file(job: Job, picture: bytes, name: str) -> discord.File:
    return discord.File(
        io.BytesIO(picture),
        filename=name,
        spoiler=job.spoiler,
        description=text.RESULT_ALT.format(title=job.title)[:1024],
    )


def _strip(job: Job, pictures: Pictures) -> discord.File | None:
    """Before, after and style side by side, where all of them are there."""
    if pictures.result is None or pictures.content is None or not pictures.styles:
        return None
    strip = before_after_style(pictures.content, pictures.result, pictures.styles)
    content, _, styles = job.title.partition(" × ")
    alt_text = text.STRIP_ALT.format(content=content, styles=styles).strip()
    return discord.File(
        io.BytesIO(strip),
        filename=f"{STRIP_NAME}.webp",
        spoiler=job.spoiler,
        description=alt_text[:1024],
    )


def _strip_embed(job: Job, strip: discord.File) -> discord.Embed | None:
    """The frame of the strip; a spoiler stands beside the picture instead, hidden like it."""
    if job.spoiler:
        return None
    embed = discord.Embed(colour=COLOURS[job.state])
    return embed.set_image(url=f"attachment://{strip.filename}")


def _fit(picture: bytes, limit: int) -> tuple[bytes, str]:
    return images.encode_to_fit(images.decode(picture), limit)
