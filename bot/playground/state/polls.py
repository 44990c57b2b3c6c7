"""The record of a poll, and its payload."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playground.state.records import Json

__all__ = ["Poll", "PollAnswer"]

DEFAULT_LAYOUT = 1


@dataclass(kw_only=True)
class PollAnswer:
    """One answer of a poll: its id, its text and emoji, and the ids of its voters, in order."""

    id: int
    media: Json
    user_ids: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Poll:
    """A poll on a message.

    Attributes:
        expiry: when it ends; brought forward by ending it early.
    """

    question: Json
    answers: dict[int, PollAnswer]
    expiry: datetime
    multiselect: bool = False

    def payload(self, *, viewer: str, now: datetime) -> Json:
        """Return the poll object, with the votes of ``viewer`` marked.

        Args:
            viewer: id of the user who receives it.
            now: the current time, which decides whether the votes are final.
        """
        return {
            "question": self.question,
            "answers": [
                {"answer_id": answer.id, "poll_media": answer.media}
                for answer in self.answers.values()
            ],
            "expiry": self.expiry.isoformat(timespec="microseconds"),
            "allow_multiselect": self.multiselect,
            "layout_type": DEFAULT_LAYOUT,
            "results": {
                "answer_counts": [
                    {
                        "id": answer.id,
                        "count": len(answer.user_ids),
                        "me_voted": viewer in answer.user_ids,
                    }
                    for answer in self.answers.values()
                    if answer.user_ids
                ],
                "is_finalized": now >= self.expiry,
            },
        }
