"""One interaction: its record, and what the application and the user are told of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.playground import wire
from bot.playground.records import LOADING

if TYPE_CHECKING:
    from bot.playground.records import Channel, Json, Message, User
    from bot.playground.state import State
    from bot.playground.wire import Wire

__all__ = ["ANSWERS", "Callback", "Interaction", "InteractionShapes", "Kind", "named"]


class Kind(IntEnum):
    """What a user did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    """How an application answers."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE_MESSAGE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


ANSWERS: dict[Kind, frozenset[Callback]] = {
    Kind.COMMAND: frozenset({Callback.MESSAGE, Callback.DEFERRED_MESSAGE, Callback.MODAL}),
    Kind.COMPONENT: frozenset(
        {
            Callback.MESSAGE,
            Callback.DEFERRED_MESSAGE,
            Callback.DEFERRED_UPDATE,
            Callback.UPDATE_MESSAGE,
            Callback.MODAL,
        }
    ),
    Kind.AUTOCOMPLETE: frozenset({Callback.AUTOCOMPLETE}),
    Kind.MODAL: frozenset(
        {
            Callback.MESSAGE,
            Callback.DEFERRED_MESSAGE,
            Callback.DEFERRED_UPDATE,
            Callback.UPDATE_MESSAGE,
        }
    ),
}


@dataclass(kw_only=True, eq=False)
class Interaction:
    """One thing a user did, and what became of it.

    Attributes:
        data: Discord's ``data`` of the event.
        message: the message whose component was used, where it was one.
        metadata: Discord's ``interaction_metadata``, as it stands on the responses.
        created_at: on the playground's clock, in seconds.
        callback: how the application answered; None while it has not.
        original: the first response, or the message a component sits on.
        followups: the messages sent after it, by id.
        choices: what autocomplete offered.
        modal: the form that was opened.
        failed: the application did not answer in time.
    """

    id: str
    token: str
    kind: Kind
    user: User
    channel: Channel
    data: Json
    created_at: float
    metadata: Json
    message: Message | None = None
    callback: Callback | None = None
    original: Message | None = None
    followups: dict[str, Message] = field(default_factory=dict)
    choices: list[Json] | None = None
    modal: Json | None = None
    failed: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class InteractionShapes:
    """Renders interactions in Discord's shapes."""

    def __init__(self, state: State, rendered: Wire) -> None:
        self._state = state
        self._wire = rendered

    def metadata(self, interaction: Interaction, trigger: Interaction | None) -> Json:
        """The ``interaction_metadata`` that stands on the responses."""
        shape: Json = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "user": wire.user(interaction.user),
            "authorizing_integration_owners": {"0": interaction.channel.guild_id or "0"},
        }
        data = interaction.data
        if interaction.kind is Kind.COMMAND and data.get("type") == 3:
            shape["target_message_id"] = data["target_id"]
        if interaction.kind is Kind.COMMAND and data.get("type") == 2:
            shape["target_user"] = wire.user(self._state.users[data["target_id"]])
        if interaction.kind is Kind.COMPONENT and interaction.message is not None:
            shape["interacted_message_id"] = interaction.message.id
        if interaction.kind is Kind.MODAL:
            shape["triggering_interaction_metadata"] = trigger.metadata if trigger else {}
        return shape

    def payload(self, interaction: Interaction) -> Json:
        """What INTERACTION_CREATE tells the application."""
        channel = interaction.channel
        user_permissions = self._state.permissions(channel, interaction.user.id)
        shape: Json = {
            "id": interaction.id,
            "application_id": self._state.application.id,
            "type": int(interaction.kind),
            "data": interaction.data,
            "channel_id": channel.id,
            "channel": {
                **self._wire.channel(channel, for_user=self._state.bot.id),
                "permissions": str(int(user_permissions)),
            },
            "token": interaction.token,
            "version": 1,
            "app_permissions": str(int(self._state.permissions(channel, self._state.bot.id))),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": channel.guild_id or "0"},
            "context": 0 if channel.guild_id else 1,
            "attachment_size_limit": self._state.upload_limit(channel),
        }
        if channel.guild_id is None:
            shape["user"] = wire.user(interaction.user)
        else:
            guild = self._state.guilds[channel.guild_id]
            shape["guild_id"] = guild.id
            shape["guild"] = {"id": guild.id, "locale": "en-US", "features": []}
            shape["guild_locale"] = "en-US"
            shape["member"] = {
                **wire.member(guild.members[interaction.user.id]),
                "permissions": str(int(user_permissions)),
            }
        if interaction.message is not None:
            shape["message"] = self._wire.message(interaction.message, viewer=self._state.bot.id)
        return shape

    def response(self, interaction: Interaction) -> Json:
        """What a callback is answered with when it asks for it."""
        shape: Json = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "channel_id": interaction.channel.id,
        }
        if interaction.channel.guild_id is not None:
            shape["guild_id"] = interaction.channel.guild_id
        answered: Json = {"interaction": shape}
        original = interaction.original
        if original is not None:
            shape["response_message_id"] = original.id
            shape["response_message_loading"] = bool(original.flags & LOADING)
            shape["response_message_ephemeral"] = original.ephemeral
            if interaction.callback in (
                Callback.MESSAGE,
                Callback.DEFERRED_MESSAGE,
                Callback.UPDATE_MESSAGE,
            ):
                made = Callback.UPDATE_MESSAGE
                if interaction.callback is not Callback.UPDATE_MESSAGE:
                    made = Callback.MESSAGE
                answered["resource"] = {
                    "type": int(made),
                    "message": self._wire.message(original, viewer=self._state.bot.id),
                }
        return answered


def named(interaction: Interaction) -> Json:
    """What tells the user which of the things they did is meant."""
    return {
        "id": interaction.id,
        "custom_id": interaction.data.get("custom_id"),
        "name": interaction.data.get("name"),
        "message_id": interaction.message.id if interaction.message else None,
    }
