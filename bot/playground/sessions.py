"""Gateway sessions: what a client identified as, and what it is told of the world's events."""

from __future__ import annotations

import secrets
from collections import deque
from enum import IntFlag
from typing import TYPE_CHECKING

from bot.playground import wire
from bot.playground.permissions import Permission
from bot.playground.records import DIRECT_MESSAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.hub import Event
    from bot.playground.records import Json, Message
    from bot.playground.state import State
    from bot.playground.wire import Wire

__all__ = ["PRIVILEGED", "Intent", "Session", "payload_for"]

REPLAY_LENGTH = 2000
"""Events a session keeps for a client that resumes."""


class Intent(IntFlag):
    """What a client asks to be told."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


KNOWN_INTENTS = (1 << 26) - 1
PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT

_MESSAGES = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
_REACTIONS = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
_GUILDS = (Intent.GUILDS, Intent(0))
_MEMBERS = (Intent.GUILD_MEMBERS, Intent(0))
_NONE = (Intent(0), Intent(0))
_NEEDED: dict[str, tuple[Intent, Intent]] = {
    # event: (intent in guilds, intent in direct messages); events not listed stay inside
    "MESSAGE_CREATE": _MESSAGES,
    "MESSAGE_UPDATE": _MESSAGES,
    "MESSAGE_DELETE": _MESSAGES,
    "MESSAGE_DELETE_BULK": _MESSAGES,
    "MESSAGE_REACTION_ADD": _REACTIONS,
    "MESSAGE_REACTION_REMOVE": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": _REACTIONS,
    "TYPING_START": (Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
    "PRESENCE_UPDATE": (Intent.GUILD_PRESENCES, Intent(0)),
    "GUILD_CREATE": _GUILDS,
    "GUILD_UPDATE": _GUILDS,
    "GUILD_DELETE": _GUILDS,
    "GUILD_ROLE_CREATE": _GUILDS,
    "GUILD_ROLE_UPDATE": _GUILDS,
    "GUILD_ROLE_DELETE": _GUILDS,
    "CHANNEL_CREATE": _GUILDS,
    "CHANNEL_UPDATE": _GUILDS,
    "CHANNEL_DELETE": _GUILDS,
    "GUILD_MEMBER_ADD": _MEMBERS,
    "GUILD_MEMBER_UPDATE": _MEMBERS,
    "GUILD_MEMBER_REMOVE": _MEMBERS,
    "INTERACTION_CREATE": _NONE,
}


class Session:
    """One identified client; it outlives its connection for a while, so that it can resume.

    Attributes:
        sequence: number of the last event.
        send: how the present connection takes a frame; None while there is none.
        disconnected_at: when the last connection ended, on the playground's clock.
        status: the presence the client asked for.
    """

    def __init__(self, intents: Intent, shard: tuple[int, int]) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.send: Callable[[Json], None] | None = None
        self.disconnected_at: float | None = None
        self.status = "online"
        self._kept: deque[Json] = deque(maxlen=REPLAY_LENGTH)

    def dispatch(self, name: str, data: Json) -> None:
        """Number the event, keep it for a resume, and send it when someone is connected."""
        self.sequence += 1
        frame: Json = {"op": 0, "s": self.sequence, "t": name, "d": data}
        self._kept.append(frame)
        if self.send is not None:
            self.send(frame)

    def missed(self, after: int) -> list[Json] | None:
        """The events after that number; None when they are not all kept any more."""
        if after > self.sequence:
            return None
        frames = [frame for frame in self._kept if frame["s"] > after]
        return frames if len(frames) == self.sequence - after else None

    def covers(self, guild_id: str | None) -> bool:
        """Whether the guild belongs to this shard; direct messages belong to the first."""
        number, count = self.shard
        return (0 if guild_id is None else (int(guild_id) >> 22) % count) == number


def payload_for(session: Session, event: Event, state: State, rendered: Wire) -> Json | None:
    """What the session is told of the event; None for nothing at all."""
    if not _concerns(session, event, state):
        return None
    if event.message is None:
        return event.data
    return _message(session, event, event.message, state, rendered)


def _concerns(session: Session, event: Event, state: State) -> bool:
    needed = _NEEDED.get(event.name)
    bot_id = state.bot.id
    if needed is None or not session.covers(event.guild_id):
        return False
    if event.only_for not in (None, bot_id):
        return False
    intent = needed[event.channel is not None and event.channel.type == DIRECT_MESSAGE]
    if needed is not _NONE and not session.intents & intent:
        return False
    return event.channel is None or (
        Permission.VIEW_CHANNEL in state.permissions(event.channel, bot_id)
    )


def _message(
    session: Session, event: Event, message: Message, state: State, rendered: Wire
) -> Json:
    where: Json = {} if event.guild_id is None else {"guild_id": event.guild_id}
    if event.name == "MESSAGE_DELETE":
        return {"id": message.id, "channel_id": message.channel_id, **where}
    readable = Intent.MESSAGE_CONTENT in session.intents or rendered.always_readable(message)
    shape = rendered.message(message, viewer=state.bot.id, readable=readable) | where
    if event.guild_id is not None:
        member = state.guilds[event.guild_id].members.get(message.author.id)
        if member is not None:
            shape["member"] = wire.member(member, with_user=False)
        for mentioned in shape["mentions"]:
            inside = state.guilds[event.guild_id].members.get(mentioned["id"])
            if inside is not None:
                mentioned["member"] = wire.member(inside, with_user=False)
    return shape
