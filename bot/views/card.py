"""The card: one message per job that tells how its painting goes, from accepted to done."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.model import JobState
from bot.views import wording
from bot.views.buttons import Verb, job_view
from bot.views.understood import swap_button, understood_lines

if TYPE_CHECKING:
    from bot.jobs.model import Job

__all__ = ["Card", "CardFacts", "bar", "card_footer", "render_card", "shown_title"]

BAR_CELLS: Final = 16
FOOTER: Final = "job {job_id}"

# Each state has its own words as well: colour never carries the meaning alone.
COLOURS: Final = {
    JobState.QUEUED: discord.Colour(0x8A8F98),
    JobState.RUNNING: discord.Colour(0x3B7DD8),
    JobState.SUCCEEDED: discord.Colour(0x2E9E5B),
    JobState.FAILED: discord.Colour(0xC9483B),
    JobState.CANCELLED: discord.Colour(0x6B6F76),
}

LOSS_WORDS: Final = {
    "content": "likeness",
    "style": "style",
    "total_variation": "smoothness",
}
"""What members call the terms of the loss; a term of another name is shown under its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFacts:
    """What a card says besides the job itself.

    Attributes:
        place: its place in the queue, 1 being the next; None once it is not waiting.
        seconds_left: estimate until the final picture; None where nothing is known yet.
        picture: the newest picture's encoded bytes, or None.
        picture_extension: of that picture, e.g. ``"webp"``.
    """

    place: int | None = None
    seconds_left: float | None = None
    picture: bytes | None = None
    picture_extension: str = "webp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card ready to be posted or edited in; its file can be sent once."""

    embed: discord.Embed
    files: list[discord.File]
    view: discord.ui.View


def render_card(job: Job, facts: CardFacts) -> Card:
    """Make the card of a job as it stands.

    A spoiler's picture is attached beside the embed instead of within it, because Discord
    hides attachments marked as spoilers but shows every picture of an embed.
    """
    embed = discord.Embed(
        title=shown_title(job, limit=200),
        description="\n".join([*understood_lines(job), *_lines(job, facts)]),
        colour=COLOURS[job.state],
    )
    embed.set_footer(text=card_footer(job.job_id))
    files = []
    if facts.picture is not None:
        file = _file(job, facts.picture, facts.picture_extension)
        files.append(file)
        if not job.spoiler and job.state.is_final:
            embed.set_thumbnail(url=f"attachment://{file.filename}")
        elif not job.spoiler:
            embed.set_image(url=f"attachment://{file.filename}")
    verbs = () if job.state.is_final else (Verb.CANCEL,)
    view = job_view(job.job_id, verbs, disabled=job.cancel_requested)
    swap = swap_button(job)
    if swap is not None:
        view.add_item(swap)
    return Card(embed=embed, files=files, view=view)


def card_footer(job_id: str) -> str:
    """The line by which a card is recognised in the channel's history after a crash."""
    return FOOTER.format(job_id=job_id)


def shown_title(job: Job, *, limit: int = 120) -> str:
    """The job's title, which carries members' file names, made safe for Discord's markup."""
    title = " ".join(job.title.split()) or "a painting"
    title = title if len(title) <= limit else title[: limit - 1] + "…"
    return discord.utils.escape_mentions(discord.utils.escape_markdown(title))


def bar(done: float) -> str:
    """A text bar for a share in 0..1; never looks full before it is, nor empty once begun."""
    cells = round(done * BAR_CELLS)
    if 0 < done < 1:
        cells = min(BAR_CELLS - 1, max(1, cells))
    cells = min(BAR_CELLS, max(0, cells))
    return "▰" * cells + "▱" * (BAR_CELLS - cells)


def _lines(job: Job, facts: CardFacts) -> list[str]:
    match job.state:
        case JobState.QUEUED:
            return _waiting(job, facts)
        case JobState.RUNNING:
            return _painting(job, facts)
        case JobState.SUCCEEDED:
            spent = wording.duration(job.paint_seconds)
            steps = job.step or job.total
            return [
                f"{bar(1)} **100%**",
                f"Painted in {spent}, {steps} steps." if steps else f"Painted in {spent}.",
                *_losses(job),
            ]
        case JobState.FAILED:
            return [f"**Not painted**: {wording.failure(job.error_code)}."]
        case JobState.CANCELLED:
            share = f" at {round(100 * _done(job))}%" if job.step else " before it began"
            return [f"**Cancelled**{share}."]


def _waiting(job: Job, facts: CardFacts) -> list[str]:
    if job.cancel_requested:
        return ["**Stopping…**"]
    if job.step:
        lines = [f"{bar(_done(job))} **{round(100 * _done(job))}%**"]
        lines.append("**Interrupted**; goes on from here by itself.")
    elif facts.place is not None and facts.place > 1:
        before = "1 painting" if facts.place == 2 else f"{facts.place - 1} paintings"
        lines = [f"**Waiting**, {before} before this one."]
    else:
        lines = ["**Waiting**, next in line."]
    if facts.seconds_left is not None:
        lines.append(f"Done in {wording.time_left(facts.seconds_left)}.")
    return lines


def _painting(job: Job, facts: CardFacts) -> list[str]:
    if job.cancel_requested:
        return ["**Stopping…**"]
    if not job.total:
        return [f"{bar(0)} **0%**", "**Preparing the paints…**"]
    lines = [f"{bar(_done(job))} **{round(100 * _done(job))}%**"]
    step = f"**Painting**, step {job.step} of {job.total}"
    if facts.seconds_left is not None:
        step += f", {wording.time_left(facts.seconds_left)} left"
    return [*lines, f"{step}.", *_losses(job)]


def _losses(job: Job) -> list[str]:
    """How far the picture still is from the photograph, the style and a calm surface."""
    terms = [
        f"{LOSS_WORDS.get(name, name)} {_compact(value)}"
        for name, value in job.losses.items()
        if name != "total"
    ]
    total = job.losses.get("total")
    if total is None:
        return []
    return [f"-# Loss {_compact(total)}: {' · '.join(terms)}"]


def _compact(value: float) -> str:
    for divisor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= divisor:
            return f"{value / divisor:.3g}{suffix}"
    return f"{value:.3g}"


def _done(job: Job) -> float:
    return min(1.0, job.step / job.total) if job.total else 0.0


def _file(job: Job, picture: bytes, extension: str) -> discord.File:
    step = job.snapshot_step or 0
    name, text = f"step-{step}.{extension}", f"after step {step} of {job.total or '?'}"
    if job.state is JobState.SUCCEEDED:
        name, text = f"painted.{extension}", "finished"
    return discord.File(
        io.BytesIO(picture),
        filename=name,
        spoiler=job.spoiler,
        description=f"The painting {job.title}, {text}"[:1024],
    )
