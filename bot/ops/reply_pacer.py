"""Spacing of the bot's replies in each channel, so that Discord's rate limit is left to cards.

Discord limits the messages per channel, and its client library sends them in the order in which
they were asked for: the card of one member would wait behind the replies to everyone's commands.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from bot.ops import metrics

__all__ = ["ReplyPacer", "ReplyTurn"]

_SKIPPED_KEY: Final = ""


class ReplyTurn(Enum):
    """What becomes of a reply."""

    GRANTED = auto()  # send it now
    REPEATED = auto()  # send nothing: the same reply to the same member is waiting
    SKIPPED = auto()  # send now, instead, that the reply was skipped


@dataclass(slots=True)
class _Member:
    """A member with waiting replies.

    Attributes:
        turn: number of their latest turn; who was served longer ago goes first.
        waiting: by reply key, oldest first.
    """

    turn: int = 0
    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)


@dataclass(slots=True)
class _Channel:
    """The recent messages and the waiting replies of one channel.

    Attributes:
        sent: messages of the window, oldest first: when, and whom it replied to, or None.
        members: those with waiting replies or a reply within the window.
        timer: fires when the oldest message leaves the window.
    """

    sent: deque[tuple[float, int | None]] = field(default_factory=deque)
    members: dict[int, _Member] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None


class ReplyPacer:
    """Grants turns to reply: few in each channel, to one member after the other.

    A reply waits while `messages` messages, replies or not, were sent in its channel within the
    last `window` seconds and at least one of them was a reply. The next turn goes to the member
    whose latest one was the longest ago.

    Args:
        messages: per window and channel.
        window: seconds.
        max_waiting: waiting replies of one member in one channel.
    """

    def __init__(self, *, messages: int, window: float, max_waiting: int) -> None:
        self._messages = messages
        self._window = window
        self._max_waiting = max_waiting
        self._channels: dict[int, _Channel] = {}
        self._turns = itertools.count(1)
        self._closed = False

    def close(self) -> None:
        """Grant all turns, those that wait and later ones."""
        self._closed = True
        for channel in self._channels.values():
            if channel.timer is not None:
                channel.timer.cancel()
            for member in channel.members.values():
                for waiting in member.waiting.values():
                    if not waiting.done():
                        waiting.set_result(None)
        self._channels.clear()

    def note_message(self, channel_id: int) -> None:
        """Count a message that does not wait for a turn, such as a card."""
        if not self._closed:
            channel = self._find_channel(channel_id)
            channel.sent.append((_now(), None))
            self._set_timer(channel_id, channel)

    async def wait_for_turn(self, channel_id: int, member_id: int, key: str) -> ReplyTurn:
        """Wait until a reply may be sent.

        Of a member's replies beyond `max_waiting`, one sentence says that they were skipped.

        Args:
            channel_id: where.
            member_id: who is answered.
            key: identifies the reply among those to the member; not empty.
        """
        if self._closed:
            return ReplyTurn.GRANTED
        channel = self._find_channel(channel_id)
        member = channel.members.setdefault(member_id, _Member())
        if key in member.waiting:
            metrics.REPLIES_DROPPED.labels("repeated").inc()
            return ReplyTurn.REPEATED
        turn = ReplyTurn.GRANTED
        if len(member.waiting) >= self._max_waiting:
            metrics.REPLIES_DROPPED.labels("too_many").inc()
            if _SKIPPED_KEY in member.waiting:
                return ReplyTurn.REPEATED
            turn, key = ReplyTurn.SKIPPED, _SKIPPED_KEY
        waiting = member.waiting[key] = asyncio.get_running_loop().create_future()
        self._grant(channel_id)
        if not waiting.done():
            metrics.REPLIES_DELAYED.inc()
        try:
            await waiting
        finally:
            if member.waiting.get(key) is waiting:  # cancelled, or closed
                del member.waiting[key]
        return turn

    def _find_channel(self, channel_id: int) -> _Channel:
        """Return the channel, without the messages before its window."""
        channel = self._channels.setdefault(channel_id, _Channel())
        begin = _now() - self._window
        while channel.sent and channel.sent[0][0] <= begin:
            channel.sent.popleft()
        return channel

    def _grant(self, channel_id: int) -> None:
        """Grant the turns that are due, and set the timer for the next one."""
        channel = self._find_channel(channel_id)
        while ready := {each: of for each, of in channel.members.items() if of.waiting}:
            has_reply = any(to is not None for _, to in channel.sent)
            if has_reply and len(channel.sent) >= self._messages:
                break
            member_id, member = min(ready.items(), key=lambda each: each[1].turn)
            member.turn = next(self._turns)
            granted = member.waiting.pop(next(iter(member.waiting)))
            if not granted.done():  # not cancelled
                granted.set_result(None)
                channel.sent.append((_now(), member_id))
        self._set_timer(channel_id, channel)

    def _set_timer(self, channel_id: int, channel: _Channel) -> None:
        if channel.timer is None and channel.sent:
            ends = channel.sent[0][0] + self._window
            channel.timer = asyncio.get_running_loop().call_at(ends, self._on_timer, channel_id)

    def _on_timer(self, channel_id: int) -> None:
        channel = self._find_channel(channel_id)
        channel.timer = None
        answered = {to for _, to in channel.sent}
        for member_id, member in list(channel.members.items()):
            if not member.waiting and member_id not in answered:
                del channel.members[member_id]
        if channel.sent or channel.members:
            self._grant(channel_id)
        else:
            del self._channels[channel_id]


def _now() -> float:
    return asyncio.get_running_loop().time()
