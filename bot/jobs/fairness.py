"""Whose turn it is: guilds take turns, and members take turns within their guild.

Every guild that waits holds a ticket, and so does every member within it. The lowest ticket is
served, and whoever was served draws a new one, higher than all: a guild that asks for a hundred
pictures gets one of them per round, like every other, and a guild that comes to the queue is
served within one round. Within a guild, jobs of favoured roles go first; a job that has waited
for `AGEING` counts as favoured, so that nobody waits for ever. A job that was already begun
has had its turn, and goes on before anything else.

The claim itself is one SQL statement with the same order (`bot.jobs.store`); this is the policy
written down in full, used to foretell the order of the whole queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AGEING", "Waiting", "turn_order"]

AGEING = timedelta(minutes=10)
"""A job that waited so long is treated like those of its guild's favoured roles."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A queued job, as far as its turn is concerned.

    Attributes:
        number: order of arrival.
        favoured: its requester's role goes first, or it has waited long enough to.
        begun: it was claimed before, and goes on as soon as it can.
    """

    job_id: str
    number: int
    guild_key: int
    requester_id: int
    favoured: bool = False
    begun: bool = False


def turn_order(
    waiting: Iterable[Waiting],
    *,
    guild_tickets: Mapping[int, int],
    member_tickets: Mapping[tuple[int, int], int],
) -> list[str]:
    """The ids of the waiting jobs in the order in which they will be claimed.

    Args:
        waiting: every queued job.
        guild_tickets: the tickets held now, by guild key.
        member_tickets: the tickets held now, by guild key and requester.
    """
    order = sorted((job for job in waiting), key=lambda job: job.number)
    begun = [job.job_id for job in order if job.begun]
    by_guild: dict[int, list[Waiting]] = {}
    for job in order:
        if not job.begun:
            by_guild.setdefault(job.guild_key, []).append(job)
    turns = [(guild_tickets[key], key) for key in by_guild]
    heapify(turns)
    tickets = dict(member_tickets)
    next_guild_ticket = max(guild_tickets.values(), default=0) + 1
    next_member_ticket = max(member_tickets.values(), default=0) + 1
    fresh: list[str] = []
    while turns:
        _, key = heappop(turns)
        jobs = by_guild[key]
        job = min(
            jobs, key=lambda job: (not job.favoured, tickets[key, job.requester_id], job.number)
        )
        jobs.remove(job)
        fresh.append(job.job_id)
        tickets[key, job.requester_id] = next_member_ticket
        next_member_ticket += 1
        if jobs:
            heappush(turns, (next_guild_ticket, key))
            next_guild_ticket += 1
    return begun + fresh
