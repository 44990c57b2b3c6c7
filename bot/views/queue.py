"""What is being painted and what waits, for the member who asks and for their server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.models import JobState
from bot.views.card import bar, shown_title
from bot.views.components.items import RoutedView, job_button, start_view
from bot.views.components.routes import JobAction
from bot.views.text import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.jobs.models import Job

__all__ = ["Line", "QueueView", "job_line", "queue_embed", "queue_view"]

COLOUR: Final = discord.Colour(0x3B7DD8)
MOST_LINES: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One painting under way.

    Attributes:
        place: its place in the queue, 1 being the next; None once it is not waiting.
        seconds_left: estimate until it is done; None where nothing is known yet.
    """

    job: Job
    place: int | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueView:
    """What `queue` tells.

    Attributes:
        mine: the asker's own paintings under way, soonest done first.
        painting: what is being painted in their server, by anyone.
        waiting: how many paintings of their server wait.
        elsewhere: how many wait in other servers and in direct messages.
        in_guild: whether it is asked in a server.
    """

    mine: Sequence[Line]
    painting: Sequence[Job]
    waiting: int
    elsewhere: int
    in_guild: bool


def queue_embed(queue: QueueView, *, prefix: str) -> discord.Embed:
    """The queue as text. Members are named in a way that does not ping them."""
    embed = discord.Embed(title="Queue", colour=COLOUR)
    own = [job_line(line, number) for number, line in enumerate(queue.mine[:MOST_LINES], 1)]
    embed.add_field(
        name="Yours",
        value="\n".join(own) or sentences.NONE_UNDER_WAY.format(prefix=prefix),
        inline=False,
    )
    if queue.in_guild:
        embed.add_field(name="This server", value=_of_guild(queue), inline=False)
    if queue.elsewhere:
        places = "other servers" if queue.in_guild else "servers"
        embed.set_footer(text=f"{_count(queue.elsewhere)} more in {places}; everyone takes turns")
    return embed


def queue_view(mine: Sequence[Line]) -> discord.ui.View:
    """A button to cancel each of the asker's own paintings, or to begin one."""
    if not mine:
        return start_view()
    view = RoutedView()
    for number, line in enumerate(mine[:5], 1):
        if line.job.cancel_requested:
            continue
        label = f"Cancel {number}" if len(mine) > 1 else None
        view.add_item(job_button(line.job.job_id, JobAction.CANCEL, label=label))
    return view


def job_line(line: Line, number: int) -> str:
    """One of the asker's own paintings."""
    job = line.job
    title = f"**{number}** {shown_title(job, limit=70)}"
    address = _card_link(job)
    if address is not None:
        title += f" · [card]({address})"
    if job.cancel_requested:
        return f"{title}\nstopping…"
    if job.state is JobState.RUNNING:
        share = job.step / job.total if job.total else 0.0
        how = f"{bar(share)} {round(100 * share)}%"
    else:
        how = _waiting(line.place)
    if line.seconds_left is not None:
        how += f", done in {sentences.time_left(line.seconds_left)}"
    return f"{title}\n{how}"


def _of_guild(queue: QueueView) -> str:
    painters = []
    for job in queue.painting[:MOST_LINES]:
        share = f" ({round(100 * job.step / job.total)}%)" if job.total else ""
        painters.append(f"<@{job.origin.requester_id}>{share}")
    if not painters and not queue.waiting:
        return "Nothing is being painted, and nobody is waiting."
    now = f"Painting now: {', '.join(painters)}" if painters else "Nothing is being painted"
    waiting = f"{_count(queue.waiting)} waiting" if queue.waiting else "Nobody is waiting"
    return f"{now}.\n{waiting}."


def _count(number: int) -> str:
    return "1 painting" if number == 1 else f"{number} paintings"


def _card_link(job: Job) -> str | None:
    if job.card_message_id is None:
        return None
    guild = "@me" if job.origin.guild_id is None else job.origin.guild_id
    return f"https://discord.com/channels/{guild}/{job.origin.channel_id}/{job.card_message_id}"


def _waiting(place: int | None) -> str:
    if place is None:
        return "waiting"
    return "waiting, next in line" if place == 1 else f"waiting, number {place} in line"
