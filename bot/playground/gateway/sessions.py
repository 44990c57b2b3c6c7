"""Gateway sessions: intents, replay, and the payload of each event for a session."""

from __future__ import annotations

import secrets
from collections import deque
from enum import IntFlag
from typing import TYPE_CHECKING

from bot.playground import serializers
from bot.playground.state.permissions import Permission
from bot.playground.state.records import ChannelType

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import Event
    from bot.playground.state.records import Json, Message
    from bot.playground.state.state import State

__all__ = ["PRIVILEGED", "SENT_EVENTS", "Intent", "Session", "payload_for"]

REPLAY_LENGTH = 2000
"""Number of events that a session keeps for a resume."""


class Intent(IntFlag):
    """Discord's gateway intents, those that the playground acts on."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


KNOWN_INTENTS = (1 << 26) - 1
PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT

_MESSAGES = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
_REACTIONS = (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS)
_POLLS = (Intent.GUILD_MESSAGE_POLLS, Intent.DIRECT_MESSAGE_POLLS)
_GUILDS = (Intent.GUILDS, Intent(0))
_MEMBERS = (Intent.GUILD_MEMBERS, Intent(0))
_MODERATION = (Intent.GUILD_MODERATION, Intent(0))
_EXPRESSIONS = (Intent.GUILD_EXPRESSIONS, Intent(0))
_INVITES = (Intent.GUILD_INVITES, Intent(0))
_NONE = (Intent(0), Intent(0))
_NEEDED: dict[str, tuple[Intent, Intent]] = {
    # event: (intent in guilds, intent in direct messages); other events are not sent
    "MESSAGE_CREATE": _MESSAGES,
    "MESSAGE_UPDATE": _MESSAGES,
    "MESSAGE_DELETE": _MESSAGES,
    "MESSAGE_DELETE_BULK": _MESSAGES,
    "MESSAGE_REACTION_ADD": _REACTIONS,
    "MESSAGE_REACTION_REMOVE": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_ALL": _REACTIONS,
    "MESSAGE_REACTION_REMOVE_EMOJI": _REACTIONS,
    "MESSAGE_POLL_VOTE_ADD": _POLLS,
    "MESSAGE_POLL_VOTE_REMOVE": _POLLS,
    "TYPING_START": (Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
    "PRESENCE_UPDATE": (Intent.GUILD_PRESENCES, Intent(0)),
    "GUILD_CREATE": _GUILDS,
    "GUILD_UPDATE": _GUILDS,
    "GUILD_DELETE": _GUILDS,
    "CHANNEL_CREATE": _GUILDS,
    "CHANNEL_UPDATE": _GUILDS,
    "CHANNEL_DELETE": _GUILDS,
    "CHANNEL_PINS_UPDATE": (Intent.GUILDS, Intent.DIRECT_MESSAGES),
    "THREAD_CREATE": _GUILDS,
    "THREAD_UPDATE": _GUILDS,
    "THREAD_DELETE": _GUILDS,
    "THREAD_MEMBERS_UPDATE": _GUILDS,
    "GUILD_ROLE_CREATE": _GUILDS,
    "GUILD_ROLE_UPDATE": _GUILDS,
    "GUILD_ROLE_DELETE": _GUILDS,
    "GUILD_BAN_ADD": _MODERATION,
    "GUILD_BAN_REMOVE": _MODERATION,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": _MODERATION,
    "GUILD_EMOJIS_UPDATE": _EXPRESSIONS,
    "GUILD_STICKERS_UPDATE": _EXPRESSIONS,
    "WEBHOOKS_UPDATE": (Intent.GUILD_WEBHOOKS, Intent(0)),
    "INVITE_CREATE": _INVITES,
    "INVITE_DELETE": _INVITES,
    "GUILD_MEMBER_ADD": _MEMBERS,
    "GUILD_MEMBER_UPDATE": _MEMBERS,
    "GUILD_MEMBER_REMOVE": _MEMBERS,
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE": _NONE,
    "USER_UPDATE": _NONE,
    "INTERACTION_CREATE": _NONE,
}

SENT_EVENTS = ("READY", "RESUMED", "GUILD_MEMBERS_CHUNK", *_NEEDED)
"""The events that the playground sends: on connecting, on request, and those above."""


class Session:
    """One identified client, kept for a while after its connection ends so that it can resume.

    Attributes:
        sequence: number of the last event.
        send: queues a frame on the current connection; None while disconnected.
        disconnected_at: when the last connection ended, on the playground's clock.
        status: the presence that the client set.
    """

    def __init__(self, intents: Intent, shard: tuple[int, int]) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.sequence = 0
        self.send: Callable[[Json], None] | None = None
        self.disconnected_at: float | None = None
        self.status = "online"
        self._replay: deque[Json] = deque(maxlen=REPLAY_LENGTH)

    def dispatch(self, name: str, data: Json) -> None:
        """Number the event, keep it for a resume, and send it if a client is connected."""
        self.sequence += 1
        frame: Json = {"op": 0, "s": self.sequence, "t": name, "d": data}
        self._replay.append(frame)
        if self.send is not None:
            self.send(frame)

    def events_after(self, after: int) -> list[Json] | None:
        """Return the events after that number; None if some are no longer kept."""
        if after > self.sequence:
            return None
        frames = [frame for frame in self._replay if frame["s"] > after]
        return frames if len(frames) == self.sequence - after else None

    def owns_guild(self, guild_id: str | None) -> bool:
        """Return whether the guild belongs to this shard; direct messages belong to shard 0."""
        number, count = self.shard
        return (0 if guild_id is None else (int(guild_id) >> 22) % count) == number


def payload_for(
    session: Session, event: Event, state: State, serializer: Serializer
) -> Json | None:
    """Return the payload of the event for the session; None if it does not receive it."""
    if not _is_delivered(session, event, state):
        return None
    if event.message is None:
        return event.data
    return _message(session, event, event.message, state, serializer)


def _is_delivered(session: Session, event: Event, state: State) -> bool:
    needed = _NEEDED.get(event.name)
    bot_id = state.bot.id
    if needed is None or not session.owns_guild(event.guild_id):
        return False
    if event.only_for not in (None, bot_id):
        return False
    guild = state.guilds.get(event.guild_id or "")
    if guild is not None and guild.unavailable and event.name != "GUILD_DELETE":
        return False
    intent = needed[event.channel is not None and event.channel.type is ChannelType.DIRECT_MESSAGE]
    if needed is not _NONE and not session.intents & intent:
        return False
    if event.needs is not None and event.guild_id is not None:
        return event.needs in state.guild_permissions(event.guild_id, bot_id)
    return event.channel is None or (
        Permission.VIEW_CHANNEL in state.permissions(event.channel, bot_id)
    )


def _message(
    session: Session, event: Event, message: Message, state: State, serializer: Serializer
) -> Json:
    guild_fields: Json = {} if event.guild_id is None else {"guild_id": event.guild_id}
    if event.name == "MESSAGE_DELETE":
        return {"id": message.id, "channel_id": message.channel_id, **guild_fields}
    readable = Intent.MESSAGE_CONTENT in session.intents or serializer.always_readable(message)
    shape = serializer.message(message, viewer=state.bot.id, readable=readable) | guild_fields
    if event.guild_id is not None:
        member = state.guilds[event.guild_id].members.get(message.author.id)
        if member is not None:
            shape["member"] = serializers.member(member, with_user=False)
        for mentioned in shape["mentions"]:
            mentioned_member = state.guilds[event.guild_id].members.get(mentioned["id"])
            if mentioned_member is not None:
                mentioned["member"] = serializers.member(mentioned_member, with_user=False)
    return shape
