"""Add and remove reactions."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode
from bot.playground.state.event_bus import Event
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Reaction

if TYPE_CHECKING:
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Json, Message
    from bot.playground.state.state import State

__all__ = ["ReactionService"]

MAX_DISTINCT = 20
_CUSTOM = re.compile(r"(?:a:)?(\w{2,32}):(\d+)")
# Zero-width joiner, variation selector and enclosing keycap.
_MARKS = frozenset("\u200d\ufe0f\u20e3")
_SYMBOLS = frozenset({"So", "Sk", "Sm", "Po"})


class ReactionService:
    """Adds and removes reactions, and publishes the events."""

    def __init__(self, state: State, event_bus: EventBus) -> None:
        self._state = state
        self._event_bus = event_bus

    def parse_emoji(self, written: str) -> Json:
        """Return the emoji of a path segment: the character, or ``name:id`` for a custom one.

        Raises:
            ApiError: 400/10014 when it is not an emoji, or not a known custom one.
        """
        if match := _CUSTOM.fullmatch(written):
            known = self._find_custom(match[2])
            if known is None:
                raise ApiError(ErrorCode.UNKNOWN_EMOJI)
            return known
        if not _is_emoji(written):
            raise ApiError(ErrorCode.UNKNOWN_EMOJI)
        return {"id": None, "name": written}

    def add(self, message: Message, user_id: str, emoji: Json) -> None:
        """Add the user's reaction; do nothing if it exists.

        Raises:
            ApiError: 403 with 50001, 50013 or 30010; 400/50083 in an archived thread.
        """
        channel = self._state.channels[message.channel_id]
        self._state.require(channel, user_id, Permission.READ_MESSAGE_HISTORY)
        self._state.require_unarchived(channel)
        key = serializers.emoji_key(emoji)
        reaction = message.reactions.get(key)
        if reaction is None:
            self._state.require(channel, user_id, Permission.ADD_REACTIONS)
            if len(message.reactions) >= MAX_DISTINCT:
                raise ApiError(ErrorCode.TOO_MANY_REACTIONS)
            reaction = message.reactions[key] = Reaction(emoji=emoji)
        if user_id not in reaction.user_ids:
            reaction.user_ids.append(user_id)
            self._publish("MESSAGE_REACTION_ADD", message, user_id, emoji)

    def remove(self, message: Message, user_id: str, emoji: Json, *, by: str) -> None:
        """Remove the user's reaction on behalf of ``by``.

        Raises:
            ApiError: 403/50013 when it is another user's and ``by`` may not manage messages,
                400/10014 when there is no such reaction.
        """
        channel = self._state.channels[message.channel_id]
        needed = [] if by == user_id else [Permission.MANAGE_MESSAGES]
        self._state.require(channel, by, *needed)
        reaction = message.reactions.get(serializers.emoji_key(emoji))
        if reaction is None or user_id not in reaction.user_ids:
            raise ApiError(ErrorCode.UNKNOWN_EMOJI)
        reaction.user_ids.remove(user_id)
        if not reaction.user_ids:
            del message.reactions[serializers.emoji_key(emoji)]
        self._publish("MESSAGE_REACTION_REMOVE", message, user_id, emoji)

    def clear(self, message: Message, *, by: str, emoji: Json | None = None) -> None:
        """Remove all reactions, or all of one emoji.

        Raises:
            ApiError: 403/50013 when ``by`` may not manage messages.
        """
        channel = self._state.channels[message.channel_id]
        self._state.require(channel, by, Permission.MANAGE_MESSAGES)
        data: Json = {"channel_id": message.channel_id, "message_id": message.id}
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
        if emoji is None:
            message.reactions.clear()
            name = "MESSAGE_REACTION_REMOVE_ALL"
        else:
            message.reactions.pop(serializers.emoji_key(emoji), None)
            data["emoji"] = emoji
            name = "MESSAGE_REACTION_REMOVE_EMOJI"
        self._event_bus.publish(
            Event(name=name, data=data, channel=channel, guild_id=channel.guild_id)
        )

    def _find_custom(self, emoji_id: str) -> Json | None:
        sources = [self._state.application.emojis]
        sources += [guild.emojis for guild in self._state.guilds.values()]
        for emojis in sources:
            if (found := emojis.get(emoji_id)) is not None:
                shape: Json = {"id": found.id, "name": found.name}
                return shape | ({"animated": True} if found.animated else {})
        return None

    def _publish(self, name: str, message: Message, user_id: str, emoji: Json) -> None:
        channel = self._state.channels[message.channel_id]
        data: Json = {
            "user_id": user_id,
            "channel_id": message.channel_id,
            "message_id": message.id,
            "emoji": emoji,
            "burst": False,
            "type": 0,
        }
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
            guild = self._state.guilds[channel.guild_id]
            if name == "MESSAGE_REACTION_ADD" and user_id in guild.members:
                data["member"] = serializers.member(guild.members[user_id])
        if name == "MESSAGE_REACTION_ADD":
            data["message_author_id"] = message.author.id
        self._event_bus.publish(
            Event(
                name=name,
                data=data,
                channel=channel,
                guild_id=channel.guild_id,
                only_for=message.visible_to,
            )
        )


def _is_emoji(text: str) -> bool:
    """Return whether the text can be one emoji: symbols and their modifiers, no letters."""
    if not 1 <= len(text) <= 32:
        return False
    if "\u20e3" in text:  # keycaps: a digit, # or *, then the enclosing key
        return text[0] in "0123456789#*" and set(text[1:]) <= _MARKS
    symbols = [character for character in text if character not in _MARKS]
    return bool(symbols) and all(map(_is_symbol, symbols))


def _is_symbol(character: str) -> bool:
    if character.isascii():
        return False
    # Pictographs, then the tags of regional flags; older emoji are symbols or punctuation (‼).
    if 0x1F000 <= ord(character) <= 0x1FBFF or 0xE0020 <= ord(character) <= 0xE007F:
        return True
    return unicodedata.category(character) in _SYMBOLS
