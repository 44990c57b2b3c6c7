"""The bot's messages in every channel of the playground: cards, pictures and sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..conftest import custom_ids, job_id_of

if TYPE_CHECKING:
    from bot.playground.server import Playground
    from bot.playground.state.event_bus import Event
    from bot.playground.state.records import Message

__all__ = ["BotMessages"]

_BUTTON = re.compile(r"job:([0-9a-f]{12}):")


class BotMessages:
    """Collects them as they are posted, so that a busy channel need not be searched."""

    def __init__(self, playground: Playground) -> None:
        self.playground = playground
        self._channels = playground.state.channels
        self._posted: list[Message] = []
        playground.event_bus.subscribe(self._on_event)

    def cards(self) -> list[tuple[str, Message]]:
        """Return the cards, each with its job's id."""
        return [(job_id_of(each), each) for each in self._present() if _is_card(each)]

    def pictures(self) -> list[tuple[str, Message]]:
        """Return the messages that deliver a picture, each with its job's id."""
        return [
            (_job_of_buttons(each), each)
            for each in self._present()
            if each.attachments and _job_of_buttons(each) and not _is_card(each)
        ]

    def replies_to(self, message_id: str) -> list[Message]:
        """Return the replies to a member's message."""
        return [each for each in self._present() if each.replied_to == message_id]

    def _present(self) -> list[Message]:
        return [
            each
            for each in self._posted
            if each.channel_id in self._channels
            and each.id in self._channels[each.channel_id].messages
        ]

    def _on_event(self, event: Event) -> None:
        if (
            event.name == "MESSAGE_CREATE"
            and event.message is not None
            and event.message.author.bot
        ):
            self._posted.append(event.message)


def _is_card(message: Message) -> bool:
    return bool(message.embeds) and bool(job_id_of(message))


def _job_of_buttons(message: Message) -> str:
    for custom_id in custom_ids(message):
        match = _BUTTON.match(custom_id)
        if match is not None:
            return match[1]
    return ""
