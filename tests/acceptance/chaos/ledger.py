"""Compare what the database holds with what the channels show."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .ledger_database import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.playground.state.records import Message

    from .bot_messages import BotMessages
    from .ledger_database import LedgerDatabase

__all__ = ["Audit", "Ledger"]

FINAL = {"succeeded", "failed", "cancelled"}

_UNFINISHED = """
SELECT (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running'))
     + (SELECT count(*) FROM outbox WHERE message_id IS NULL AND abandoned IS NULL)
     + (SELECT count(*) FROM retractions WHERE abandoned IS NULL) AS number
"""

_PHASES = """
SELECT state, checkpoint_step,
    card.attempts AS card_attempts, card.message_id AS card_message,
    outcome.attempts AS attempts, outcome.message_id AS message
FROM jobs
LEFT JOIN outbox card ON card.job_id = jobs.job_id AND card.announcement = 'card'
LEFT JOIN outbox outcome ON outcome.job_id = jobs.job_id AND outcome.announcement = 'outcome'
"""

_SENDING = """
SELECT tended_by AS process FROM jobs JOIN outbox ON outbox.job_id = jobs.job_id
WHERE outbox.message_id IS NULL AND abandoned IS NULL AND send_started_at IS NOT NULL
ORDER BY send_started_at DESC
"""

_PAINTING = (
    "SELECT claimed_by AS process FROM jobs WHERE state = 'running' ORDER BY heartbeat_at DESC"
)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The result of the comparison.

    Attributes:
        accepted: jobs in the database.
        delivered: jobs with exactly one picture in the channels.
        doubled: jobs with more than one.
        lost: jobs with none.
        complaints: everything that is not as it must be, in words.
    """

    accepted: int = 0
    delivered: int = 0
    doubled: int = 0
    lost: int = 0
    complaints: list[str] = field(default_factory=list)


class Ledger:
    """Reads the bots' database, and compares it with their messages.

    Args:
        database: the database.
        messages: the bots' messages.
        artefacts: the folder of the jobs' files.
    """

    def __init__(self, database: LedgerDatabase, messages: BotMessages, *, artefacts: Path) -> None:
        self.database = database
        self.messages = messages
        self.artefacts = artefacts

    async def is_settled(self) -> bool:
        """Return whether every job has ended and every message is sent or deleted."""
        try:
            (row,) = await self.database.fetch(_UNFINISHED)
        except UnreadableError:
            return False
        return bool(row["number"] == 0)

    async def count_phases(self) -> Counter[str]:
        """Return in which phase of its life each job was when a bot was killed."""
        try:
            rows = await self.database.fetch_after_kill(_PHASES)
        except UnreadableError:
            return Counter()
        return Counter(_phase(row) for row in rows)

    async def active_pids(self) -> list[int]:
        """Return the ids of the processes that send, the latest first, then of those that paint."""
        pids: list[int] = []
        for query in (_SENDING, _PAINTING):
            try:
                rows = await self.database.fetch(query)
            except UnreadableError:
                continue
            pids += [int(row["process"].split("-")[-2]) for row in rows if row["process"]]
        return pids

    async def audit(self, *, deleted_cards: set[str], to_answer: Sequence[Message]) -> Audit:
        """Compare, once the bots have stopped.

        Args:
            deleted_cards: ids of the jobs whose card a member deleted.
            to_answer: requests that were in flight when a bot was asked to stop.
        """
        jobs = await self.database.fetch("SELECT * FROM jobs ORDER BY number")
        pending = await self.database.fetch("SELECT * FROM outbox WHERE message_id IS NULL")
        pictures = _by_job(self.messages.pictures())
        cards = _by_job(self.messages.cards())
        known = {job["job_id"] for job in jobs}
        complaints = [
            f"a picture in a channel belongs to no known job: {job_id!r}"
            for job_id in pictures.keys() - known
        ]
        complaints += [
            f"job {row['job_id']}: its {row['announcement']} was never recorded as delivered "
            f"({row['attempts']} attempts, abandoned: {row['abandoned']})"
            for row in pending
        ]
        asked = Counter(job["request_key"] for job in jobs)
        complaints += [f"{key} became {times} jobs" for key, times in asked.items() if times > 1]
        accepted = {str(job["message_id"]) for job in jobs}
        complaints += [
            f"request {message.id} was in flight when the bot was stopped, and is unanswered"
            for message in to_answer
            if message.id not in accepted and not self.messages.replies_to(message.id)
        ]
        for job in jobs:
            job_id = job["job_id"]
            complaints += [
                f"job {job_id}: {complaint}"
                for complaint in (
                    *_about_state(job),
                    *self._about_picture(job, pictures.get(job_id, [])),
                    *_about_card(job, cards.get(job_id, []), was_deleted=job_id in deleted_cards),
                )
            ]
        delivered = [len(pictures.get(job["job_id"], [])) for job in jobs]
        return Audit(
            accepted=len(jobs),
            delivered=sum(each == 1 for each in delivered),
            doubled=sum(each > 1 for each in delivered),
            lost=sum(each == 0 for each in delivered),
            complaints=complaints,
        )

    def _about_picture(self, job: Mapping[str, Any], found: list[Message]) -> list[str]:
        if not found:
            return ["there is no picture of it in the channels"]
        if len(found) > 1:
            return [f"its picture is in the channels {len(found)} times"]
        message = found[0]
        complaints = []
        if str(job["outcome_message_id"]) != message.id:
            complaints.append(f"message {job['outcome_message_id']} is recorded, not {message.id}")
        delivered = self.messages.playground.cdn.read(message.attachments[0])
        if delivered != Path(self.artefacts, job["result_key"]).read_bytes():
            complaints.append("the picture in the channel is not the one that was painted")
        return complaints


def _phase(row: Mapping[str, Any]) -> str:
    if row["state"] in FINAL:
        if row["message"] is not None:
            return "delivered"
        return "picture being posted" if row["attempts"] else "painted, not announced"
    if row["card_message"] is None:
        return "card being posted" if row["card_attempts"] else "accepted, no card"
    if row["state"] == "queued":
        return "waiting"
    return "painting, no checkpoint" if row["checkpoint_step"] is None else "painting"


def _about_state(job: Mapping[str, Any]) -> list[str]:
    if job["state"] == "succeeded":
        return []
    why = f" ({job['error_code']}: {job['error_message']})" if job["error_code"] else ""
    return [f"it is {job['state']}{why}, after {job['attempts']} attempts"]


def _about_card(job: Mapping[str, Any], cards: list[Message], *, was_deleted: bool) -> list[str]:
    if len(cards) > 1:
        return [f"it has {len(cards)} cards"]
    if not cards:
        return [] if was_deleted else ["its card is gone"]
    if str(job["card_message_id"]) != cards[0].id:
        return [f"card {job['card_message_id']} is recorded, not {cards[0].id}"]
    if "100%" not in str(cards[0].embeds):
        return ["its card does not say that it is done"]
    return []


def _by_job(messages: list[tuple[str, Message]]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for job_id, message in messages:
        found.setdefault(job_id, []).append(message)
    return found
