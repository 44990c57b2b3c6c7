"""The card: one message per job that shows its state and progress."""

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
from bot.views.text import jobs as text
from bot.views.text.quoting import escaped, plain
from bot.views.text.units import count, duration, time_left

if TYPE_CHECKING:
    from bot.jobs.models import Job

__all__ = ["Card", "CardFacts", "bar", "card_footer", "render_card", "shown_title"]

LONGEST_TITLE: Final = 256
"""Discord's limit for the title of an embed, in characters."""

BAR_CELLS: Final = 12  # fits with its percentage beside a thumbnail on a phone
FOOTER: Final = "job {job_id}"

# Each state is also named in words: colour never carries the meaning alone.
COLOURS: Final = {
    JobState.QUEUED: discord.Colour(0x8A8F98),
    JobState.RUNNING: discord.Colour(0x3B7DD8),
    JobState.SUCCEEDED: discord.Colour(0x2E9E5B),
    JobState.FAILED: discord.Colour(0xC9483B),
    JobState.CANCELLED: discord.Colour(0x6B6F76),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CardFacts:
    """What a card shows besides the job itself.

    Attributes:
        place: place in the queue, 1 is the next; None if the job does not wait or it is unknown.
        seconds_left: estimate until the final picture; None if unknown.
        done: share of the painting time that has passed, from 0 to 1.
        picture: the newest snapshot or the result, encoded as WebP; None if there is none.
        inputs: the input pictures on one sheet, encoded as WebP; a small sheet if there is a
            `picture`. None if there is none.
        is_paused: whether the bot is stopping, and goes on with the job after its restart.
    """

    place: int | None = None
    seconds_left: float | None = None
    done: float = 0.0
    picture: bytes | None = None
    inputs: bytes | None = None
    is_paused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card ready to be sent; its files can be sent once."""

    embed: discord.Embed
    files: list[discord.File]
    view: discord.ui.View


def render_card(job: Job, facts: CardFacts) -> Card:
    """Render the card of a job in its current state.

    The sheet of inputs is shown large until there is a snapshot, then as a small thumbnail. A
    spoiler's pictures are attached next to the embed instead of within it, because Discord hides
    attachments marked as spoilers but shows every picture of an embed.
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
    """The footer, by which a card is found in the channel's history after a crash."""
    return FOOTER.format(job_id=job_id)


def shown_title(job: Job, *, limit: int = 120) -> str:
    """The job's title, cut to `limit` and escaped, since it contains members' file names."""
    return escaped(job.title, longest=limit, most=LONGEST_TITLE) or text.UNTITLED


def bar(done: float) -> str:
    """A text bar for a share in 0..1; full only at 1, empty only at 0."""
    cells = round(done * BAR_CELLS)
    if 0 < done < 1:
        cells = min(BAR_CELLS - 1, max(1, cells))
    cells = min(BAR_CELLS, max(0, cells))
    return "▰" * cells + "▱" * (BAR_CELLS - cells)


def _bar_and_percent(done: float) -> str:
    """A text bar and the percentage; 100% only when the painting has ended."""
    return f"{bar(done)} **{min(99, round(100 * done))}%**"


def _inputs_file(job: Job, sheet: bytes) -> discord.File:
    content, _, styles = plain(job.title).partition(" × ")
    alt_text = text.INPUTS_ALT.format(content=content, styles=styles or text.UNNAMED_STYLE)
    return discord.File(
        io.BytesIO(sheet), filename="taken.webp", spoiler=job.spoiler, description=alt_text[:1024]
    )


def _buttons(job: Job) -> list[Button]:
    match job.state:
        case JobState.QUEUED | JobState.RUNNING:
            cancel = job_button(job.job_id, JobAction.CANCEL, disabled=job.cancel_requested)
            if job.cancel_requested or job.origin.guild_id is None:
                return [cancel]
            label = text.WILL_NOTIFY if job.notify else None
            return [cancel, job_button(job.job_id, JobAction.NOTIFY, label=label)]
        case JobState.CANCELLED:
            return [
                job_button(job.job_id, JobAction.AGAIN, label=text.AFTER_ALL),
                job_button(job.job_id, JobAction.DELETE),
            ]
        case _:
            return []  # the outcome message has the buttons


def _lines(job: Job, facts: CardFacts) -> list[str]:
    match job.state:
        case JobState.QUEUED | JobState.RUNNING if job.cancel_requested:
            lines = [*_bar(job, facts), text.STOPPING]
        case JobState.QUEUED | JobState.RUNNING if facts.is_paused:
            lines = [*_bar(job, facts), text.PAUSED]
        case JobState.QUEUED:
            lines = _waiting(job, facts)
        case JobState.RUNNING:
            lines = _painting(job, facts)
        case JobState.SUCCEEDED:
            steps = job.step or job.total
            painted = text.PAINTED_STEPS if steps else text.PAINTED
            time = duration(job.paint_seconds)
            lines = [f"{bar(1)} **100%**", painted.format(time=time, steps=steps)]
        case JobState.FAILED:
            lines = [text.NOT_PAINTED.format(why=text.failure(job.error_code))]
        case JobState.CANCELLED:
            cancelled = text.CANCELLED_AT if job.step else text.CANCELLED_BEFORE
            lines = [cancelled.format(percent=round(100 * facts.done))]
    understood = [] if job.state.is_final else interpretation_lines(job)
    if job.step:  # the pictures show it from now on; only the hints that can be acted on stay
        understood = [line for line in understood if line.startswith("-# ")]
        lines = [*lines, *understood]
    else:
        lines = [*understood, *lines]
    return [*lines, f"-# {' · '.join(chosen(job))}"]


def _bar(job: Job, facts: CardFacts) -> list[str]:
    return [_bar_and_percent(facts.done)] if job.step else []


def _waiting(job: Job, facts: CardFacts) -> list[str]:
    if job.step:
        lines = [*_bar(job, facts), text.INTERRUPTED]
    elif facts.place is None:
        lines = [text.IN_LINE]
    elif facts.place > 1:
        lines = [text.WAITING.format(before=count(facts.place - 1, "painting"))]
    else:
        lines = [text.NEXT_IN_LINE]
    if facts.seconds_left is not None:
        lines[-1] += text.DONE_IN.format(time=time_left(facts.seconds_left))
    return lines


def _painting(job: Job, facts: CardFacts) -> list[str]:
    if not job.total:
        return [_bar_and_percent(0), text.GETTING_READY]
    step = text.STEP.format(step=job.step)
    if facts.seconds_left is not None:
        step = text.TIME_LEFT.format(step=step, time=time_left(facts.seconds_left))
    return [_bar_and_percent(facts.done), f"{step}."]


def _picture_file(job: Job, picture: bytes) -> discord.File:
    if job.state is JobState.SUCCEEDED:
        name, alt_text = "painted.webp", text.FINISHED_ALT.format(title=plain(job.title))
    else:
        step = job.snapshot_step or 0
        name = f"step-{step}.webp"
        alt_text = text.PICTURE_ALT.format(title=plain(job.title), step=step)
    return discord.File(
        io.BytesIO(picture), filename=name, spoiler=job.spoiler, description=alt_text[:1024]
    )
