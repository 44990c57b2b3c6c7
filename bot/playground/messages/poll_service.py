"""Polls: validation, votes and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode
from bot.playground.state.event_bus import Event
from bot.playground.state.polls import Poll, PollAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from bot.playground.errors import FormErrors
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Json, Message
    from bot.playground.state.state import State

__all__ = ["PollDraft", "PollService", "parse_poll"]

MAX_QUESTION, MAX_ANSWER, MAX_ANSWERS = 300, 55, 10
DEFAULT_HOURS, MAX_HOURS = 24, 32 * 24


@dataclass(frozen=True, kw_only=True)
class PollDraft:
    """The validated poll of a message that is not sent yet."""

    question: Json
    answers: list[Json]
    hours: int
    multiselect: bool

    def start(self, now: datetime) -> Poll:
        """Return the poll, open from ``now`` on."""
        return Poll(
            question=self.question,
            answers={
                number: PollAnswer(id=number, media=media)
                for number, media in enumerate(self.answers, start=1)
            },
            expiry=now + timedelta(hours=self.hours),
            multiselect=self.multiselect,
        )


def parse_poll(given: object, errors: FormErrors) -> PollDraft | None:
    """Check the ``poll`` of a message's body; add violations to ``errors``."""
    if given is None:
        return None
    path = ("poll",)
    fields = errors.read_object(path, given)
    question = errors.read_object((*path, "question"), fields.get("question"))
    text = str(question.get("text") or "")
    if not 1 <= len(text) <= MAX_QUESTION:
        errors.bad_length((*path, "question", "text"), 1, MAX_QUESTION)
    listed = errors.read_objects((*path, "answers"), fields.get("answers"))
    if not 1 <= len(listed) <= MAX_ANSWERS:
        errors.bad_length((*path, "answers"), 1, MAX_ANSWERS)
    answers: list[Json] = []
    for index, answer in enumerate(listed):
        where = (*path, "answers", index, "poll_media")
        media = errors.read_object(where, answer.get("poll_media"))
        answer_text = str(media.get("text") or "")
        if not 1 <= len(answer_text) <= MAX_ANSWER:
            errors.bad_length((*where, "text"), 1, MAX_ANSWER)
        shape: Json = {"text": answer_text}
        if emoji := errors.read_object((*where, "emoji"), media.get("emoji")):
            shape["emoji"] = {"id": emoji.get("id"), "name": emoji.get("name")}
        answers.append(shape)
    hours = errors.read_integer((*path, "duration"), fields.get("duration")) or DEFAULT_HOURS
    if not 1 <= hours <= MAX_HOURS:
        errors.add(
            (*path, "duration"),
            "NUMBER_TYPE_RANGE",
            f"int value should be between 1 and {MAX_HOURS}.",
        )
    return PollDraft(
        question={"text": text},
        answers=answers,
        hours=hours,
        multiselect=bool(fields.get("allow_multiselect")),
    )


class PollService:
    """Votes in polls and ends them, and publishes the events."""

    def __init__(self, state: State, event_bus: EventBus) -> None:
        self._state = state
        self._event_bus = event_bus

    def answer(self, message: Message, answer_id: int) -> PollAnswer:
        """Return an answer of the message's poll.

        Raises:
            ApiError: 404/10008 when the message has no poll, or no such answer.
        """
        answer = message.poll.answers.get(answer_id) if message.poll is not None else None
        if answer is None:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return answer

    def vote(self, message: Message, user_id: str, answer_id: int) -> None:
        """Vote for an answer; where only one is allowed, the vote for another one is withdrawn.

        Raises:
            ApiError: 404/10008 for an unknown answer, 400/520001 when the poll has ended.
        """
        chosen = self.answer(message, answer_id)
        poll = self._open_poll(message)
        if user_id in chosen.user_ids:
            return
        for other in poll.answers.values():
            if not poll.multiselect and user_id in other.user_ids:
                self.withdraw(message, user_id, other.id)
        chosen.user_ids.append(user_id)
        self._publish_vote("MESSAGE_POLL_VOTE_ADD", message, user_id, answer_id)

    def withdraw(self, message: Message, user_id: str, answer_id: int) -> None:
        """Withdraw the user's vote for an answer; do nothing if there is none.

        Raises:
            ApiError: 404/10008 for an unknown answer, 400/520001 when the poll has ended.
        """
        answer = self.answer(message, answer_id)
        self._open_poll(message)
        if user_id in answer.user_ids:
            answer.user_ids.remove(user_id)
            self._publish_vote("MESSAGE_POLL_VOTE_REMOVE", message, user_id, answer_id)

    def end(self, message: Message, *, by: str) -> None:
        """End the poll now.

        Raises:
            ApiError: 403/50005 when it is another user's, 404/10008 when there is no poll,
                400/520001 when it has ended.
        """
        if message.author.id != by:
            raise ApiError(ErrorCode.CANNOT_EDIT_OTHERS)
        self._open_poll(message).expiry = self._state.clock.now()
        channel = self._state.channels[message.channel_id]
        self._event_bus.publish(
            Event(
                name="MESSAGE_UPDATE", message=message, channel=channel, guild_id=channel.guild_id
            )
        )

    def _open_poll(self, message: Message) -> Poll:
        if message.poll is None:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        if self._state.clock.now() >= message.poll.expiry:
            raise ApiError(ErrorCode.POLL_EXPIRED)
        return message.poll

    def _publish_vote(self, name: str, message: Message, user_id: str, answer_id: int) -> None:
        channel = self._state.channels[message.channel_id]
        data: Json = {
            "user_id": user_id,
            "channel_id": channel.id,
            "message_id": message.id,
            "answer_id": answer_id,
        }
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
        self._event_bus.publish(
            Event(name=name, data=data, channel=channel, guild_id=channel.guild_id)
        )
