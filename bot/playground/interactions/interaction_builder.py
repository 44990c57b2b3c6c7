"""Build interactions from members' use of commands, components and modals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.playground import serializers
from bot.playground.errors import ApiError, ErrorCode, invalid_form
from bot.playground.interactions.command_permissions import require_command
from bot.playground.interactions.entered_values import (
    NUMBERS,
    check_values,
    parse_number,
    submitted_component,
)
from bot.playground.interactions.interaction_payloads import Interaction, InteractionKind
from bot.playground.messages.component_validation import find_component
from bot.playground.messages.message_parser import NewFile

if TYPE_CHECKING:
    from bot.playground.interactions.command_registry import CommandRegistry
    from bot.playground.interactions.interaction_service import InteractionService
    from bot.playground.messages.message_parser import Upload
    from bot.playground.messages.message_service import MessageService
    from bot.playground.serializers import Serializer
    from bot.playground.state.records import Channel, Json, Message, User
    from bot.playground.state.state import State

__all__ = ["InteractionBuilder"]

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP, ATTACHMENT, FILE_UPLOAD = 1, 2, 11, 19
_USERS, _ROLES, _CHANNELS = frozenset({6, 9}), frozenset({8, 9}), frozenset({7})
_SELECT_SOURCES = {5: "users", 6: "roles", 7: "both", 8: "channels"}


class InteractionBuilder:
    """Builds the ``data`` of interactions and sends them to the application."""

    def __init__(
        self,
        state: State,
        messages: MessageService,
        interactions: InteractionService,
        commands: CommandRegistry,
        serializer: Serializer,
    ) -> None:
        self._state = state
        self._messages = messages
        self._interactions = interactions
        self._commands = commands
        self._serializer = serializer

    def send_command(
        self,
        user: User,
        channel: Channel,
        name: str,
        options: list[Json] | None = None,
        *,
        uploads: dict[str, Upload] | None = None,
        autocomplete: bool = False,
    ) -> Interaction:
        """Send a slash command, or an autocomplete request for its focused option.

        Args:
            user: who interacts.
            channel: where.
            name: name of the command.
            options: ``{"name", "value"}``, nested in ``options`` below subcommands; the value of
                an attachment option is the index of an upload; an autocompleted one is
                ``focused``.
            uploads: files by index.
            autocomplete: request choices instead of running the command.

        Raises:
            ApiError: no such command, a missing option, or no permission.
        """
        command = self._commands.find(name, CHAT_INPUT, channel.guild_id)
        require_command(self._state, command, user, channel)
        resolved: Json = {}
        filled = self._fill_options(
            command.get("options", []),
            options or [],
            channel,
            uploads or {},
            resolved,
            partial=autocomplete,
        )
        data: Json = {"id": command["id"], "name": name, "type": CHAT_INPUT, "options": filled}
        self._add_resolved(data, command, resolved)
        kind = InteractionKind.AUTOCOMPLETE if autocomplete else InteractionKind.COMMAND
        return self._interactions.send(kind, user, channel, data)

    def send_context_menu(
        self, user: User, channel: Channel, name: str, *, kind: int, target_id: str
    ) -> Interaction:
        """Send a context-menu command on a message (kind 3) or a user (kind 2).

        Raises:
            ApiError: no such command or target, or no permission.
        """
        command = self._commands.find(name, kind, channel.guild_id)
        require_command(self._state, command, user, channel)
        resolved: Json = {}
        if kind == MESSAGE_MENU:
            target = self._state.message(channel.id, target_id)
            if not self._state.can_see(user.id, target):
                raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
            shape = self._serializer.message(target, viewer=self._state.bot.id)
            resolved["messages"] = {target.id: shape}
        else:
            self._resolve_user(target_id, channel, resolved)
        data: Json = {"id": command["id"], "name": name, "type": kind, "target_id": target_id}
        self._add_resolved(data, command, resolved)
        return self._interactions.send(InteractionKind.COMMAND, user, channel, data)

    def send_component(
        self, user: User, message: Message, custom_id: str, values: list[str] | None = None
    ) -> Interaction:
        """Send a button press or a selection.

        Raises:
            ApiError: no such component, it is disabled, or the values do not fit it.
        """
        if not self._state.can_see(user.id, message):
            raise ApiError(ErrorCode.UNKNOWN_MESSAGE)
        channel = self._state.channels[message.channel_id]
        component = find_component(message.components, custom_id)
        if component is None or component.get("disabled"):
            raise invalid_form(
                ("data",), "COMPONENT_VALIDATION_FAILED", "Component validation failed"
            )
        data: Json = {
            "id": component["id"],
            "custom_id": custom_id,
            "component_type": component["type"],
        }
        if component["type"] != 2:
            selected = [str(v) for v in values or []]
            check_values(component, selected)
            data["values"] = selected
            resolved: Json = {}
            self._resolve_values(component["type"], selected, channel, resolved)
            if resolved:
                data["resolved"] = resolved
        return self._interactions.send(
            InteractionKind.COMPONENT, user, channel, data, message=message
        )

    def send_modal(
        self,
        user: User,
        channel: Channel,
        custom_id: str,
        components: list[Json],
        *,
        uploads: dict[str, Upload] | None = None,
    ) -> Interaction:
        """Submit the modal that was opened for the user.

        Raises:
            ApiError: no such form is open.
        """
        trigger = self._interactions.find_modal(user, custom_id)
        if trigger is None or trigger.modal is None:
            raise ApiError(ErrorCode.UNKNOWN_INTERACTION)
        components = [submitted_component(c, components) for c in trigger.modal["components"]]
        resolved: Json = {}
        self._attach_modal_uploads(components, channel, uploads or {}, resolved)
        data: Json = {"custom_id": custom_id, "components": components}
        if resolved:
            data["resolved"] = resolved
        return self._interactions.send(
            InteractionKind.MODAL, user, channel, data, message=trigger.message, trigger=trigger
        )

    @staticmethod
    def _add_resolved(data: Json, command: Json, resolved: Json) -> None:
        if resolved:
            data["resolved"] = resolved
        if "guild_id" in command:
            data["guild_id"] = command["guild_id"]

    def _fill_options(
        self,
        known: list[Json],
        given: list[Json],
        channel: Channel,
        uploads: dict[str, Upload],
        resolved: Json,
        *,
        partial: bool,
    ) -> list[Json]:
        """Return the options with their types and values; add what they name to ``resolved``."""
        by_name = {option["name"]: option for option in known}
        filled: list[Json] = []
        for option in given:
            definition = by_name.get(str(option.get("name")))
            if definition is None:
                raise invalid_form(
                    ("options", str(option.get("name"))),
                    "APPLICATION_COMMAND_INVALID_OPTION",
                    "No such option",
                )
            entry: Json = {"name": definition["name"], "type": definition["type"]}
            if definition["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP):
                entry["options"] = self._fill_options(
                    definition.get("options", []),
                    option.get("options") or [],
                    channel,
                    uploads,
                    resolved,
                    partial=partial,
                )
            else:
                value = option.get("value")
                if partial and option.get("focused"):
                    entry |= {"value": value, "focused": True}
                else:
                    entry["value"] = self._option_value(
                        definition, value, channel, uploads, resolved
                    )
            filled.append(entry)
        present = {entry["name"] for entry in filled}
        for definition in known:
            if definition.get("required") and definition["name"] not in present and not partial:
                raise invalid_form(
                    ("options", definition["name"]),
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                )
        return filled

    def _option_value(
        self,
        definition: Json,
        value: object,
        channel: Channel,
        uploads: dict[str, Upload],
        resolved: Json,
    ) -> object:
        kind = definition["type"]
        where = ("options", str(definition["name"]))
        if kind in NUMBERS:
            return parse_number(definition, value, where)
        if kind == ATTACHMENT:
            return self._attach_upload(str(value), where, channel, uploads, resolved)
        if kind in _USERS | _ROLES | _CHANNELS:
            self._resolve_mentionable(kind, str(value), channel, resolved)
            return str(value)
        if kind == 3:
            text = str(value)
            choices = [choice["value"] for choice in definition.get("choices", [])]
            if choices and text not in choices:
                raise invalid_form(where, "BASE_TYPE_CHOICES", f"Must be one of {choices}.")
            minimum, maximum = definition.get("min_length", 0), definition.get("max_length", 6000)
            if not minimum <= len(text) <= maximum:
                raise invalid_form(
                    where,
                    "BASE_TYPE_BAD_LENGTH",
                    f"Must be between {minimum} and {maximum} in length.",
                )
            return text
        return value

    def _resolve_mentionable(self, kind: int, value: str, channel: Channel, resolved: Json) -> None:
        guild = self._state.guilds.get(channel.guild_id or "")
        if kind in _ROLES and guild is not None and value in guild.roles:
            resolved.setdefault("roles", {})[value] = serializers.role(guild.roles[value])
        elif kind in _USERS:
            self._resolve_user(value, channel, resolved)
        elif kind in _CHANNELS:
            self._resolve_channel(value, channel, resolved)
        else:
            raise ApiError(ErrorCode.UNKNOWN_ROLE)

    def _resolve_user(self, user_id: str, channel: Channel, resolved: Json) -> None:
        user = self._state.user(user_id)
        resolved.setdefault("users", {})[user_id] = serializers.user(user)
        guild = self._state.guilds.get(channel.guild_id or "")
        if guild is not None and user_id in guild.members:
            shape = serializers.member(guild.members[user_id], with_user=False)
            shape["permissions"] = str(int(self._state.permissions(channel, user_id)))
            resolved.setdefault("members", {})[user_id] = shape

    def _resolve_channel(self, channel_id: str, channel: Channel, resolved: Json) -> None:
        named = self._state.channel(channel_id)
        shape = self._serializer.channel(named)
        # Resolved channels carry the application's permissions in them.
        shape["permissions"] = str(int(self._state.permissions(named, self._state.bot.id)))
        resolved.setdefault("channels", {})[channel_id] = shape

    def _resolve_values(
        self, kind: int, values: list[str], channel: Channel, resolved: Json
    ) -> None:
        source = _SELECT_SOURCES.get(kind)
        for value in values if source else ():
            option = {"users": 6, "roles": 8, "both": 9, "channels": 7}[source or ""]
            self._resolve_mentionable(option, value, channel, resolved)

    def _attach_upload(
        self,
        index: str,
        where: tuple[str, str],
        channel: Channel,
        uploads: dict[str, Upload],
        resolved: Json,
    ) -> str:
        upload = uploads.get(index)
        if upload is None:
            raise invalid_form(where, "ATTACHMENT_NOT_FOUND", "No file was sent for this option")
        if len(upload.data) > self._state.upload_limit(channel):
            raise ApiError(ErrorCode.REQUEST_TOO_LARGE)
        file = NewFile(filename=upload.filename, data=upload.data)
        attachment = self._messages.attach(channel, file, visible_to=self._state.bot.id)
        shape = self._serializer.attachment(attachment)
        resolved.setdefault("attachments", {})[attachment.id] = shape
        return attachment.id

    def _attach_modal_uploads(
        self,
        components: list[Json],
        channel: Channel,
        uploads: dict[str, Upload],
        resolved: Json,
    ) -> None:
        """Replace upload indices in file fields by attachment ids."""
        for component in components:
            inner = [component["component"]] if "component" in component else []
            self._attach_modal_uploads(
                inner + component.get("components", []), channel, uploads, resolved
            )
            kind = component.get("type")
            if kind == FILE_UPLOAD:
                where = ("components", str(component.get("custom_id")))
                component["values"] = [
                    self._attach_upload(str(v), where, channel, uploads, resolved)
                    for v in component.get("values", [])
                ]
            elif kind in _SELECT_SOURCES:
                self._resolve_values(kind, component.get("values", []), channel, resolved)
