"""Interactions from first press to last follow-up: three seconds to answer, 15 minutes to go on."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from bot.playground import wire
from bot.playground.errors import ApiError, Code, invalid_form
from bot.playground.forms import Draft, parse_edit, parse_message
from bot.playground.hub import Event
from bot.playground.state import EPHEMERAL, LOADING

if TYPE_CHECKING:
    from bot.playground.bodies import Body
    from bot.playground.hub import Hub
    from bot.playground.messages import Messages
    from bot.playground.state import Channel, Json, Message, State, User
    from bot.playground.wire import Wire

__all__ = ["Callback", "Interaction", "Interactions", "Kind"]

ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0
CHAT_INPUT_MESSAGE, CONTEXT_MENU_MESSAGE, REPLY_MESSAGE = 20, 23, 19
MAX_CHOICES = 25


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


_ANSWERS: dict[Kind, frozenset[Callback]] = {
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


class Interactions:
    """Sends interactions to the application and carries out its answers."""

    def __init__(self, state: State, hub: Hub, messages: Messages, rendered: Wire) -> None:
        self._state = state
        self._hub = hub
        self._messages = messages
        self._wire = rendered
        self._by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self.acknowledge_seconds = ACKNOWLEDGE_SECONDS

    def send(
        self,
        kind: Kind,
        user: User,
        channel: Channel,
        data: Json,
        *,
        message: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Interaction:
        """The user does something; the application has three seconds to answer.

        Args:
            kind: what they did.
            user: who.
            channel: where.
            data: Discord's ``data`` for it.
            message: whose component it was.
            trigger: the interaction that opened the modal, when one is submitted.
        """
        self._forget_old()
        interaction = Interaction(
            id=self._state.ids.new(),
            token=secrets.token_urlsafe(48),
            kind=kind,
            user=user,
            channel=channel,
            data=data,
            message=message,
            created_at=self._state.clock.time(),
            metadata={},
        )
        interaction.metadata = self._metadata(interaction, trigger)
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        interaction.timer = asyncio.get_running_loop().call_later(
            self.acknowledge_seconds, self._fail, interaction
        )
        self._hub.publish(
            Event(
                name="INTERACTION_CREATE",
                data=self._payload(interaction),
                guild_id=channel.guild_id,
                only_for=self._state.bot.id,
            )
        )
        return interaction

    def find_modal(self, user: User, custom_id: str) -> Interaction | None:
        """The user's latest interaction that was answered with this form."""
        return next(
            (
                i
                for i in reversed(self._by_id.values())
                if i.user is user and i.modal is not None and i.modal["custom_id"] == custom_id
            ),
            None,
        )

    def pending(self, interaction_id: str, token: str) -> Interaction:
        """The interaction to be answered with a callback.

        Raises:
            ApiError: 404/10062 when there is none or it is too late, 400/40060 when it was
                answered already.
        """
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(
            interaction.token.encode(), token.encode()
        ):
            raise ApiError(Code.UNKNOWN_INTERACTION)
        if interaction.callback is not None:
            raise ApiError(Code.ALREADY_ACKNOWLEDGED)
        if interaction.failed:
            raise ApiError(Code.UNKNOWN_INTERACTION)
        return interaction

    def answer(self, interaction: Interaction, body: Body) -> Json:
        """Carry out the application's callback; returns Discord's callback response.

        Raises:
            ApiError: the body is malformed, or its type does not fit the interaction.
        """
        try:
            callback = Callback(int(body.payload.get("type") or 0))
        except ValueError:
            callback = Callback.PONG
        if callback not in _ANSWERS[interaction.kind]:
            raise invalid_form(
                ("type",),
                "BASE_TYPE_CHOICES",
                f'Value of field "type" must be one of '
                f"{tuple(sorted(int(c) for c in _ANSWERS[interaction.kind]))}.",
            )
        if callback in (Callback.DEFERRED_UPDATE, Callback.UPDATE_MESSAGE) and (
            interaction.message is None
        ):
            raise invalid_form(("type",), "BASE_TYPE_CHOICES", "There is no message to update.")
        data = body.payload.get("data") or {}
        if not isinstance(data, dict):
            raise invalid_form(("data",), "MODEL_TYPE_CONVERT", "Only dictionaries may be used")
        inner = type(body)(payload=data, uploads=body.uploads)
        if callback is Callback.MESSAGE:
            self._respond(interaction, parse_message(inner, interaction=True))
        elif callback is Callback.DEFERRED_MESSAGE:
            flags = int(data.get("flags") or 0) & EPHEMERAL
            self._respond(interaction, Draft(flags=flags | LOADING))
        elif callback is Callback.DEFERRED_UPDATE:
            interaction.original = interaction.message
        elif callback is Callback.UPDATE_MESSAGE:
            interaction.original = interaction.message
            self._edit(interaction.message, inner)
        elif callback is Callback.AUTOCOMPLETE:
            interaction.choices = _choices(data)
        else:
            interaction.modal = _modal(data)
            self._announce(interaction, "MODAL", interaction.modal)
        interaction.callback = callback
        self._settle(interaction)
        self._announce(interaction, "INTERACTION_SUCCESS", _named(interaction))
        return self._response(interaction)

    def authorized(self, application_id: str, token: str) -> Interaction:
        """The interaction whose token a webhook path carries.

        Raises:
            ApiError: 401/50027 when the token is unknown or older than 15 minutes,
                404/10015 when the interaction was not answered yet.
        """
        interaction = self._by_token.get(token)
        if interaction is None or application_id != self._state.application.id:
            raise ApiError(Code.INVALID_WEBHOOK_TOKEN)
        if self._state.clock.time() - interaction.created_at > TOKEN_SECONDS:
            raise ApiError(Code.INVALID_WEBHOOK_TOKEN)
        if interaction.callback is None:
            raise ApiError(Code.UNKNOWN_WEBHOOK)
        return interaction

    def message_of(self, interaction: Interaction, message_id: str) -> Message:
        """The response or follow-up that the id or ``@original`` names.

        Raises:
            ApiError: 404/10008 when it is not one of the interaction's, or gone.
        """
        original = interaction.original
        if message_id == "@original" or (original is not None and original.id == message_id):
            found = original
        else:
            found = interaction.followups.get(message_id)
        if found is None or found.id not in interaction.channel.messages:
            raise ApiError(Code.UNKNOWN_MESSAGE)
        return found

    def follow_up(self, interaction: Interaction, body: Body) -> Message:
        """Send another message; the first one after a deferral takes the placeholder's place.

        Raises:
            ApiError: the body is malformed.
        """
        original = interaction.original
        if original is not None and original.flags & LOADING:
            parse_message(body, interaction=True)
            return self._edit(original, body)
        draft = parse_message(body, interaction=True)
        hidden = bool(draft.flags & EPHEMERAL)
        if original is not None and not hidden:
            draft.reference = {"message_id": original.id, "fail_if_not_exists": False}
        message = self._messages.create(
            interaction.channel,
            self._state.bot,
            draft,
            interaction=interaction.metadata,
            visible_to=interaction.user.id if hidden else None,
        )
        interaction.followups[message.id] = message
        return message

    def edit(self, interaction: Interaction, message_id: str, body: Body) -> Message:
        """Edit a response or follow-up.

        Raises:
            ApiError: unknown message or malformed body.
        """
        return self._edit(self.message_of(interaction, message_id), body)

    def close(self) -> None:
        """Stop every timer; nobody is told any more."""
        for interaction in self._by_id.values():
            self._settle(interaction)

    def _respond(self, interaction: Interaction, draft: Draft) -> None:
        kind = {
            Kind.COMMAND: CHAT_INPUT_MESSAGE
            if interaction.data.get("type", 1) == 1
            else CONTEXT_MENU_MESSAGE,
        }.get(interaction.kind, 0)
        hidden = bool(draft.flags & EPHEMERAL)
        if interaction.message is not None and not hidden:
            draft.reference = {"message_id": interaction.message.id, "fail_if_not_exists": False}
        interaction.original = self._messages.create(
            interaction.channel,
            self._state.bot,
            draft,
            kind=kind,
            interaction=interaction.metadata,
            visible_to=interaction.user.id if hidden else None,
        )

    def _edit(self, message: Message | None, body: Body) -> Message:
        if message is None or message.id not in self._state.channels[message.channel_id].messages:
            raise ApiError(Code.UNKNOWN_MESSAGE)
        kept = len(message.attachments)
        return self._messages.edit(message, parse_edit(body, flags=message.flags, kept_files=kept))

    def _fail(self, interaction: Interaction) -> None:
        interaction.failed = True
        self._settle(interaction)
        self._announce(interaction, "INTERACTION_FAILED", _named(interaction))

    def _settle(self, interaction: Interaction) -> None:
        if interaction.timer is not None:
            interaction.timer.cancel()
            interaction.timer = None
        interaction.settled.set()
        self._hub.wake()

    def _announce(self, interaction: Interaction, name: str, data: Json) -> None:
        channel = interaction.channel
        self._hub.publish(
            Event(
                name=name,
                data={**data, "channel_id": channel.id},
                channel=channel,
                guild_id=channel.guild_id,
                only_for=interaction.user.id,
            )
        )

    def _forget_old(self) -> None:
        now = self._state.clock.time()
        for interaction in list(self._by_id.values()):
            if now - interaction.created_at <= 2 * TOKEN_SECONDS:
                break  # in order of time
            del self._by_id[interaction.id], self._by_token[interaction.token]

    def _metadata(self, interaction: Interaction, trigger: Interaction | None) -> Json:
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

    def _payload(self, interaction: Interaction) -> Json:
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

    def _response(self, interaction: Interaction) -> Json:
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


