"""Application commands: validation and registration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.playground.errors import ApiError, ErrorCode, FormErrors

if TYPE_CHECKING:
    from bot.playground.state.records import Json
    from bot.playground.state.state import State

__all__ = ["CommandRegistry"]

CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
_MAX_COMMANDS = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
_NAME = re.compile(r"[-_'\w]{1,32}")
_OPTION_TYPES = range(1, 12)
_Path = tuple[str | int, ...]


class CommandRegistry:
    """The registered commands, global and per guild."""

    def __init__(self, state: State) -> None:
        self._state = state

    def list_commands(self, guild_id: str | None) -> list[Json]:
        """Return the commands of the guild, or the global ones for None."""
        return [c for c in self._state.commands.values() if c.get("guild_id") == guild_id]

    def available_in(self, guild_id: str | None) -> list[Json]:
        """Return the commands available there: the global ones and the guild's own."""
        available = self.list_commands(None)
        return available + (self.list_commands(guild_id) if guild_id is not None else [])

    def find(self, name: str, kind: int, guild_id: str | None) -> Json:
        """Return the command with this name and type.

        Raises:
            ApiError: 404/10063 when there is none.
        """
        for command in reversed(self.available_in(guild_id)):
            if command["name"] == name and command["type"] == kind:
                return command
        raise ApiError(ErrorCode.UNKNOWN_COMMAND)

    def get(self, command_id: str, guild_id: str | None) -> Json:
        """Return the command with this id.

        Raises:
            ApiError: 404/10063 when there is none.
        """
        command = self._state.commands.get(command_id)
        if command is None or command.get("guild_id") != guild_id:
            raise ApiError(ErrorCode.UNKNOWN_COMMAND)
        return command

    def replace_all(self, wanted: list[Json], guild_id: str | None) -> list[Json]:
        """Replace all commands with these; one of the same name and type keeps its id.

        Raises:
            ApiError: 400/50035 or 400/30032, without any change.
        """
        errors = FormErrors()
        checked = [self._validate(c, (i,), errors) for i, c in enumerate(wanted)]
        names = [(c["name"], c["type"]) for c in checked]
        for index, key in enumerate(names):
            if names.index(key) != index:
                errors.add(
                    (index, "name"),
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                )
        errors.raise_if_any()
        self._check_limit(checked)
        before = {(c["name"], c["type"]): c for c in self.list_commands(guild_id)}
        for old in before.values():
            del self._state.commands[old["id"]]
        return [self._register(c, guild_id, before.get((c["name"], c["type"]))) for c in checked]

    def upsert(self, wanted: Json, guild_id: str | None) -> tuple[Json, bool]:
        """Register one command; return it and whether it is new.

        Raises:
            ApiError: 400/50035 or 400/30032.
        """
        errors = FormErrors()
        checked = self._validate(wanted, (), errors)
        errors.raise_if_any()
        key = (checked["name"], checked["type"])
        old = next((c for c in self.list_commands(guild_id) if (c["name"], c["type"]) == key), None)
        if old is None:
            self._check_limit([*self.list_commands(guild_id), checked])
        return self._register(checked, guild_id, old), old is None

    def update(self, command: Json, changes: Json) -> Json:
        """Change some fields of a registered command.

        Raises:
            ApiError: 400/50035.
        """
        errors = FormErrors()
        checked = self._validate({**command, **changes, "type": command["type"]}, (), errors)
        errors.raise_if_any()
        return self._register(checked, command.get("guild_id"), command)

    def serialize_permissions(self, owner: str, guild_id: str) -> Json:
        """Return a guild's permissions of a command, or of all for the application's id."""
        return {
            "id": owner,
            "application_id": self._state.application.id,
            "guild_id": guild_id,
            "permissions": self._state.command_permissions[guild_id, owner],
        }

    def remove(self, command: Json) -> None:
        """Unregister the command."""
        del self._state.commands[command["id"]]

    def _register(self, checked: Json, guild_id: str | None, old: Json | None) -> Json:
        same = old is not None and all(old.get(k) == v for k, v in checked.items())
        version = old["version"] if old is not None and same else self._state.ids.new()
        kept: Json = {
            "id": old["id"] if old is not None else self._state.ids.new(),
            "application_id": self._state.application.id,
            "version": version,
            **checked,
        }
        if guild_id is not None:
            kept["guild_id"] = guild_id
        self._state.commands[kept["id"]] = kept
        return kept

    @staticmethod
    def _check_limit(commands: list[Json]) -> None:
        for kind, maximum in _MAX_COMMANDS.items():
            if sum(c["type"] == kind for c in commands) > maximum:
                raise ApiError(
                    ErrorCode.TOO_MANY_COMMANDS,
                    message=f"Maximum number of application commands reached ({maximum}).",
                )

    def _validate(self, command: Json, path: _Path, errors: FormErrors) -> Json:
        kind = errors.read_integer((*path, "type"), command.get("type")) or CHAT_INPUT
        if kind not in _MAX_COMMANDS:
            errors.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).")
        checked: Json = {
            "type": kind,
            "name": str(command.get("name") or ""),
            "name_localizations": command.get("name_localizations"),
            "description": str(command.get("description") or ""),
            "description_localizations": command.get("description_localizations"),
            "default_member_permissions": command.get("default_member_permissions"),
            "dm_permission": command.get("dm_permission", True) is not False,
            "contexts": command.get("contexts"),
            "integration_types": command.get("integration_types") or [0],
            "nsfw": bool(command.get("nsfw", False)),
        }
        if kind == CHAT_INPUT:
            _check_name(checked["name"], path, errors)
            _check_description(checked["description"], path, errors)
            checked["options"] = _validate_options(
                command.get("options"), (*path, "options"), errors
            )
        elif not 1 <= len(checked["name"]) <= 32:
            errors.bad_length((*path, "name"), 1, 32)
        elif checked["description"]:
            errors.add(
                (*path, "description"),
                "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION",
                "Context menu commands cannot have description",
            )
        return checked


def _check_name(name: str, path: _Path, errors: FormErrors) -> None:
    if not 1 <= len(name) <= 32:
        errors.bad_length((*path, "name"), 1, 32)
    elif not _NAME.fullmatch(name) or name != name.lower():
        errors.add(
            (*path, "name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid",
        )


def _check_description(description: str, path: _Path, errors: FormErrors) -> None:
    if not description:
        errors.required((*path, "description"))
    elif len(description) > 100:
        errors.bad_length((*path, "description"), 1, 100)


def _validate_options(options: object, path: _Path, errors: FormErrors) -> list[Json]:
    given = errors.read_objects(path, options)
    if len(given) > 25:
        errors.too_long(path, 25)
        return []
    kept: list[Json] = []
    has_optional = False
    for index, option in enumerate(given):
        where = (*path, index)
        kind = errors.read_integer((*where, "type"), option.get("type"))
        if kind not in _OPTION_TYPES:
            errors.add((*where, "type"), "BASE_TYPE_CHOICES", "Value must be one of 1 to 11.")
        _check_name(str(option.get("name") or ""), where, errors)
        _check_description(str(option.get("description") or ""), where, errors)
        if option.get("required") and has_optional:
            errors.add(
                where,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        has_optional = has_optional or not option.get("required")
        if len(errors.read_objects((*where, "choices"), option.get("choices"))) > 25:
            errors.too_long((*where, "choices"), 25)
        entry = {key: value for key, value in option.items() if value is not None}
        if kind in (SUBCOMMAND, SUBCOMMAND_GROUP):
            entry["options"] = _validate_options(option.get("options"), (*where, "options"), errors)
        kept.append(entry)
    return kept
