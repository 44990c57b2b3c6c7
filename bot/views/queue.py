"""The queue, for the member who asks and for their server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import discord

from bot.jobs.models import JobState
from bot.views.card import bar
from bot.views.components.items import RoutedView, job_button, start_view
from bot.views.components.routes import JobAction
from bot.views.job_titles import list_title
from bot.views.text import jobs as text
from bot.views.text.units import count, time_left

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.jobs.models import Job

__all__ = ["QueueSummary", "QueuedJob", "queue_embed", "queue_view"]

COLOUR: Final = discord.Colour(0x3B7DD8)
MOST_LINES: Final = 10
LONGEST_FIELD: Final = 1024
"""Discord's limit for a field of an embed, in characters."""

MOST_BUTTONS: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedJob:
    """An unfinished job.

    Attributes:
        job: the job.
        place: place in the queue, 1 is the next; None if it is running.
        seconds_left: estimate until it is done; None if unknown.
        done: share of the painting time that has passed, from 0 to 1.
    """

    job: Job
    place: int | None = None
    seconds_left: float | None = None
    done: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueSummary:
    """What `queue` shows.

    Attributes:
        mine: the member's own unfinished jobs, soonest done first.
        running: jobs of this server that are running, anyone's.
        waiting: number of jobs of this server that wait.
        elsewhere: number of jobs that wait in other servers and direct messages.
        in_guild: whether the command was used in a server.
        mine_hidden: number of the member's own jobs that not everyone here may see.
        running_hidden: number of running jobs of this server that not everyone here may see.
    """

    mine: Sequence[QueuedJob]
    running: Sequence[QueuedJob]
    waiting: int
    elsewhere: int
    in_guild: bool
    mine_hidden: int = 0
    running_hidden: int = 0

    def visible(self, may_see: Callable[[Job], bool]) -> QueueSummary:
        """Keep what everyone who will see it may see, and count the rest."""
        mine = [queued for queued in self.mine if may_see(queued.job)]
        running = [queued for queued in self.running if may_see(queued.job)]
        return replace(
            self,
            mine=mine,
            running=running,
            mine_hidden=len(self.mine) - len(mine),
            running_hidden=len(self.running) - len(running),
        )


def queue_embed(queue: QueueSummary, *, prefix: str) -> discord.Embed:
    """Render the queue; mentions in an embed do not notify."""
    embed = discord.Embed(title=text.QUEUE_TITLE, colour=COLOUR)
    embed.add_field(
        name=text.YOURS_TITLE,
        value="\n".join(_mine(queue)) or text.NONE_UNDER_WAY.format(prefix=prefix),
        inline=False,
    )
    if queue.in_guild:
        embed.add_field(name=text.SERVER_TITLE, value=_guild_lines(queue), inline=False)
    if queue.elsewhere:
        elsewhere = text.ELSEWHERE if queue.in_guild else text.ELSEWHERE_IN_SERVERS
        embed.set_footer(text=elsewhere.format(paintings=count(queue.elsewhere, "painting")))
    return embed


def queue_view(mine: Sequence[QueuedJob]) -> discord.ui.View:
    """A button that cancels each of the member's own jobs, or one that starts a request."""
    if not mine:
        return start_view()
    view = RoutedView()
    for number, queued in enumerate(mine[:MOST_BUTTONS], 1):
        if queued.job.cancel_requested:
            continue
        label = text.CANCEL_NUMBER.format(number=number) if len(mine) > 1 else None
        view.add_item(job_button(queued.job.job_id, JobAction.CANCEL, label=label))
    return view


def _mine(queue: QueueSummary) -> list[str]:
    """The member's own jobs, as many as fit, and the number of the others."""
    own = [_own_lines(queued, number) for number, queued in enumerate(queue.mine[:MOST_LINES], 1)]
    while True:
        rest = []
        if len(own) < len(queue.mine):
            more = count(len(queue.mine) - len(own), "painting")
            rest.append(text.YOURS_LEFT_OUT.format(paintings=more))
        if queue.mine_hidden:
            hidden = count(queue.mine_hidden, "painting")
            rest.append(text.YOURS_HIDDEN.format(paintings=hidden))
        if not own or len("\n".join([*own, *rest])) <= LONGEST_FIELD:
            return [*own, *rest]
        own.pop()


def _own_lines(queued: QueuedJob, number: int) -> str:
    job = queued.job
    title = f"**{number}** {list_title(job)}"
    address = _card_link(job)
    if address is not None:
        title += f" · [{text.CARD_LINK}]({address})"
    if job.cancel_requested:
        return f"{title}\n{text.STOPPING_SHORT}"
    if job.state is JobState.RUNNING:
        status = f"{bar(queued.done)} {round(100 * queued.done)}%"
    else:
        status = text.place_in_queue(queued.place)
    if queued.seconds_left is not None:
        status = text.STATUS_DONE_IN.format(status=status, time=time_left(queued.seconds_left))
    return f"{title}\n{status}"


def _guild_lines(queue: QueueSummary) -> str:
    members = []
    for queued in queue.running[:MOST_LINES]:
        share = f" ({round(100 * queued.done)}%)" if queued.job.total else ""
        members.append(f"<@{queued.job.origin.requester_id}>{share}")
    if queue.running_hidden:
        members.append(text.RUNNING_HIDDEN.format(count=queue.running_hidden))
    if not members and not queue.waiting:
        return text.ALL_IDLE
    waiting = text.NOBODY_WAITING
    if queue.waiting:
        waiting = text.SOME_WAITING.format(paintings=count(queue.waiting, "painting"))
    if not members:
        return text.NOTHING_PAINTED.format(waiting=waiting)
    return text.PAINTING_NOW.format(members=", ".join(members), waiting=waiting)


def _card_link(job: Job) -> str | None:
    if job.card_message_id is None:
        return None
    guild = "@me" if job.origin.guild_id is None else job.origin.guild_id
    return f"https://discord.com/channels/{guild}/{job.origin.channel_id}/{job.card_message_id}"
