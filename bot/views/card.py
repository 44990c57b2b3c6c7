"""The card: one message per job that tells how its painting goes, from accepted to done."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.models import JobState
from bot.views.components.items import Button, RoutedView, job_button
from bot.views.components.routes import JobAction
from bot.views.interpretation import interpretation_lines, swap_button
from bot.views.recipe_summary import chosen
from bot.views.text import sentences

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["Card", "CardFacts", "bar", "card_footer", "render_card", "shown_title"]

BAR_CELLS: Final = 12  # with its figure, a line beside a thumbnail on a phone
FOOTER: Final = "job {job_id}"

# Each state has its own words as well: colour never carries the meaning alone.
COLOURS: Final = {
    JobState.QUEUED: discord.Colour(0x8A8F98),
    JobState.RUNNING: discord.Colour(0x3B7DD8),
    JobState.SUCCEEDED: discord.Colour(0x2E9E5B),
    JobState.FAILED: discord.Colour(0xC9483B),
    JobState.CANCELLED: discord.Colour(0x6B6F76),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFacts:
    """What a card says besides the job itself.

    Attributes:
        place: its place in the queue, 1 being the next; None once it is not waiting.
        seconds_left: estimate until the final picture; None where nothing is known yet.
        picture: the newest picture's encoded bytes (WebP), or None.
        inputs: the pictures that were taken, on one sheet (WebP), or None; a small sheet
            where there is a picture.
    """

    place: int | None = None
    seconds_left: float | None = None
    picture: bytes | None = None
    inputs: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card ready to be posted or edited in; its files can be sent once."""

    embed: discord.Embed
    files: list[discord.File]
    view: discord.ui.View


def render_card(job: Job, facts: CardFacts) -> Card:
    """Make the card of a job as it stands.

    The sheet of what was taken is shown large until there is something painted, and small
    beside it from then on. A spoiler's pictures are attached beside the embed instead of within
    it, because Discord hides attachments marked as spoilers but shows every picture of an
    embed; there the newest one is enough.
    """
    embed = discord.Embed(
        title=shown_title(job, limit=200),
        description="\n".join(_lines(job, facts)),
        colour=COLOURS[job.state],
    )
    embed.set_footer(text=card_footer(job.job_id))
    files = []
    if facts.picture is not None:
        files.append(_picture_file(job, facts.picture))
    if facts.inputs is not None and not (job.spoiler and files) and not job.state.is_final:
        files.append(_inputs_file(job, facts.inputs))
    if files and not job.spoiler:
        large, *small = [f"attachment://{file.filename}" for file in files]
        if job.state.is_final:
            embed.set_thumbnail(url=large)
        else:
            embed.set_image(url=large)
            if small:
                embed.set_thumbnail(url=small[0])
    view = RoutedView(*_buttons(job))
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


def _inputs_file(job: Job, sheet: bytes) -> discord.File:
    content, _, styles = job.title.partition(" × ")
    text = f"The picture to repaint, {content}, beside the style, {styles or 'its style'}"
    return discord.File(
        io.BytesIO(sheet), filename="taken.webp", spoiler=job.spoiler, description=text[:1024]
    )


def _buttons(job: Job) -> list[Button]:
    match job.state:
        case JobState.QUEUED | JobState.RUNNING:
            return [job_button(job.job_id, JobAction.CANCEL, disabled=job.cancel_requested)]
        case JobState.CANCELLED:
            return [
                job_button(job.job_id, JobAction.AGAIN, label="Paint it after all"),
                job_button(job.job_id, JobAction.DELETE),
            ]
        case _:
            return []  # the outcome has them


def _lines(job: Job, facts: CardFacts) -> list[str]:
    match job.state:
        case JobState.QUEUED | JobState.RUNNING if job.cancel_requested:
            lines = [*_bar(job), "**Stopping…** after the current step."]
        case JobState.QUEUED:
            lines = _waiting(job, facts)
        case JobState.RUNNING:
            lines = _painting(job, facts)
        case JobState.SUCCEEDED:
            spent = sentences.duration(job.paint_seconds)
            steps = job.step or job.total
            lines = [
                f"{bar(1)} **100%**",
                f"**Painted in {spent}**, {steps} steps." if steps else f"**Painted in {spent}**.",
            ]
        case JobState.FAILED:
            lines = [f"**Not painted**: {sentences.failure(job.error_code)}."]
        case JobState.CANCELLED:
            share = f" at {round(100 * _done(job))}%" if job.step else " before it began"
            lines = [f"**Cancelled**{share}."]
    understood = [] if job.state.is_final else interpretation_lines(job)
    if job.step:  # the pictures say it from now on; what may still be done about it stays
        understood = [line for line in understood if line.startswith("-# ")]
        lines = [*lines, *understood]
    else:
        lines = [*understood, *lines]
    return [*lines, f"-# {' · '.join(chosen(job))}"]


def _bar(job: Job) -> list[str]:
    return [f"{bar(_done(job))} **{round(100 * _done(job))}%**"] if job.step else []


def _waiting(job: Job, facts: CardFacts) -> list[str]:
    if job.step:
        lines = [*_bar(job), "**Interrupted**; it will go on from here by itself."]
    elif facts.place is not None and facts.place > 1:
        before = "1 painting" if facts.place == 2 else f"{facts.place - 1} paintings"
        lines = [f"**Waiting**, {before} before this one."]
    else:
        lines = ["**Waiting**, next in line."]
    if facts.seconds_left is not None:
        lines[-1] += f" Done in {sentences.time_left(facts.seconds_left)}."
    return lines


def _painting(job: Job, facts: CardFacts) -> list[str]:
    if not job.total:
        return [f"{bar(0)} **0%**", "**Getting ready…**"]
    step = f"**Painting**, step {job.step} of {job.total}"
    if facts.seconds_left is not None:
        step += f", {sentences.time_left(facts.seconds_left)} left"
    still = sentences.still_different(job.losses)
    return [
        f"{bar(_done(job))} **{round(100 * _done(job))}%**",
        f"{step}.",
        *([f"-# {still}"] if still else []),
    ]


def _done(job: Job) -> float:
    return min(1.0, job.step / job.total) if job.total else 0.0


def _picture_file(job: Job, picture: bytes) -> discord.File:
    step = job.snapshot_step or 0
    name, text = f"step-{step}.webp", f"after step {step} of {job.total or '?'}"
    if job.state is JobState.SUCCEEDED:
        name, text = "painted.webp", "finished"
    return discord.File(
        io.BytesIO(picture),
        filename=name,
        spoiler=job.spoiler,
        description=f"The painting {job.title}, {text}"[:1024],
    )
