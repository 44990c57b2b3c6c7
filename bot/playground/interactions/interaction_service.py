"""Life cycle of interactions: three seconds to answer, 15 minutes for follow-ups."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode, FormErrors, invalid_form
from bot.playground.interactions.interaction_payloads import (
    ALLOWED_CALLBACKS,
    CallbackType,
    Interaction,
    InteractionKind,
    InteractionSerializer,
    interaction_reference,
)
from bot.playground.messages.component_validation import check_modal_components
from bot.playground.messages.message_parser import MessageDraft, parse_edit, parse_message
from bot.playground.state.event_bus import Event
from bot.playground.state.records import EPHEMERAL, LOADING

if TYPE_CHECKING:
    from bot.playground.messages.message_parser import Body
    from bot.playground.messages.message_service import MessageService
    from bot.playground.serializers import Serializer
    from bot.playground.state.event_bus import EventBus
    from bot.playground.state.records import Channel, Json, Message, User
    from bot.playground.state.state import State

__all__ = ["InteractionService"]

ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0
CHAT_INPUT_MESSAGE, CONTEXT_MENU_MESSAGE = 20, 23
MAX_CHOICES = 25


class InteractionService:
    """Sends interactions to the application and applies its answers."""

    def __init__(
        self, state: State, event_bus: EventBus, messages: MessageService, serializer: Serializer
    ) -> None:
        self._state = state
        self._event_bus = event_bus
        self._messages = messages
        self._payloads = InteractionSerializer(state, serializer)
        self._by_id: dict[str, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self.acknowledge_seconds = ACKNOWLEDGE_SECONDS

    def send(
        self,
        kind: InteractionKind,
        user: User,
        channel: Channel,
        data: Json,
        *,
        message: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Interaction:
        """Send an interaction to the application, which must answer within three seconds.

        Args:
            kind: its type.
            user: who interacts.
            channel: where.
            data: Discord's ``data`` for it.
            message: the message of the component.
            trigger: for a modal, the interaction that opened it.
        """
        self._remove_expired()
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
        interaction.metadata = self._payloads.metadata(interaction, trigger)
        self._by_id[interaction.id] = interaction
        self._by_token[interaction.token] = interaction
        interaction.timer = asyncio.get_running_loop().call_later(
            self.acknowledge_seconds, self._fail, interaction
        )
        self._event_bus.publish(
            Event(
                name="INTERACTION_CREATE",
                data=self._payloads.payload(interaction),
                guild_id=channel.guild_id,
                only_for=self._state.bot.id,
            )
        )
        return interaction

    def find_modal(self, user: User, custom_id: str) -> Interaction | None:
        """Return the user's latest interaction that was answered with this modal."""
        return next(
            (
                i
                for i in reversed(self._by_id.values())
                if i.user is user and i.modal is not None and i.modal["custom_id"] == custom_id
            ),
            None,
        )

    def get_pending(self, interaction_id: str, token: str) -> Interaction:
        """Return the interaction that a callback answers.

        Raises:
            ApiError: 404/10062 when it is unknown or too late, 400/40060 when it was answered
                already.
        """
        interaction = self._by_id.get(interaction_id)
        if interaction is None or not secrets.compare_digest(
            interaction.token.encode(), token.encode()
        ):
            raise ApiError(ErrorCode.UNKNOWN_INTERACTION)
        if interaction.callback is not None:
            raise ApiError(ErrorCode.ALREADY_ACKNOWLEDGED)
        if interaction.failed:
            raise ApiError(ErrorCode.UNKNOWN_INTERACTION)
        return interaction

    def answer(self, interaction: Interaction, body: Body) -> Json:
        """Apply the application's callback and return Discord's callback response.

        Raises:
            ApiError: the body is malformed, or its type does not fit the interaction.
        """
        errors = FormErrors()
        number = errors.read_integer(("type",), body.payload.get("type"))
        data = errors.read_object(("data",), body.payload.get("data"))
        flags = errors.read_integer(("data", "flags"), data.get("flags"))
        errors.raise_if_any()
        callback = CallbackType(number) if number in set(CallbackType) else CallbackType.PONG
        if callback not in ALLOWED_CALLBACKS[interaction.kind]:
            raise invalid_form(
                ("type",),
                "BASE_TYPE_CHOICES",
                f'Value of field "type" must be one of '
                f"{tuple(sorted(int(c) for c in ALLOWED_CALLBACKS[interaction.kind]))}.",
            )
        if callback in (CallbackType.DEFERRED_UPDATE, CallbackType.UPDATE_MESSAGE) and (
            interaction.message is None
        ):
            raise invalid_form(("type",), "BASE_TYPE_CHOICES", "There is no message to update.")
        inner = type(body)(payload=data, uploads=body.uploads)
        if callback is CallbackType.MESSAGE:
            self._respond(interaction, parse_message(inner, interaction=True))
        elif callback is CallbackType.DEFERRED_MESSAGE:
            self._respond(interaction, MessageDraft(flags=flags & EPHEMERAL | LOADING))
        elif callback is CallbackType.DEFERRED_UPDATE:
            interaction.original = interaction.message
        elif callback is CallbackType.UPDATE_MESSAGE:
            interaction.original = interaction.message
            self._edit(interaction.message, inner)
        elif callback is CallbackType.AUTOCOMPLETE:
            interaction.choices = _validate_choices(data)
        else:
            interaction.modal = _validate_modal(data)
        interaction.callback = callback
        self._finish(interaction)
        self._publish(interaction, "INTERACTION_SUCCESS", interaction_reference(interaction))
        if interaction.modal is not None:
            # Last, so that the page enables the button before the modal takes the focus from it.
            self._publish(interaction, "MODAL", interaction.modal)
        return self._payloads.response(interaction)

    def get_by_token(self, application_id: str, token: str) -> Interaction:
        """Return the interaction of a webhook token.

        Raises:
            ApiError: 401/50027 when the token is unknown or older than 15 minutes,
                404/10015 when the interaction was not answered yet.
        """
        interaction = self._by_token.get(token)
        if interaction is None or application_id != self._state.application.id:
            raise ApiError(ErrorCode.INVALID_WEBHOOK_TOKEN)
        if self._state.clock.time() - interaction.created_at > TOKEN_SECONDS:
            raise ApiError(ErrorCode.INVALID_WEBHOOK_TOKEN)
        if interaction.callback is None:
            raise ApiError(ErrorCode.UNKNOWN_WEBHOOK)
        return interaction

    def find_response(self, interaction: Interaction, message_id: str) -> Message:
        """Return the response or follow-up with this id, or the original for ``@original``.

        Raises:
            ApiError: 404/10008 when the interaction has no such message.
        """
        original = interaction.original
        if message_id == "@original" or (original is not None and original.id == message_id):
            found = original
        else:
            found = interaction.followups.get(message_id)
        if found is None or found.id not in interaction.channel.messages:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        return found

    def follow_up(self, interaction: Interaction, body: Body) -> Message:
        """Send a follow-up; the first one after a deferral replaces the placeholder.

        Raises:
            ApiError: the body is malformed.
        """
        original = interaction.original
        if original is not None and original.flags & LOADING:
            parse_message(body, interaction=True)
            return self._edit(original, body)
        draft = parse_message(body, interaction=True)
        is_ephemeral = bool(draft.flags & EPHEMERAL)
        if original is not None and not is_ephemeral:
            draft.reference = {"message_id": original.id, "fail_if_not_exists": False}
        message = self._messages.create(
            interaction.channel,
            self._state.bot,
            draft,
            interaction=interaction.metadata,
            visible_to=interaction.user.id if is_ephemeral else None,
        )
        interaction.followups[message.id] = message
        return message

    def edit(self, interaction: Interaction, message_id: str, body: Body) -> Message:
        """Edit a response or follow-up.

        Raises:
            ApiError: unknown message or malformed body.
        """
        return self._edit(self.find_response(interaction, message_id), body)

    def close(self) -> None:
        """Stop every timer."""
        for interaction in self._by_id.values():
            self._finish(interaction)

    def _respond(self, interaction: Interaction, draft: MessageDraft) -> None:
        kind, command = 0, None
        if interaction.kind is InteractionKind.COMMAND:
            menu = interaction.data["type"] != 1
            kind = CONTEXT_MENU_MESSAGE if menu else CHAT_INPUT_MESSAGE
            command = interaction.data["name"]
        is_ephemeral = bool(draft.flags & EPHEMERAL)
        if interaction.message is not None and not is_ephemeral:
            draft.reference = {"message_id": interaction.message.id, "fail_if_not_exists": False}
        interaction.original = self._messages.create(
            interaction.channel,
            self._state.bot,
            draft,
            kind=kind,
            interaction=interaction.metadata,
            command=command,
            visible_to=interaction.user.id if is_ephemeral else None,
        )

    def _edit(self, message: Message | None, body: Body) -> Message:
        if message is None or message.id not in self._state.channels[message.channel_id].messages:
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        kept = len(message.attachments)
        return self._messages.edit(message, parse_edit(body, flags=message.flags, kept_files=kept))

    def _fail(self, interaction: Interaction) -> None:
        interaction.failed = True
        self._finish(interaction)
        self._publish(interaction, "INTERACTION_FAILED", interaction_reference(interaction))

    def _finish(self, interaction: Interaction) -> None:
        if interaction.timer is not None:
            interaction.timer.cancel()
            interaction.timer = None
        interaction.settled.set()
        self._event_bus.notify_waiters()

    def _publish(self, interaction: Interaction, name: str, data: Json) -> None:
        channel = interaction.channel
        self._event_bus.publish(
            Event(
                name=name,
                data={**data, "channel_id": channel.id},
                channel=channel,
                guild_id=channel.guild_id,
                only_for=interaction.user.id,
            )
        )

    def _remove_expired(self) -> None:
        now = self._state.clock.time()
        for interaction in list(self._by_id.values()):
            if now - interaction.created_at <= 2 * TOKEN_SECONDS:
                break  # ordered by time
            del self._by_id[interaction.id], self._by_token[interaction.token]


def _validate_choices(data: Json) -> list[Json]:
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


def _validate_modal(data: Json) -> Json:
    errors = FormErrors()
    for key, maximum in (("custom_id", 100), ("title", 45)):
        if not 1 <= len(str(data.get(key) or "")) <= maximum:
            errors.bad_length(("data", key), 1, maximum)
    path = ("data", "components")
    components = check_modal_components(data.get("components"), path, errors)
    if not 1 <= len(components) <= 5:
        errors.bad_length(path, 1, 5)
    errors.raise_if_any()
    return {**data, "components": components}
