"""Save a playground's state to a JSON file, and load it again.

The file holds the records of `bot.playground.state` by their fields; those with their default are
left out. Times are in ISO 8601, permissions decimal strings, users ids, and files base64.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import types
import typing
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from bot.playground.default_scene import DefaultScene
from bot.playground.state import audit_entries, polls, records, thread_records, webhooks
from bot.playground.state.permissions import Permission
from bot.playground.state.records import Application, Channel, ChannelType, Guild, User
from bot.playground.state.webhooks import Invite, Webhook

if TYPE_CHECKING:
    from pathlib import Path

    from bot.playground.cdn import Cdn
    from bot.playground.state.state import State

__all__ = ["load_scene", "save_scene"]

VERSION = 1
_NAMES: dict[str, Any] = {
    name: value
    for module in (records, audit_entries, polls, thread_records, webhooks)
    for name, value in vars(module).items()
} | {"datetime": datetime}
"""Names in the annotations of the records; some are imported for type checkers alone."""


def save_scene(state: State, cdn: Cdn, path: Path) -> None:
    """Write the state to the file, which is replaced.

    Raises:
        OSError: the file cannot be written.
    """
    writer = _Writer(state.users)
    scene = {
        "version": VERSION,
        "users": [writer.fields(user) for user in state.users.values()],
        "application": writer.fields(state.application),
        "guilds": [writer.fields(guild) for guild in state.guilds.values()],
        "channels": [writer.fields(channel) for channel in state.channels.values()],
        "webhooks": [writer.fields(webhook) for webhook in state.webhooks.values()],
        "invites": [writer.fields(invite) for invite in state.invites.values()],
        "commands": list(state.commands.values()),
        "command_permissions": [
            {"guild_id": guild_id, "id": owner, "permissions": permissions}
            for (guild_id, owner), permissions in state.command_permissions.items()
        ],
        "files": [
            {"path": name, "content_type": kind, "data": base64.b64encode(data).decode()}
            for name, data, kind in cdn.files()
        ],
    }
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(scene, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def load_scene(state: State, cdn: Cdn, path: Path) -> DefaultScene:
    """Fill an empty state from the file; the first guild and its first text channels lead.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no scene.
    """
    scene = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(scene, dict) or scene.get("version") != VERSION:
        raise ValueError(f"{path} is no scene of version {VERSION}")
    try:
        _load_records(state, scene)
        for file in scene.get("files", []):
            cdn.store(file["path"], base64.b64decode(file["data"]), file["content_type"])
        guild = next(iter(state.guilds.values()))
        text = [c for c in state.channels_of(guild.id) if c.type is ChannelType.TEXT]
        members = [m.user for m in guild.members.values() if not m.user.bot]
        return DefaultScene(
            guild=guild,
            general=text[0],
            stylize=next((c for c in text if c.name == "stylize"), text[-1]),
            members=tuple(members),
            bot=state.bot,
        )
    except (KeyError, TypeError, AttributeError, IndexError, StopIteration) as error:
        raise ValueError(f"{path} is no scene: {error!r}") from error


def _load_records(state: State, scene: dict[str, Any]) -> None:
    reader = _Reader(state.users)
    for fields in scene["users"]:
        user = reader.record(User, fields)
        state.users[user.id] = user
    state.application = reader.record(Application, scene["application"])
    state.guilds = {g.id: g for g in (reader.record(Guild, f) for f in scene["guilds"])}
    state.channels = {c.id: c for c in (reader.record(Channel, f) for f in scene["channels"])}
    state.webhooks = {
        w.id: w for w in (reader.record(Webhook, f) for f in scene.get("webhooks", []))
    }
    state.invites = {
        i.code: i for i in (reader.record(Invite, f) for f in scene.get("invites", []))
    }
    state.commands = {command["id"]: command for command in scene.get("commands", [])}
    state.command_permissions = {
        (each["guild_id"], each["id"]): each["permissions"]
        for each in scene.get("command_permissions", [])
    }


class _Writer:
    """Turns records into JSON; a known user is written as its id."""

    def __init__(self, users: dict[str, User]) -> None:
        self._users = users

    def fields(self, record: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the records
        return {
            field.name: self._value(value)
            for field in dataclasses.fields(record)
            if (value := getattr(record, field.name)) != _default_of(field)
        }

    def _value(self, value: Any) -> Any:  # noqa: ANN401, PLR0911 - any JSON
        if isinstance(value, User) and self._users.get(value.id) is value:
            return value.id
        if dataclasses.is_dataclass(value):
            return self.fields(value)
        if isinstance(value, Permission):
            return str(int(value))
        if isinstance(value, IntEnum):
            return int(value)
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, dict):
            return {str(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item) for item in value]
        return value


def _default_of(field: dataclasses.Field[Any]) -> Any:  # noqa: ANN401 - any default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


class _Reader:
    """Turns JSON into records by their annotations."""

    def __init__(self, users: dict[str, User]) -> None:
        self._users = users
        self._hints: dict[type, dict[str, Any]] = {}

    def record(self, kind: type[Any], fields: dict[str, Any]) -> Any:  # noqa: ANN401
        if kind not in self._hints:
            self._hints[kind] = typing.get_type_hints(kind, localns=_NAMES)
        hints = self._hints[kind]
        return kind(**{name: self._value(hints[name], value) for name, value in fields.items()})

    def _value(self, kind: Any, value: Any) -> Any:  # noqa: ANN401, PLR0911 - one per kind of type
        origin, parts = typing.get_origin(kind), typing.get_args(kind)
        if value is None:
            return None
        if origin in (types.UnionType, typing.Union):
            return self._value(parts[0], value)
        if origin is list:
            return [self._value(parts[0], item) for item in value]
        if origin is dict:
            key = int if parts[0] is int else str
            return {key(name): self._value(parts[1], item) for name, item in value.items()}
        if kind is User and isinstance(value, str):
            return self._users[value]
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            return self.record(kind, value)
        if kind is datetime:
            return datetime.fromisoformat(value)
        if kind is Permission:
            return Permission(int(value))
        if isinstance(kind, type) and issubclass(kind, IntEnum):
            return kind(value)
        return value
