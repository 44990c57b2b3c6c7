"""What the database says, read from outside, and what the channel shows, held against it."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..conftest import custom_ids, job_id_of

if TYPE_CHECKING:
    from bot.playground.server import Playground
    from bot.playground.state.records import Message, User
    from bot.settings import Settings

__all__ = ["Audit", "Channel", "audit", "is_settled", "phases"]

_BUTTON = re.compile(r"job:([0-9a-f]{12}):")
FINAL = {"succeeded", "failed", "cancelled"}


class Channel:
    """The one channel of the run, and what the bot has put into it."""

    def __init__(self, playground: Playground) -> None:
        self.playground = playground
        self._bot: User = playground.scene.bot
        self._messages = playground.scene.stylize.messages

    def cards(self) -> list[tuple[str, Message]]:
        """Every card, with its job's id."""
        return [(job_id_of(each), each) for each in self._ours() if each.embeds and _is_card(each)]

    def finals(self) -> list[tuple[str, Message]]:
        """Every message that delivers a picture, with its job's id."""
        return [
            (_job_of_buttons(each), each)
            for each in self._ours()
            if each.attachments and _job_of_buttons(each) and not _is_card(each)
        ]

    def others(self) -> list[Message]:
        """What else the bot has said: refusals, apologies, failures."""
        return [each for each in self._ours() if not each.attachments and not each.embeds]

    def _ours(self) -> list[Message]:
        return [each for each in self._messages.values() if each.author == self._bot]


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What came of it all.

    Attributes:
        accepted: jobs in the database.
        delivered: of those, how many have exactly one picture in the channel.
        doubled: how many have more.
        lost: how many have none.
        complaints: everything that is not as it must be, in words.
    """

    accepted: int = 0
    delivered: int = 0
    doubled: int = 0
    lost: int = 0
    complaints: list[str] = field(default_factory=list)


def audit(settings: Settings, channel: Channel, *, deleted_cards: set[str]) -> Audit:
    """Hold the channel against the database, once the bot has stopped.

    Args:
        settings: where the database and the pictures are.
        channel: the channel.
        deleted_cards: jobs whose card a member deleted.
    """
    with closing(_open(_database(settings))) as database:
        jobs = database.execute("SELECT * FROM jobs ORDER BY number").fetchall()
        pending = database.execute("SELECT * FROM outbox WHERE message_id IS NULL").fetchall()
    finals, cards = _by_job(channel.finals()), _by_job(channel.cards())
    known = {job["job_id"] for job in jobs}
    complaints = [
        f"a picture in the channel belongs to no job that is known: {job_id!r}"
        for job_id in finals.keys() - known
    ]
    complaints += [
        f"job {row['job_id']}: its {row['announcement']} was never recorded as delivered "
        f"({row['attempts']} attempts, given up: {row['abandoned']})"
        for row in pending
    ]
    asked = Counter(job["request_key"] for job in jobs)
    complaints += [f"{key} became {times} jobs" for key, times in asked.items() if times > 1]
    for job in jobs:
        job_id = job["job_id"]
        complaints += [
            f"job {job_id}: {complaint}"
            for complaint in (
                *_about_state(job),
                *_about_final(settings, channel, job, finals.get(job_id, [])),
                *_about_card(job, cards.get(job_id, []), was_deleted=job_id in deleted_cards),
            )
        ]
    pictures = [len(finals.get(job["job_id"], [])) for job in jobs]
    return Audit(
        accepted=len(jobs),
        delivered=sum(each == 1 for each in pictures),
        doubled=sum(each > 1 for each in pictures),
        lost=sum(each == 0 for each in pictures),
        complaints=complaints,
    )


def is_settled(settings: Settings) -> bool:
    """Whether every job has ended and nothing remains to be said; the bot may be running."""
    path = _database(settings)
    if not path.exists():
        return False
    try:
        with closing(_open(path, read_only=True)) as database:
            under_way = database.execute(
                "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')"
            ).fetchone()[0]
            unsaid = database.execute(
                "SELECT count(*) FROM outbox WHERE message_id IS NULL AND abandoned IS NULL"
            ).fetchone()[0]
    except sqlite3.OperationalError:  # it is being written at this moment
        return False
    return under_way == unsaid == 0


def phases(settings: Settings) -> Counter[str]:
    """In which phase of its life each job was when the bot died.

    A copy is looked at, since opening a database that was left in a crash mends it, and mending
    it is the bot's business.
    """
    path = _database(settings)
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, folder)
        copy = Path(folder, path.name)
        if not copy.exists():
            return found
        with closing(_open(copy)) as database:
            try:
                rows = database.execute(
                    "SELECT state, checkpoint_step, card.attempts AS card_attempts,"
                    " card.message_id AS card_message, outcome.attempts AS attempts,"
                    " outcome.message_id AS message FROM jobs"
                    " LEFT JOIN outbox card ON card.job_id = jobs.job_id"
                    " AND card.announcement = 'card'"
                    " LEFT JOIN outbox outcome ON outcome.job_id = jobs.job_id"
                    " AND outcome.announcement = 'outcome'"
                ).fetchall()
            except sqlite3.OperationalError:  # it died before there were tables
                return found
    for row in rows:
        found[_phase(row)] += 1
    return found


def _phase(row: sqlite3.Row) -> str:
    if row["state"] in FINAL:
        if row["message"] is not None:
            return "delivered"
        return "picture being posted" if row["attempts"] else "painted, not announced"
    if row["card_message"] is None:
        return "card being posted" if row["card_attempts"] else "accepted, no card"
    if row["state"] == "queued":
        return "waiting"
    return "painting, no checkpoint" if row["checkpoint_step"] is None else "painting"


def _about_state(job: sqlite3.Row) -> list[str]:
    if job["state"] == "succeeded":
        return []
    why = f" ({job['error_code']}: {job['error_message']})" if job["error_code"] else ""
    return [f"it is {job['state']}{why}, after {job['attempts']} attempts"]


def _about_final(
    settings: Settings, channel: Channel, job: sqlite3.Row, finals: list[Message]
) -> list[str]:
    if not finals:
        return ["there is no picture of it in the channel"]
    if len(finals) > 1:
        return [f"its picture is in the channel {len(finals)} times"]
    final = finals[0]
    complaints = []
    if str(job["outcome_message_id"]) != final.id:
        complaints.append(f"message {job['outcome_message_id']} is on record, not {final.id}")
    result = Path(settings.resolved_artefacts_url, job["result_key"])
    if channel.playground.cdn.read(final.attachments[0]) != result.read_bytes():
        complaints.append("the picture in the channel is not the one that was painted")
    return complaints


def _about_card(job: sqlite3.Row, cards: list[Message], *, was_deleted: bool) -> list[str]:
    if len(cards) > 1:
        return [f"it has {len(cards)} cards"]
    if not cards:
        return [] if was_deleted else ["its card is gone"]
    if str(job["card_message_id"]) != cards[0].id:
        return [f"card {job['card_message_id']} is on record, not {cards[0].id}"]
    if "100%" not in str(cards[0].embeds):
        return ["its card does not say that it is done"]
    return []


def _is_card(message: Message) -> bool:
    return bool(job_id_of(message))


def _job_of_buttons(message: Message) -> str:
    for custom_id in custom_ids(message):
        match = _BUTTON.match(custom_id)
        if match is not None:
            return match[1]
    return ""


def _by_job(messages: list[tuple[str, Message]]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for job_id, message in messages:
        found.setdefault(job_id, []).append(message)
    return found


def _database(settings: Settings) -> Path:
    return settings.data_dir / "stylebot.sqlite3"


def _open(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    mode = "?mode=ro" if read_only else ""
    database = sqlite3.connect(f"file:{path}{mode}", uri=True, timeout=5)
    database.row_factory = sqlite3.Row
    return database
