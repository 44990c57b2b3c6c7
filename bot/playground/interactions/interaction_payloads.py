"""The record of an interaction, and its payloads for the application and the user."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.playground import serializers
from bot.playground.state.records import LOADING

if TYPE_CHECKING:
    from bot.playground.serializers import Serializer
    from bot.playground.state.records import Channel, Json, Message, User
    from bot.playground.state.state import State

__all__ = [
    "ALLOWED_CALLBACKS",
    "CallbackType",
    "Interaction",
    "InteractionKind",
    "InteractionSerializer",
    "interaction_reference",
]


class InteractionKind(IntEnum):
    """Discord's interaction types."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class CallbackType(IntEnum):
    """Discord's interaction callback types."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE_MESSAGE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


ALLOWED_CALLBACKS: dict[InteractionKind, frozenset[CallbackType]] = {
    InteractionKind.COMMAND: frozenset(
        {CallbackType.MESSAGE, CallbackType.DEFERRED_MESSAGE, CallbackType.MODAL}
    ),
    InteractionKind.COMPONENT: frozenset(
        {
            CallbackType.MESSAGE,
            CallbackType.DEFERRED_MESSAGE,
            CallbackType.DEFERRED_UPDATE,
            CallbackType.UPDATE_MESSAGE,
            CallbackType.MODAL,
        }
    ),
    InteractionKind.AUTOCOMPLETE: frozenset({CallbackType.AUTOCOMPLETE}),
    InteractionKind.MODAL: frozenset(
        {
            CallbackType.MESSAGE,
            CallbackType.DEFERRED_MESSAGE,
            CallbackType.DEFERRED_UPDATE,
            CallbackType.UPDATE_MESSAGE,
        }
    ),
}


@dataclass(kw_only=True, eq=False)
class Interaction:
    """One interaction and its state.

    Attributes:
        data: Discord's ``data`` of the event.
        message: the message whose component was used, if any.
        metadata: Discord's ``interaction_metadata`` for the responses.
        created_at: Unix time on the playground's clock, in seconds.
        callback: type of the application's answer; None until it answered.
        original: the first response, or the message of the component.
        followups: the messages sent after it, by id.
        choices: the autocomplete choices.
        modal: the modal that was opened.
        failed: whether the application did not answer in time.
        settled: set once it was answered or failed.
    """

    id: str
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    data: Json
    created_at: float
    metadata: Json
    message: Message | None = None
    callback: CallbackType | None = None
    original: Message | None = None
    followups: dict[str, Message] = field(default_factory=dict)
    choices: list[Json] | None = None
    modal: Json | None = None
    failed: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)


class InteractionSerializer:
    """Serializes interactions."""

    def __init__(self, state: State, serializer: Serializer) -> None:
        self._state = state
        self._serializer = serializer

    def metadata(self, interaction: Interaction, trigger: Interaction | None) -> Json:
        """Return the ``interaction_metadata`` for the responses."""
        shape: Json = {
            "id": interaction.id,
            "type": int(interaction.kind),
            "user": serializers.user(interaction.user),
            "authorizing_integration_owners": {"0": interaction.channel.guild_id or "0"},
        }
        data = interaction.data
        if interaction.kind is InteractionKind.COMMAND and data.get("type") == 3:
            shape["target_message_id"] = data["target_id"]
        if interaction.kind is InteractionKind.COMMAND and data.get("type") == 2:
            shape["target_user"] = serializers.user(self._state.users[data["target_id"]])
        if interaction.kind is InteractionKind.COMPONENT and interaction.message is not None:
            shape["interacted_message_id"] = interaction.message.id
        if interaction.kind is InteractionKind.MODAL:
            shape["triggering_interaction_metadata"] = trigger.metadata if trigger else {}
        return shape

    def payload(self, interaction: Interaction) -> Json:
        """Return the payload of INTERACTION_CREATE."""
        channel = interaction.channel
        user_permissions = self._state.permissions(channel, interaction.user.id)
        shape: Json = {
            "id": interaction.id,
            "application_id": self._state.application.id,
            "type": int(interaction.kind),
            "data": interaction.data,
            "channel_id": channel.id,
            "channel": {
                **self._serializer.channel(channel, for_user=self._state.bot.id),
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
            shape["user"] = serializers.user(interaction.user)
        else:
            guild = self._state.guilds[channel.guild_id]
            shape["guild_id"] = guild.id
            shape["guild"] = {"id": guild.id, "locale": "en-US", "features": []}
            shape["guild_locale"] = "en-US"
            shape["member"] = {
                **serializers.member(guild.members[interaction.user.id]),
                "permissions": str(int(user_permissions)),
            }
        if interaction.message is not None:
            shape["message"] = self._serializer.message(
                interaction.message, viewer=self._state.bot.id
            )
        return shape

    def response(self, interaction: Interaction) -> Json:
        """Return the callback response, for ``with_response``."""
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
                CallbackType.MESSAGE,
                CallbackType.DEFERRED_MESSAGE,
                CallbackType.UPDATE_MESSAGE,
            ):
                made = CallbackType.UPDATE_MESSAGE
                if interaction.callback is not CallbackType.UPDATE_MESSAGE:
                    made = CallbackType.MESSAGE
                answered["resource"] = {
                    "type": int(made),
                    "message": self._serializer.message(original, viewer=self._state.bot.id),
                }
        return answered


def interaction_reference(interaction: Interaction) -> Json:
    """Return the fields by which the page recognizes the interaction."""
    return {
        "id": interaction.id,
        "custom_id": interaction.data.get("custom_id"),
        "name": interaction.data.get("name"),
        "message_id": interaction.message.id if interaction.message else None,
    }