def _named(interaction: Interaction) -> Json:
    """What tells the user which of the things they did is meant."""
    return {
        "id": interaction.id,
        "custom_id": interaction.data.get("custom_id"),
        "name": interaction.data.get("name"),
        "message_id": interaction.message.id if interaction.message else None,
    }


def _choices(data: Json) -> list[Json]:
    choices = data.get("choices")
    if not isinstance(choices, list) or len(choices) > MAX_CHOICES:
        raise invalid_form(
            ("data", "choices"),
            "BASE_TYPE_MAX_LENGTH",
            f"Must be {MAX_CHOICES} or fewer in length.",
        )
    for index, choice in enumerate(choices):
        if not 1 <= len(str(choice.get("name", ""))) <= 100:
            raise invalid_form(
                ("data", "choices", index, "name"),
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 100 in length.",
            )
    return choices


def _modal(data: Json) -> Json:
    for key, most in (("custom_id", 100), ("title", 45)):
        if not 1 <= len(str(data.get(key, ""))) <= most:
            raise invalid_form(
                ("data", key),
                "BASE_TYPE_BAD_LENGTH",
                f"Must be between 1 and {most} in length.",
            )
    components = data.get("components")
    if not isinstance(components, list) or not 1 <= len(components) <= 5:
        raise invalid_form(
            ("data", "components"),
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 5 in length.",
        )
    return data
