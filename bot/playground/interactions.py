"""Interactions from first press to last follow-up: three seconds to answer, 15 minutes to go on."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, Code, FormErrors, invalid_form
from bot.playground.forms import Draft, parse_edit, parse_message
from bot.playground.hub import Event
from bot.playground.interaction_shapes import (
    ANSWERS,
    Callback,
    Interaction,
    InteractionShapes,
    Kind,
    named,
)
from bot.playground.records import EPHEMERAL, LOADING

if TYPE_CHECKING:
    from bot.playground.bodies import Body
    from bot.playground.hub import Hub
    from bot.playground.messages import Messages
    from bot.playground.records import Channel, Json, Message, User
    from bot.playground.state import State
    from bot.playground.wire import Wire

__all__ = ["Interactions"]

ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0
CHAT_INPUT_MESSAGE, CONTEXT_MENU_MESSAGE = 20, 23
MAX_CHOICES = 25


class Interactions:
    """Sends interactions to the application and carries out its answers."""

    def __init__(self, state: State, hub: Hub, messages: Messages, rendered: Wire) -> None:
        self._state = state
        self._hub = hub
        self._messages = messages
        self._shapes = InteractionShapes(state, rendered)
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
        interaction.metadata = self._shapes.metadata(interaction, trigger)
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        interaction.timer = asyncio.get_running_loop().call_later(
            self.acknowledge_seconds, self._fail, interaction
        )
        self._hub.publish(
            Event(
                name="INTERACTION_CREATE",
                data=self._shapes.payload(interaction),
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
        errors = FormErrors()
        number = errors.read_integer(("type",), body.payload.get("type"))
        data = errors.read_object(("data",), body.payload.get("data"))
        flags = errors.read_integer(("data", "flags"), data.get("flags"))
        errors.raise_if_any()
        callback = Callback(number) if number in set(Callback) else Callback.PONG
        if callback not in ANSWERS[interaction.kind]:
            raise invalid_form(
                ("type",),
                "BASE_TYPE_CHOICES",
                f'Value of field "type" must be one of '
                f"{tuple(sorted(int(c) for c in ANSWERS[interaction.kind]))}.",
            )
        if callback in (Callback.DEFERRED_UPDATE, Callback.UPDATE_MESSAGE) and (
            interaction.message is None
        ):
            raise invalid_form(("type",), "BASE_TYPE_CHOICES", "There is no message to update.")
        inner = type(body)(payload=data, uploads=body.uploads)
        if callback is Callback.MESSAGE:
            self._respond(interaction, parse_message(inner, interaction=True))
        elif callback is Callback.DEFERRED_MESSAGE:
            self._respond(interaction, Draft(flags=flags & EPHEMERAL | LOADING))
        elif callback is Callback.DEFERRED_UPDATE:
            interaction.original = interaction.message
        elif callback is Callback.UPDATE_MESSAGE:
            interaction.original = interaction.message
            self._edit(interaction.message, inner)
        elif callback is Callback.AUTOCOMPLETE:
            interaction.choices = _choices(data)
        else:
            interaction.modal = _modal(data)
        interaction.callback = callback
        self._settle(interaction)
        self._announce(interaction, "INTERACTION_SUCCESS", named(interaction))
        if interaction.modal is not None:
            # Last, so that the page frees the button first and the form gives the focus back to it.
            self._announce(interaction, "MODAL", interaction.modal)
        return self._shapes.response(interaction)

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
        kind, command = 0, None
        if interaction.kind is Kind.COMMAND:
            menu = interaction.data["type"] != 1
            kind = CONTEXT_MENU_MESSAGE if menu else CHAT_INPUT_MESSAGE
            command = interaction.data["name"]
        hidden = bool(draft.flags & EPHEMERAL)
        if interaction.message is not None and not hidden:
            draft.reference = {"message_id": interaction.message.id, "fail_if_not_exists": False}
        interaction.original = self._messages.create(
            interaction.channel,
            self._state.bot,
            draft,
            kind=kind,
            interaction=interaction.metadata,
            command=command,
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
        self._announce(interaction, "INTERACTION_FAILED", named(interaction))

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


def _choices(data: Json) -> list[Json]:
    errors = FormErrors()
    path = ("data", "choices")
    choices = errors.read_objects(path, data.get("choices"))
    if len(choices) > MAX_CHOICES:
        errors.too_long(path, MAX_CHOICES)
    for index, choice in enumerate(choices):
        if not 1 <= len(str(choice.get("name", ""))) <= 100:
            errors.bad_length((*path, index, "name"), 1, 100)
        if "value" not in choice:
            errors.required((*path, index, "value"))
    errors.raise_if_any()
    return choices


def _modal(data: Json) -> Json:
    errors = FormErrors()
    for key, most in (("custom_id", 100), ("title", 45)):
        if not 1 <= len(str(data.get(key) or "")) <= most:
            errors.bad_length(("data", key), 1, most)
    path = ("data", "components")
    if not 1 <= len(errors.read_objects(path, data.get("components"))) <= 5:
        errors.bad_length(path, 1, 5)
    errors.raise_if_any()
    return data
