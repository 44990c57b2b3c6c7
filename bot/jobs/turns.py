"""The order in which queued jobs are claimed, as a policy on plain data.

Guilds take turns, and members take turns within their guild. Every guild with a queued job holds
a ticket, and so does every member within it. The lowest ticket is served next and is then
replaced by one higher than all others. So a guild with a hundred jobs gets one of them per round,
like every other guild, and a guild that joins the queue is served within one round. Within a
guild, jobs with a priority come first; a job that has waited for `AGEING` counts as one of them,
so that no job starves. A job that was started before comes before all others: it has had its turn.

`bot.jobs.queue` claims by the same order in SQL; this computes it for the whole queue, to predict
positions.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from heapq import heapify, heappop, heappush, heapreplace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AGEING", "Turn", "sort_by_turn"]

AGEING = timedelta(minutes=10)
"""Default waiting time after which a job counts as one with priority."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What decides when a queued job is claimed.

    Attributes:
        number: order of arrival.
        guild_key: the guild, or a negative user id for a direct message.
        guild_ticket: the guild's current ticket.
        member_ticket: the requester's current ticket in that guild.
        has_priority: the job's priority is above 0, or it has waited for long enough.
        was_started: it was claimed before and resumes as soon as possible.
    """

    job_id: str
    number: int
    guild_key: int
    requester_id: int
    guild_ticket: int = 0
    member_ticket: int = 0
    has_priority: bool = False
    was_started: bool = False


def sort_by_turn(queued: Iterable[Turn]) -> list[str]:
    """Return the ids of the queued jobs in the order in which they will be claimed.

    Takes O(n log n) for n jobs, however they are distributed over guilds and members.
    """
    by_arrival = sorted(queued, key=lambda turn: turn.number)
    guilds: dict[int, _GuildQueue] = {}
    guild_tickets: dict[int, int] = {}
    for turn in by_arrival:
        if not turn.was_started:
            guilds.setdefault(turn.guild_key, _GuildQueue()).add(turn)
            guild_tickets[turn.guild_key] = turn.guild_ticket
    turns = [(ticket, key) for key, ticket in guild_tickets.items()]
    heapify(turns)
    new_guild_ticket = itertools.count(1 + max(guild_tickets.values(), default=0))
    new_member_ticket = itertools.count(
        1 + max((turn.member_ticket for turn in by_arrival), default=0)
    )
    order = [turn.job_id for turn in by_arrival if turn.was_started]
    while turns:
        _, key = heappop(turns)
        order.append(guilds[key].pop_next(new_ticket=next(new_member_ticket)))
        if guilds[key]:
            heappush(turns, (next(new_guild_ticket), key))
    return order


class _GuildQueue:
    """The queued jobs of one guild: those with priority first, then by their members' tickets."""

    def __init__(self) -> None:
        self._tickets: dict[int, int] = {}  # by member
        self._queues = (_MemberQueues(), _MemberQueues())  # with priority, without

    def __bool__(self) -> bool:
        """Whether any job is left."""
        return any(queues.by_member for queues in self._queues)

    def add(self, turn: Turn) -> None:
        """Add a job; jobs are added in the order of their arrival."""
        member = turn.requester_id
        self._tickets[member] = turn.member_ticket
        queues = self._queues[0 if turn.has_priority else 1]
        if member not in queues.by_member:
            queues.by_member[member] = deque()
            heappush(queues.turns, (turn.member_ticket, turn.number, member))
        queues.by_member[member].append(turn.job_id)

    def pop_next(self, *, new_ticket: int) -> str:
        """Remove the next job and return its id; its member gets the new ticket."""
        queues = self._queues[0] if self._queues[0].by_member else self._queues[1]
        while True:
            ticket, number, member = queues.turns[0]
            if ticket == self._tickets[member]:
                break
            # The member was served from the other queues meanwhile, and has a newer ticket.
            heapreplace(queues.turns, (self._tickets[member], number, member))
        job_id = queues.by_member[member].popleft()
        self._tickets[member] = new_ticket
        if queues.by_member[member]:
            heapreplace(queues.turns, (new_ticket, number, member))
        else:
            heappop(queues.turns)
            del queues.by_member[member]
        return job_id


class _MemberQueues:
    """Job ids by member, and a heap of the members by ticket, then by arrival."""

    def __init__(self) -> None:
        self.by_member: dict[int, deque[str]] = {}
        self.turns: list[tuple[int, int, int]] = []
